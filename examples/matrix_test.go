package examples_test

import (
	"cmp"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// matrixOf is how the matrix of an example is asked for, and some rows of it.
type matrixOf struct {
	program   string // that serves; "" for caddymgw
	needs     []string
	issuer    bool     // the authorization server of the example oauth2 must run
	documents []string // nil for openapi.yaml
	prepare   string   // run in the folder of the example
	args      []string
	stdin     string
	want      []string // by their words
}

// matrices are those of all examples but cluster, whose gateways share a Redis.
func matrices() map[string]matrixOf {
	return map[string]matrixOf{
		"petstore": {want: []string{"DELETE /pet/{petId} forged petstore_key 401 401 yes", "GET /store/inventory right petstore_key pass 200 yes"}},
		"basic":    {args: []string{"--user", "ida", "--unsafe"}, stdin: "ida", want: []string{"POST /books right login pass 200 yes"}},
		"cors":     {want: []string{"GET /drinks right key pass 200 yes", "GET /drinks expired key 401 401 yes"}},
		"one-line": {want: []string{"GET /now/{place} right weather_key pass 200 yes", "GET /places none pass 200 yes"}},
		// What openapi_validate says of a body that is missing is no refusal.
		"validation": {args: []string{"--unsafe"}, want: []string{"POST /drinks right key pass 400 yes", "GET /drinks/{name} right key pass 204 yes"}},
		// A key for the tea house opens no books.
		"many-apis": {
			documents: []string{"apis/books.yaml", "apis/books-returns.yaml", "apis/tea.yaml"}, args: []string{"--unsafe"},
			want: []string{
				"GET /shelf/{id} foreign key 401 401 yes", "GET /shelf/{id} right key pass 200 yes",
				"PUT /{id} foreign key 401 401 yes", "PUT /{id} right key pass 200 yes",
				"GET /stock foreign key 401 401 yes", "GET /stock right key pass 200 yes",
			},
		},
		"mutual-tls": {
			args:  []string{"--user", "admin", "--cert", "run/partner-1.pem", "--key", "run/partner-1.key"},
			stdin: "admin", want: []string{"GET /orders right partner pass 200 yes"},
		},
		"wso2-migration": {
			args:  []string{"--combine", "any", "--auth-header", "X-Tea-Auth", "--user", "clerk"},
			stdin: "clerk", want: []string{"GET /orders right till pass 200 yes", "GET /menu none pass 200 yes"},
		},
		"all-schemes": {
			needs: []string{"openssl"},
			prepare: "./token.sh ida 'telescope:read telescope:move pictures:write' >run/good && ./token.sh ida 'telescope:read' >run/less && ./token.sh ida 'telescope:read' -60 >run/old &&" +
				" sed s/observatory/planetarium/ token.sh | bash -s ida 'telescope:read telescope:move pictures:write' >run/foreign",
			args: []string{
				"--user", "ida", "--unsafe", "--token-file", "token=run/good", "--token-file", "token:insufficient=run/less", "--token-file", "token:expired=run/old",
				"--token-file", "token:foreign=run/foreign", "--token-file", "bearer=run/good",
			},
			stdin: "ida",
			want:  []string{"POST /pictures right key+token pass 200 yes", "POST /pictures foreign token 401 401 yes", "POST /pictures expired token 401 401 yes"},
		},
		"oauth2": {
			needs: []string{"curl"}, issuer: true,
			prepare: `ask() { curl -s http://localhost:9400/oauth/token -u $1:$1 -d grant_type=client_credentials -d scope="$2" | sed 's/.*"access_token":"\([^"]*\)".*/\1/'; }
				mkdir -p run; ask catalogue "read:books write:books" >run/good; ask catalogue read:books >run/less
				ask kiosk read:books >run/revoked; curl -s http://localhost:9400/revoke -u kiosk:kiosk -d token="$(cat run/revoked)"`,
			args: []string{"--unsafe", "--token-file", "programs=run/good", "--token-file", "programs:insufficient=run/less", "--token-file", "programs:revoked=run/revoked"},
			want: []string{"POST /books right programs pass 200 yes", "POST /books insufficient programs 403 403 yes", "GET /books revoked programs 401 401 yes", "GET /books forged programs 401 401 yes"},
		},
		// The ID token is the issuer's too, and for somebody else.
		"oidc": {
			needs: []string{"curl"}, issuer: true,
			prepare: `mkdir -p run; ISSUER=http://localhost:9400 BACK=http://localhost:9401/back
				follow() { curl -s -o /dev/null -w '%{redirect_url}' "$@"; }
				token() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
				LOGIN=$(follow -G $ISSUER/authorize -d response_type=code -d client_id=website -d redirect_uri=$BACK --data-urlencode 'scope=openid write:loans' -d nonce=n-0S6_WzA2Mj)
				CODE=$(follow "$(follow "$LOGIN" -d user=carol -d password=carol)" | grep -o 'code=[^&]*')
				TOKENS=$(curl -s $ISSUER/oauth/token -u website:website -d grant_type=authorization_code -d redirect_uri=$BACK -d "$CODE")
				token access_token <<<"$TOKENS" >run/good; token id_token <<<"$TOKENS" >run/foreign
				curl -s $ISSUER/oauth/token -u catalogue:catalogue -d grant_type=client_credentials | token access_token >run/less`,
			args: []string{"--unsafe", "--token-file", "readers=run/good", "--token-file", "readers:foreign=run/foreign", "--token-file", "readers:insufficient=run/less"},
			want: []string{"POST /mine right readers pass 200 yes", "GET /mine foreign readers 401 401 yes", "GET /mine insufficient readers 403 403 yes"},
		},
		// A link opens one document, so that no one link is right for all operations.
		"custom-verifier": {
			program: "custom-caddymgw", needs: []string{"openssl"},
			prepare: `ticket() { ./link.sh "$@" | sed 's/.*ticket=//'; }
				ticket web /plans/x -1 >run/old && ticket web /plans/lake 60 >run/foreign && ticket web /plans/x/print 60 >run/less`,
			args:  []string{"--user", "ida", "--token-file", "link:expired=run/old", "--token-file", "link:foreign=run/foreign", "--token-file", "link:insufficient=run/less"},
			stdin: "ida",
			want: []string{
				"GET /{name} expired link 401 401 yes", "GET /{name} foreign link 401 401 yes", "GET /{name} right login pass 200 yes",
				"GET /{name}/print insufficient link 403 403 yes", "GET /{name}/print forged link 401 401 yes",
			},
		},
	}
}

// TestTheMatrixOfTheExamples holds each example to its own documents, from outside.
func TestTheMatrixOfTheExamples(t *testing.T) {
	all := matrices()
	folders, err := filepath.Glob(filepath.Join(workspace, "examples", "*", "README.md"))
	require.NoError(t, err)
	for _, readme := range folders {
		if name := filepath.Base(filepath.Dir(readme)); name != "cluster" { // below
			require.Contains(t, all, name, "an example without a matrix")
		}
	}
	for name, m := range all {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("examples", name)
			m.serve(t, dir, m.run(dir, "run", "--config", "Caddyfile"))
			documents := m.documents
			if documents == nil {
				documents = []string{"openapi.yaml"}
			}
			var printed strings.Builder
			for _, document := range documents {
				out, err := m.ask(dir, document)
				require.NoError(t, err, out)
				printed.WriteString(out)
			}
			for _, want := range m.want {
				require.Contains(t, rows(printed.String()), want, printed.String())
			}
		})
	}
}

