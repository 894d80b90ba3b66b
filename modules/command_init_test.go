package modules_test

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// written is a document and what lies beside it.
func written(t testing.TB, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	return dir
}

// listing returns the files below a folder, by slash path.
func listing(t testing.TB, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	}))
	return names
}

const (
	onlyOAuth = `openapi: 3.0.3
info: {title: Oh, version: "1"}
paths:
  /a: {get: {operationId: a}}
  /b: {get: {security: [{k_y: []}]}}
  /apikey/{x}: {get: {security: []}}
components: {securitySchemes: {k_y: {type: apiKey, in: header, name: X_K.y}}}
`
	// roles asks them of keys, has a scheme that nothing verifies, and a name that is to be quoted.
	roles = `openapi: 3.1.0
info: {title: "Roles & *rules*", version: "1"}
components: {securitySchemes: {key: {$ref: part.yaml#/key}, digest: {type: http, scheme: digest}}}
paths:
  /a: {get: {security: [{key: [reader, "it's"]}]}, head: {security: [{key: []}]}}
  /b: {get: {security: [{digest: []}]}, post: {}}
`
	inParts = `{"swagger": "2.0", "info": {"title": "Parts", "version": "1"}, "basePath": "/p",
"securityDefinitions": {"q": {"type": "apiKey", "in": "query", "name": "k&1"}, "l": {"type": "basic"}},
"paths": {"/of/{part}": {"$ref": "more/path.json#/it"}}, "definitions": {"far": {"$ref": "gone.json"}}}`
	partsPath = `{"it": {"put": {"security": [{"q": [], "l": []}], "parameters": [{"name": "part", "in": "path", "enum": ["a/b", "one"]}],
"responses": {"200": {"schema": {"$ref": "../schemas.json#/s"}}}}}}`
)

// TestInitMakesAFolderThatIsValid compares the files with golden ones and loads
// what was made.
func TestInitMakesAFolderThatIsValid(t *testing.T) {
	dir := written(t, map[string]string{
		"shop.yaml": shop, "oauth.yml": onlyOAuth, "roles/the roles.yaml": roles, "roles/part.yaml": "key: {type: apiKey, in: header, name: X-Key}\n", "parts/api.json": inParts, "parts/more/path.json": partsPath, "parts/schemas.json": `{"s": {}}`,
	})
	for name, tc := range map[string]struct {
		document string
		flags    []string
		files    []string
	}{
		"shop":       {"shop.yaml", nil, []string{".gitignore", "Caddyfile", "README.md", "openapi.yaml"}},
		"roles":      {"roles/the roles.yaml", []string{"--default-security", "deny"}, []string{".gitignore", "Caddyfile", "README.md", "the roles.yaml", "part.yaml"}},
		"undeclared": {"oauth.yml", []string{"--site", "https://localhost:9443"}, []string{".gitignore", "Caddyfile", "README.md", "openapi.yaml"}},
		"defaults":   {"oauth.yml", []string{"--default-security", "scheme k_y", "--upstream", "http://127.0.0.1:8080"}, []string{".gitignore", "Caddyfile", "README.md", "openapi.yaml"}},
		"parts": {
			"parts/api.json",
			[]string{"--site", "https://api.example.com", "--upstream", "https://shop.example.com/"},
			[]string{".gitignore", "Caddyfile", "README.md", "api.json", "more/path.json", "schemas.json"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "gateway")
			p := works(t, "", append([]string{"init", to, "--openapi", filepath.Join(dir, tc.document)}, tc.flags...)...)
			password := strings.TrimSpace(p.out)
			require.Regexp(t, `^[a-z2-7]{26}$`, password)
			require.ElementsMatch(t, tc.files, listing(t, to))
			copied, err := os.ReadFile(filepath.Join(to, tc.files[3]))
			require.NoError(t, err)
			original, err := os.ReadFile(filepath.Join(dir, tc.document))
			require.NoError(t, err)
			require.Equal(t, string(original), string(copied))

			config, err := os.ReadFile(filepath.Join(to, "Caddyfile"))
			require.NoError(t, err)
			require.NotContains(t, string(config), password)
			require.Equal(t, string(caddyfile.Format(config)), string(config))
			golden(t, "init_"+name+".caddyfile", withoutHash(string(config)))
			readme, err := os.ReadFile(filepath.Join(to, "README.md"))
			require.NoError(t, err)
			golden(t, "init_"+name+".md", string(readme))
			golden(t, "init_"+name+".err", strings.ReplaceAll(p.err, to, "gateway"))

			t.Chdir(to)
			adapted, err := harness.Adapt("Caddyfile", string(config))
			require.NoError(t, err)
			require.NoError(t, harness.ValidateJSON(adapted))
			again := typed("", "init", to, "--openapi", filepath.Join(dir, tc.document))
			require.ErrorContains(t, again.failed, "is not empty")
		})
	}
}

