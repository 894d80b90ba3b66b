package modules_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
	"github.com/caddymgw/gateway/modules/mgw"
)

// configured writes a Caddyfile of the shop, expanded, into a folder of its own.
func configured(t testing.TB, caddyfile string) (g *harness.Gateway, file string) {
	t.Helper()
	g = harness.New(t, map[string]string{"shop.yaml": shop})
	file = filepath.Join(g.Dir, "Caddyfile")
	require.NoError(t, os.WriteFile(file, []byte(g.Expand(caddyfile)), 0o600))
	return g, file
}

// goldenIn is golden for what names files of a folder.
func goldenIn(t testing.TB, dir, name, got string) {
	t.Helper()
	golden(t, name, strings.ReplaceAll(got, dir, "/srv"))
}

func in80Columns(t testing.TB, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, utf8.RuneCountInString(line)-1, 80, line)
		require.NotRegexp(t, ` \n$`, line)
	}
}

func TestRoutesOfADocument(t *testing.T) {
	dir := written(t, map[string]string{"shop.yaml": shop})
	file := filepath.Join(dir, "shop.yaml")
	p := works(t, "", "routes", file)
	goldenIn(t, dir, "routes.out", p.out)
	in80Columns(t, p.out)
	require.Empty(t, p.err)
	raw := works(t, "", "routes", file, "--json")
	goldenIn(t, dir, "routes.json", raw.out)
	var all struct{ APIs []mgw.ShownAPI }
	require.NoError(t, json.Unmarshal([]byte(raw.out), &all))
	require.Nil(t, all.APIs[0].Operations[2].Alternatives[0][0].Verified, "a document does not say")

	for name, tc := range map[string]struct {
		document string
		flags    []string
		want     string
	}{
		"another base path":      {shop, []string{"--base-path", "/v2"}, "/v2/pets/{petId}"},
		"as WSO2 combines":       {shop, []string{"--combine", "any"}, "key header or login\n"},
		"in another header":      {shop, []string{"--auth-header", "X-Auth"}, "header X-Auth "},
		"nothing declared":       {"openapi: 3.1.0\ninfo: {title: T, version: 1}\npaths: {/x: {get: {}}}\n", nil, "GET     /x               token\n"},
		"nobody by default":      {"openapi: 3.1.0\ninfo: {title: T, version: 1}\npaths: {/x: {get: {}}}\n", []string{"--default-security", "deny"}, "GET     /x               nobody\n"},
		"everybody by default":   {"openapi: 3.1.0\ninfo: {title: T, version: 1}\npaths: {/x: {get: {}}}\n", []string{"--default-security", "public"}, "GET     /x               public\n"},
		"two base paths":         {"openapi: 3.1.0\ninfo: {title: T, version: 1}\nservers: [{url: /a}, {url: /b}]\npaths: {/x: {get: {security: []}}}\n", nil, "GET     /a/x             public\n        /b/x\n"},
		"two values at a place":  {"openapi: 3.1.0\ninfo: {title: T, version: 1}\ncomponents: {securitySchemes: {l: {type: http, scheme: basic}, t: {type: http, scheme: bearer}}}\npaths: {/x: {get: {security: [{l: [], t: []}]}}}\n", nil, "nobody (login and token)\n"},
		"a header with a _":      {strings.Replace(shop, "X-API-Key", "shop_key", 1), nil, "expected_underscore_headers"},
		"another HTTP scheme":    {"openapi: 3.1.0\ninfo: {title: T, version: 1}\ncomponents: {securitySchemes: {d: {type: http, scheme: digest}}}\npaths: {/x: {get: {security: [{d: []}]}}}\n", nil, "openapi_auth { scheme d caddy { ... } }"},
		"without any operations": {"openapi: 3.1.0\ninfo: {title: T, version: 1}\npaths: {}\n", nil, "METHOD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.NoError(t, os.WriteFile("doc.yaml", []byte(tc.document), 0o600))
			p := works(t, "", append([]string{"routes", "doc.yaml"}, tc.flags...)...)
			require.Contains(t, p.out, tc.want)
			in80Columns(t, p.out)
		})
	}
}

