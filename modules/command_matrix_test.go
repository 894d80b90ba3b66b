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
// is asked for.
func matrixOf(t testing.TB, served string) (g *harness.Gateway, args []string) {
	t.Helper()
	g = harness.New(t, map[string]string{"shop.yaml": served})
	address := freeAddress(t)
	hasty := strings.Replace(withAdmin(g, address), "mgw {", "mgw {\n\t\tleeway 1s", 1) // what expires is waited for
	require.NoError(t, g.Load(hasty))
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
			var rows []string
			for line := range strings.Lines(p.out) {
				rows = append(rows, strings.Join(strings.Fields(line), " "))
			}
			for _, want := range tc.want {
				require.Contains(t, rows, want, p.out)
			}
		})
	}
}

func TestTheMatrixSaysWhatItCanNotDo(t *testing.T) {
	g, args := matrixOf(t, shop)
	document, url, address := args[1], args[3], args[6]
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
