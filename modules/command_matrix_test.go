package modules_test

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// matrixOf starts a gateway with a document of its own and returns how its matrix
// is asked for. Edits are texts of the Caddyfile and what stands in their place.
func matrixOf(t testing.TB, served string, edits ...string) (g *harness.Gateway, args []string) {
	t.Helper()
	g = harness.New(t, map[string]string{"shop.yaml": served})
	address := freeAddress(t)
	hasty := strings.Replace(withAdmin(g, address), "mgw {", "mgw {\n\t\tleeway 1s", 1) // what expires is waited for
	require.NoError(t, g.Load(g.Expand(strings.NewReplacer(edits...).Replace(hasty))))
	document := filepath.Join(t.TempDir(), "document.yaml")
	require.NoError(t, os.WriteFile(document, []byte(shop), 0o600))
	return g, []string{"test", document, "--gateway", "https://localhost:" + g.HTTPS, "--insecure", "--address", address}
}

// asTyped replaces the folder and the port.
func asTyped(g *harness.Gateway, args []string, text string) string {
	return strings.NewReplacer(args[1], "document.yaml", "localhost:"+g.HTTPS, "localhost:9095").Replace(text)
}

func TestTheMatrixOfAGatewayThatFollowsTheDocument(t *testing.T) {
	g, args := matrixOf(t, shop)
	report := filepath.Join(t.TempDir(), "report.xml")
	p := works(t, "builder\n", append(args, "--user", "bob", "--junit", report)...)
	golden(t, "matrix.out", p.out)
	golden(t, "matrix.err", asTyped(g, args, p.err))
	xmlText, err := os.ReadFile(report)
	require.NoError(t, err)
	golden(t, "matrix.xml", string(xmlText))
	require.NoError(t, xml.Unmarshal(xmlText, new(struct{})))
	for _, raw := range g.Upstream.Take() {
		require.Regexp(t, `^(GET|HEAD) `, raw, "without --unsafe nothing else goes through")
	}
	for _, text := range []string{p.out, p.err, string(xmlText)} {
		require.NotContains(t, text, "eyJ")
		require.NotContains(t, text, "builder")
	}
	require.Equal(t, "no keys\n", firstLine(works(t, "", "key", "list", "--address", args[len(args)-1]).err), "all were revoked")

	unsafe := works(t, "builder\n", append(args, "--user", "bob", "--unsafe", "--json")...)
	var answer struct {
		Requests              []struct{ Method, Credential, Expected, Skipped string }
		Sent, Failed, Skipped int
	}
	require.NoError(t, json.Unmarshal([]byte(unsafe.out), &answer))
	require.Zero(t, answer.Failed)
	require.Equal(t, len(answer.Requests), answer.Sent+answer.Skipped)
	put := false
	for _, raw := range g.Upstream.Take() {
		put = put || strings.HasPrefix(raw, "PUT ")
	}
	require.True(t, put)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line + "\n"
}

// TestTheMatrixFindsGatewaysThatDoNotFollowTheDocument breaks the gateway's own
// copy of the document in each way.
func TestTheMatrixFindsGatewaysThatDoNotFollowTheDocument(t *testing.T) {
	for name, tc := range map[string]struct {
		old, new string
		want     []string // lines of the table, by their words
	}{
		"made public":          {"getPet}", "getPet, security: []}", []string{"GET /pets/{petId} none 401 200 NO", "GET /pets/{petId} forged header 401 200 NO", "GET /pets/{petId} revoked query 401 200 NO", "GET /pets/{petId} expired header 401 200 NO"}},
		"an OR for an AND":     {"[{header: [], login: []}]", "[{header: []}, {login: []}]", []string{"GET /both incomplete header 401 200 NO", "GET /both incomplete login 401 200 NO"}},
		"optional":             {"security: [{cookie: []}]", "security: [{}, {cookie: []}]", []string{"GET /cookie none 401 200 NO", "GET /cookie insufficient cookie 403 200 NO"}},
		"another scheme":       {"stats, security: [{login: []}]", "stats, security: [{header: []}]", []string{"GET /admin/stats right login pass 401 NO"}},
		"an operation missing": {"  /cookie: {get", "  /x-cookie: {get", []string{"GET /cookie none 401 404 NO", "GET /cookie right cookie pass 404 NO"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 1, strings.Count(shop, tc.old))
			_, args := matrixOf(t, strings.Replace(shop, tc.old, tc.new, 1))
			p := typed("builder", append(args, "--user", "bob")...)
			require.ErrorContains(t, p.failed, "requests were not answered as ")
			for _, want := range tc.want {
				require.Contains(t, rows(p.out), want, p.out)
			}
		})
	}
}

// rows are the lines of a table, by their words.
func rows(table string) (rows []string) {
	for line := range strings.Lines(table) {
		rows = append(rows, strings.Join(strings.Fields(line), " "))
	}
	return rows
}