func TestRoutesOfAConfiguration(t *testing.T) {
	g, file := configured(t, shopCaddyfile)
	p := works(t, "", "routes", file)
	goldenIn(t, g.Dir, "routes_config.out", p.out)
	in80Columns(t, p.out)
	require.Equal(t, "nobody can call 2 of 13 operations\n", p.err)
	raw := works(t, "", "routes", file, "--json")
	goldenIn(t, g.Dir, "routes_config.json", raw.out)
	require.Empty(t, raw.err)

	t.Run("in JSON", func(t *testing.T) {
		config, err := g.Adapt(shopCaddyfile)
		require.NoError(t, err)
		name := filepath.Join(g.Dir, "caddy.json")
		require.NoError(t, os.WriteFile(name, config, 0o600))
		require.Equal(t, p.out, works(t, "", "routes", name).out)
	})
	t.Run("of another name", func(t *testing.T) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		name := filepath.Join(g.Dir, "site.conf")
		require.NoError(t, os.WriteFile(name, content, 0o600))
		require.Equal(t, p.out, works(t, "", "routes", name, "--adapter", "caddyfile").out)
	})
	t.Run("not enforced", func(t *testing.T) {
		_, file := configured(t, reportOnly("report_only header token"))
		p := works(t, "", "routes", file)
		require.Contains(t, strings.Join(strings.Fields(p.out), " "), "key header or key query [not enforced: header]")
		require.Equal(t, "nobody can call 1 of 13 operations\n", p.err)
		_, file = configured(t, reportOnly("report_only"))
		p = works(t, "", "routes", file)
		require.Contains(t, p.out, "\nNothing of it is enforced (report_only).\n")
		require.Empty(t, p.err)
	})
}

// TestOfSeveralSitesTheWeakestIsListed, whichever is provisioned first.
func TestOfSeveralSitesTheWeakestIsListed(t *testing.T) {
	site := func(port, options string) string {
		return "http://127.0.0.1:" + port + " {\n\topenapi_auth shop.yaml {\n\t\t" + options + "\n\t}\n}\n"
	}
	for name, tc := range map[string]struct{ options, want string }{
		"one that enforces nothing": {"report_only", "Nothing of it is enforced (report_only)."},
		"one without a scheme":      {"report_only login", "login [not enforced: login]"},
		"one that asks for nothing": {"default_security public", "GET /shop/v1/unsaid public"},
	} {
		t.Run(name, func(t *testing.T) {
			document := strings.Replace(shop, "security: [{header: []}, {query: []}]\npaths:", "paths:\n  /unsaid: {get: {}}", 1)
			t.Chdir(written(t, map[string]string{
				"shop.yaml":   document,
				"a.caddyfile": site("8081", "") + site("8082", tc.options) + site("8083", ""),
			}))
			for range 12 {
				require.Contains(t, strings.Join(strings.Fields(works(t, "", "routes", "a.caddyfile").out), " "), tc.want)
			}
		})
	}
}

// TestAConfigurationIsReadWithoutEffects: nothing is written, logged or asked.
func TestAConfigurationIsReadWithoutEffects(t *testing.T) {
	checked := strings.Replace(shopCaddyfile, "\treverse_proxy $UPSTREAM\n", "\treverse_proxy $UPSTREAM {\n\t\thealth_uri /health\n\t\thealth_interval 1s\n\t}\n", 1)
	g, file := configured(t, checked)
	before := filesIn(t, g.Dir)
	for range 3 {
		works(t, "", "routes", file)
	}
	works(t, "", "explain", file, "GET", petPath)
	require.Equal(t, before, filesIn(t, g.Dir))
	require.Empty(t, g.Upstream.Take())
}

func filesIn(t testing.TB, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	}))
	return names
}

func TestRoutesRefuses(t *testing.T) {
	g, file := configured(t, shopCaddyfile)
	write := func(name, content string) string {
		name = filepath.Join(g.Dir, name)
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		return name
	}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"nothing":                         {nil, "wants a document or a configuration, and got 0 arguments"},
		"a flag of documents":             {[]string{file, "--combine", "any"}, "--combine is for an OpenAPI document alone"},
		"no file":                         {[]string{filepath.Join(g.Dir, "none.yaml")}, "no such file"},
		"no Caddyfile":                    {[]string{filepath.Join(g.Dir, "none", "Caddyfile")}, "no such file"},
		"a document that is none":         {[]string{write("x.yaml", "a: b\n")}, `neither "openapi" nor "swagger"`},
		"a combination":                   {[]string{write("shop.yaml", shop), "--combine", "all"}, "--combine all: must be openapi or any"},
		"a Caddyfile with a mistake":      {[]string{write("a.caddyfile", "localhost {\n\topenapi_auth\n}\n")}, "openapi_auth wants one argument"},
		"a config that can't be enforced": {[]string{write("b.caddyfile", "http://localhost {\n\topenapi_auth none.yaml\n}\n")}, "none.yaml"},
		"one without a gateway":           {[]string{write("c.caddyfile", "http://localhost {\n\trespond ok\n}\n")}, "uses the gateway"},
		"JSON with an unknown member":     {[]string{write("d.json", `{"apps":{},"app":{}}`)}, "is no configuration"},
		"an adapter that is none":         {[]string{file, "--adapter", "magic"}, "unrecognized config adapter: magic"},
	} {
		t.Run(name, func(t *testing.T) { fails(t, tc.want, append([]string{"routes"}, tc.args...)...) })
	}
}