func withoutHash(s string) string {
	return regexp.MustCompile(`\$argon2id\$v=19\$m=47104,t=1,p=1\$[\w+/]{22}\$[\w+/]{43}`).ReplaceAllString(s, "HASH")
}

func TestInitHashesEachPasswordWithItsOwnSalt(t *testing.T) {
	dir := written(t, map[string]string{"shop.yaml": shop})
	seen := map[string]bool{}
	for range 2 {
		to := filepath.Join(t.TempDir(), "g")
		works(t, "", "init", to, "--openapi", filepath.Join(dir, "shop.yaml"))
		config, err := os.ReadFile(filepath.Join(to, "Caddyfile"))
		require.NoError(t, err)
		salt := regexp.MustCompile(`p=1\$([^$]+)\$`).FindStringSubmatch(string(config))
		require.Len(t, salt, 2)
		require.False(t, seen[salt[1]])
		seen[salt[1]] = true
	}
}

// TestInitWritesNothingWhereItFails leaves no trace, also none beside the folder.
func TestInitWritesNothingWhereItFails(t *testing.T) {
	dir := written(t, map[string]string{
		"shop.yaml":   shop,
		"broken.yaml": strings.Replace(shop, "[{header: []}, {query: []}]", "[{haeder: []}]", 1),
		"twins.yaml":  strings.Replace(shop, "in: query, name: apikey", "in: header, name: X_Api.Key", 1),
		"named.yaml":  strings.Replace(shop, "/cookie: {", "/named: {$ref: \"README.md#/x\"}\n  /cookie: {", 1),
		"README.md":   "x: {}\n",
		"full/file":   "x",
	})
	t.Chdir(dir)
	before := listing(t, dir)
	for name, tc := range map[string]struct {
		args string
		want string
	}{
		"no document":            {"new", "name the OpenAPI document with --openapi"},
		"no such document":       {"new --openapi none.yaml", "none.yaml: the file can't be read: no such file"},
		"what is wrong":          {"new --openapi broken.yaml", "broken.yaml:12: /security/0/haeder: no security scheme \"haeder\" is declared"},
		"two headers that merge": {"new --openapi twins.yaml", "x-api-key and x_api.key, which servers take for one"},
		"a file of our name":     {"new --openapi named.yaml", "is called README.md, as one of the gateway's own is"},
		"a folder with files":    {"full --openapi shop.yaml", "the folder full is not empty"},
		"a file":                 {"shop.yaml --openapi shop.yaml", "the folder shop.yaml: "},
		"a file in the way":      {"shop.yaml/b/c --openapi shop.yaml", "not a directory"},
		"an upstream with path":  {"new --openapi shop.yaml --upstream http://a/b", "--upstream http://a/b: must be a scheme, a host and maybe a port"},
		"an upstream of nothing": {"new --openapi shop.yaml --upstream localhost:80", "--upstream localhost:80: must be a URL"},
		"a site without TLS":     {"new --openapi shop.yaml --site http://localhost:9090", "must begin with https://"},
		"a word":                 {"new --openapi shop.yaml --default-security some", "must be oauth2, deny, public, or scheme and names"},
		"two folders":            {"new old --openapi shop.yaml", "wants a folder, and got 2 arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			fails(t, tc.want, append([]string{"init"}, strings.Fields(tc.args)...)...)
			require.Equal(t, before, listing(t, dir))
		})
	}
}

func TestInitTakesAnEmptyFolderAndNotTheWorkingDirectory(t *testing.T) {
	dir := written(t, map[string]string{"shop.yaml": shop})
	document := filepath.Join(dir, "shop.yaml")
	empty := t.TempDir()
	works(t, "", "init", empty, "--openapi", document)
	require.Len(t, listing(t, empty), 4)
	here := t.TempDir()
	t.Chdir(here)
	fails(t, "this is the working directory", "init", ".", "--openapi", document)
	require.Empty(t, listing(t, here))
}

func TestInitSaysWhereThePasswordIsLost(t *testing.T) {
	dir := written(t, map[string]string{"shop.yaml": shop})
	cmd := program(time.Now)
	cmd.SetArgs([]string{"mgw", "init", filepath.Join(dir, "g"), "--openapi", filepath.Join(dir, "shop.yaml")})
	cmd.SetOut(full{})
	cmd.SetErr(io.Discard)
	err := cmd.Execute()
	require.ErrorContains(t, err, "the password of admin is lost")
	require.NotErrorIs(t, err, os.ErrNotExist)
}