// serve starts a gateway, and what it and the matrix need.
func (m matrixOf) serve(t *testing.T, dir string, gateway *exec.Cmd) {
	t.Helper()
	need(t, append([]string{"bash"}, m.needs...)...)
	setUp(t, dir)
	if m.program != "" {
		out, err := customProgram()
		require.NoError(t, err, out)
	}
	if m.issuer {
		issuer := filepath.Join(workspace, "bin", "authserver")
		developer(t, "examples/oauth2", "go build -o "+issuer+" ./authserver")
		running := start(t, command(dir, issuer))
		require.Eventually(t, func() bool { return strings.Contains(running.log.String(), "http://localhost:9400") }, time.Minute, 50*time.Millisecond)
	}
	serve(t, gateway)
	if m.prepare != "" {
		out, err := command(dir, "bash", "-c", m.prepare).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// run is the program that the example is for.
func (m matrixOf) run(dir string, args ...string) *exec.Cmd {
	return command(dir, filepath.Join(workspace, "bin", cmp.Or(m.program, "caddymgw")), args...)
}

func (m matrixOf) ask(dir, document string) (string, error) {
	c := m.run(dir, append([]string{"mgw", "test", document, "--gateway", "https://localhost:9095", "--insecure"}, m.args...)...)
	c.Stdin = strings.NewReader(m.stdin)
	out, err := c.CombinedOutput()
	return string(out), err
}

// rows are the lines of a table, by their words.
func rows(table string) (rows []string) {
	for line := range strings.Lines(table) {
		rows = append(rows, strings.Join(strings.Fields(line), " "))
	}
	return rows
}

// TestTheMatrixFindsABrokenExample serves the pet shop with its inventory public.
func TestTheMatrixFindsABrokenExample(t *testing.T) {
	petstore := filepath.Join(workspace, "examples", "petstore")
	document := read(t, filepath.Join(petstore, "openapi.yaml"))
	broken := regexp.MustCompile(`(operationId: getInventory\n.*\n\s+security:)\n\s+- petstore_key: \[\]`).ReplaceAllString(document, "$1 []")
	require.NotEqual(t, document, broken)
	dir := folder(t, map[string]string{"openapi.yaml": broken, "meant.yaml": document, "Caddyfile": read(t, filepath.Join(petstore, "Caddyfile"))})
	serve(t, command(dir, filepath.Join(workspace, "bin", "caddymgw"), "run", "--config", "Caddyfile"))
	out, err := matrixOf{}.ask(dir, "meant.yaml")
	require.Error(t, err, out)
	require.Contains(t, rows(out), "GET /store/inventory none 401 200 NO", out)
	require.Contains(t, out, "requests were not answered as meant.yaml says")
}

// TestTheMatrixFindsABrokenCaddyfile serves examples whose Caddyfile does not do
// what it should.
func TestTheMatrixFindsABrokenCaddyfile(t *testing.T) {
	for name, tc := range map[string]struct {
		example, old, new string
		want              []string
	}{
		"refusals are only reported": {
			"basic", "openapi_auth openapi.yaml {", "openapi_auth openapi.yaml {\nreport_only",
			[]string{"POST /books none 401 200 NO", "POST /books forged login 401 200 NO"},
		},
		"a path without authentication": {
			"cors", "openapi_auth openapi.yaml", "@others not path /drinks\nhandle @others {\nopenapi_auth openapi.yaml\n}",
			[]string{"GET /drinks none 401 200 NO", "GET /drinks revoked key 401 200 NO", "GET /drinks insufficient key 403 200 NO"},
		},
		"tokens for somebody else are taken": {
			"all-schemes", "audience https://observatory.example.com", "audience https://observatory.example.com https://planetarium.example.com",
			[]string{"POST /pictures foreign token 401 200 NO", "POST /pictures forged token 401 401 yes"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, dir := matrices()[tc.example], filepath.Join("examples", tc.example)
			caddyfile := read(t, filepath.Join(workspace, dir, "Caddyfile"))
			require.Equal(t, 1, strings.Count(caddyfile, tc.old))
			gateway := m.run(dir, "run", "--config", "-", "--adapter", "caddyfile")
			gateway.Stdin = strings.NewReader(strings.Replace(caddyfile, tc.old, tc.new, 1))
			m.serve(t, dir, gateway)
			out, err := m.ask(dir, "openapi.yaml")
			require.Error(t, err, out)
			require.Contains(t, out, "requests were not answered as openapi.yaml says")
			for _, want := range tc.want {
				require.Contains(t, rows(out), want, out)
			}
		})
	}
}

// TestTheMatrixOfACluster asks one of several gateways, at ports of its own.
func TestTheMatrixOfACluster(t *testing.T) {
	n := newNode(t, newFleet(t), "bolt")
	rel, err := filepath.Rel(workspace, n.dir)
	require.NoError(t, err)
	c := program(rel, n.admin, "mgw", "test", "openapi.yaml", "--gateway", "https://localhost:"+n.https, "--insecure", "--address", "127.0.0.1:"+n.admin)
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Regexp(t, `(?m)^GET /hello +revoked +key +401 +401 +yes$`, string(out))
}