// TestRoutesOfSomebodysDocumentTrickNoTerminal has names with escapes, and long ones.
func TestRoutesOfSomebodysDocumentTrickNoTerminal(t *testing.T) {
	document, err := json.Marshal(map[string]any{
		"openapi": "3.1.0", "info": map[string]string{"title": "\x1b[2J", "version": "\u202e1"},
		"components": map[string]any{"securitySchemes": map[string]any{
			"\x1b[1A": map[string]string{"type": "apiKey", "in": "query", "name": "\x1b[3J"},
			"漢字":      map[string]string{"type": "http", "scheme": "basic"},
		}},
		"paths": map[string]any{
			"/" + strings.Repeat("segment/", 12) + "{id}": map[string]any{"get": map[string]any{"operationId": "\x1b[4J" + strings.Repeat("long", 20), "security": []any{map[string]any{"\x1b[1A": []any{}, "漢字": []any{}}, map[string]any{}}}},
			"/漢字漢字漢字漢字漢字漢字漢字漢字漢字":                         map[string]any{"get": map[string]any{"security": []any{map[string]any{"漢字": []string{"chief", strings.Repeat("x", 90)}}}}},
		},
	})
	require.NoError(t, err)
	dir := written(t, map[string]string{"d.json": string(document)})
	file := filepath.Join(dir, "d.json")
	p := works(t, "", "routes", file)
	goldenIn(t, dir, "routes_hostile.out", p.out)
	raw := works(t, "", "routes", file, "--json")
	for _, r := range p.out + raw.out {
		require.False(t, r < ' ' && r != '\n' || r == '\u202e', "%q", r)
	}
}

// TestErrorsOfSomebodysFilesTrickNoTerminal: what is wrong is said in their words.
func TestErrorsOfSomebodysFilesTrickNoTerminal(t *testing.T) {
	const document = "openapi: 3.1.0\ninfo: {title: T, version: \"1\"}\npaths: {/a: {get: {security: [{\"n\\e[5J\\u009b2J\\u202e\": []}]}}}\n"
	dir := written(t, map[string]string{
		"d.yaml":        document,
		"a.caddyfile":   "http://localhost {\n\topenapi_auth d.yaml\n}\n",
		"b.caddyfile":   "http://localhost {\n\trespond_\x1b[2J\u009b2J\n}\n",
		"c.json":        `{"apps":{},"\u001b[2J\u202e":1}`,
		"d\x1b[2J.yaml": "openapi: 3.1.0\ninfo: {title: T, version: \"1\"}\npaths: {/a: {$ref: \"\\e[5J.yaml\"}}\n",
	})
	t.Chdir(dir)
	for name, args := range map[string][]string{
		"routes":             {"routes", "d.yaml"},
		"explain":            {"explain", "d.yaml", "GET", "/a"},
		"init":               {"init", "new", "--openapi", "d.yaml"},
		"a configuration":    {"routes", "a.caddyfile"},
		"a bad one":          {"routes", "b.caddyfile"},
		"a bad one in JSON":  {"explain", "c.json", "GET", "/a"},
		"by another adapter": {"routes", "d.yaml", "--adapter", "openapi"},
		"a reference":        {"routes", "d\x1b[2J.yaml"},
		"a file":             {"routes", "none\x1b[2J.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			p := typed("", args...)
			require.Error(t, p.failed)
			require.Empty(t, p.out)
			for _, r := range p.err {
				require.False(t, r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == '\u202e', "%q", p.err)
			}
		})
	}
}