// TestTheMatrixTellsTheServiceFromTheGateway has answers of services, and of what
// stands before them, that look like the gateway's, and the other way round.
func TestTheMatrixTellsTheServiceFromTheGateway(t *testing.T) {
	const proxy = "reverse_proxy 127.0.0.1:"
	asking := strings.Replace(shop, "ping, security: []", "ping, security: [], parameters: [{name: q, in: query, required: true, schema: {type: string}}]", 1)
	require.NotEqual(t, shop, asking)
	for name, tc := range map[string]struct {
		edits []string
		want  []string // none: nothing fails
		why   string
	}{
		"a request is judged by its schema":      {[]string{proxy, "openapi_validate shop.yaml\n\t" + proxy}, nil, ""},
		"a fault of the service's own":           {[]string{proxy, "respond `{\"code\":404,\"message\":\"no such pet\"}` 404\n\t" + proxy}, nil, ""},
		"a service that refuses who has a right": {[]string{proxy, "respond 403\n\t" + proxy}, []string{"GET /pets right header pass 403 NO"}, "refused, by the service if not by the gateway"},
		"a service that refuses in the place of the gateway": {
			[]string{"openapi_auth shop.yaml", "@stats path /shop/v1/admin/stats\n\trespond @stats 401\n\topenapi_auth shop.yaml", "\tlog\n", "\tlog\n\troute {\n", proxy, "}\n\t" + proxy},
			[]string{"GET /admin/stats none 401 401 NO", "GET /admin/stats forged login 401 401 NO"},
			"not the gateway that refused it",
		},
		"a gateway that leaves its faults to others": {
			[]string{"openapi_auth shop.yaml {", "handle_errors {\n\t\trespond {err.status_code}\n\t}\n\topenapi_auth shop.yaml {\n\t\tfaults caddy"}, nil, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, args := matrixOf(t, asking, tc.edits...)
			p := typed("builder", append(args, "--user", "bob")...)
			if tc.want == nil {
				require.NoError(t, p.failed, p.out)
				return
			}
			require.ErrorContains(t, p.failed, "requests were not answered as ")
			for _, want := range tc.want {
				require.Contains(t, rows(p.out), want, p.out)
			}
			require.Contains(t, strings.Join(strings.Fields(p.out), " "), tc.why)
		})
	}
}

// TestTheMatrixHasAnExitStatus tells a gateway that is wrong from none.
func TestTheMatrixHasAnExitStatus(t *testing.T) {
	_, args := matrixOf(t, strings.Replace(shop, "getPet}", "getPet, security: []}", 1))
	status := func(args ...string) int { return exitStatus(t, append([]string{"mgw"}, args...)...) }
	require.Equal(t, 1, status(args...), "answers that are wrong")
	require.Equal(t, 2, status("test", args[1], "--gateway", "https://localhost:1"), "no gateway")
	require.Equal(t, 2, status("test", args[1]), "not told which one")
	require.Equal(t, 2, status("test", "missing.yaml", "--gateway", args[3]))
	require.Equal(t, 2, status("test", args[1], "--gatewya", args[3]))
	require.Equal(t, 2, status("test"))
}

func TestTheMatrixSaysWhatItCanNotDo(t *testing.T) {
	g, args := matrixOf(t, shop)
	document, url, address := args[1], args[3], args[6]
	trick := filepath.Join(t.TempDir(), "trick\x1b[2J.yaml")
	require.NoError(t, os.WriteFile(trick, []byte("openapi: 3.1.0\nsecurity: [{\"\\e]0;owned\\a\": all}]\n"), 0o600))
	secret := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(secret, []byte("two words"), 0o600))
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no gateway":         {[]string{document}, "say where the gateway is with --gateway"},
		"a gateway's path":   {[]string{document, "--gateway", url + "/x"}, "must be a scheme, a host and maybe a port"},
		"no trust":           {[]string{document, "--gateway", url, "--address", address}, "--cacert, or say --insecure"},
		"nobody there":       {[]string{document, "--gateway", "https://localhost:1", "--address", address}, "talking to https://localhost:1: dial tcp"},
		"no admin API":       {[]string{document, "--gateway", url, "--insecure", "--address", "127.0.0.1:1"}, "no gateway answers at the admin address 127.0.0.1:1"},
		"a broken document":  {[]string{filepath.Join(g.Dir, "Caddyfile"), "--gateway", url}, "Caddyfile:"},
		"one of tricks":      {[]string{trick, "--gateway", url}, `trick\x1b[2J.yaml:`},
		"a token of nothing": {[]string{document, "--gateway", url, "--token-file", "tokne=x"}, "has no scheme tokne"},
		"a token of words":   {[]string{document, "--gateway", url, "--token-file", "token=" + secret}, "is no token"},
		"a token without":    {[]string{document, "--gateway", url, "--token-file", "token"}, "must be NAME=FILE"},
		"stdin twice":        {[]string{document, "--gateway", url, "--user", "bob", "--token-file", "token=-"}, "--user and --token-file want it"},
		"no password":        {[]string{document, "--gateway", url, "--user", "bob"}, "nothing came by stdin"},
		"half a certificate": {[]string{document, "--gateway", url, "--cert", secret}, "--cert and --key go together"},
		"combine":            {[]string{document, "--gateway", url, "--combine", "all"}, "must be openapi or any"},
	} {
		t.Run(name, func(t *testing.T) { fails(t, tc.want, append([]string{"test"}, tc.args...)...) })
	}
	require.Equal(t, "no keys\n", firstLine(works(t, "", "key", "list", "--address", address).err), "also where it failed")
}
