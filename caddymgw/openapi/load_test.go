package openapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// head are the first two lines of an inline document, rest the others.
const (
	head = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\n"
	rest = "paths: {/a: {get: {}}}\n"
)

// put lays an inline document into a new folder: api.json if it begins with a
// brace, else api.yaml. A line "-- NAME --" begins a further file.
func put(t testing.TB, content string) (file string) {
	t.Helper()
	dir := t.TempDir()
	parts := strings.Split("\n"+content, "\n-- ")
	for i, part := range parts {
		name, body, _ := strings.Cut(part, " --\n")
		if i == 0 {
			name, body = "api.yaml", part[1:]
			if strings.HasPrefix(body, "{") {
				name = "api.json"
			}
			file = filepath.Join(dir, name)
		}
		name = filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(body), 0o644))
	}
	return file
}

func load(t testing.TB, content string, options Options) *Document {
	t.Helper()
	doc, err := Load(put(t, content), options)
	require.NoError(t, err)
	return doc
}

// refusal returns the text of an error, without the folder of the document.
func refusal(t testing.TB, file string, options Options) string {
	t.Helper()
	_, err := Load(file, options)
	require.Error(t, err)
	var e *Error
	require.ErrorAs(t, err, &e, err.Error())
	return strings.ReplaceAll(err.Error(), filepath.Dir(file)+"/", "")
}

// refusals are inline documents and the whole error that each is met with.
type refusals map[string]struct{ content, want string }

func (r refusals) run(t *testing.T, options Options) {
	t.Helper()
	for name, tc := range r {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, refusal(t, put(t, tc.content), options))
		})
	}
}

// answer returns the label of the operation that a request such as "GET /a"
// finds, else the status and the methods allowed.
func answer(t testing.TB, doc *Document, request string) string {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	u, err := url.Parse(path)
	require.NoError(t, err)
	op, denial := doc.Route(&http.Request{Method: method, URL: u})
	if denial != nil {
		return strings.TrimSpace(fmt.Sprint(denial.Status, " ", strings.Join(denial.Allow, " ")))
	}
	return op.Label()
}

// operations lists the operations of a document with their security.
func operations(doc *Document) []string {
	var lines []string
	for _, op := range doc.API.Operations {
		lines = append(lines, op.Label()+": "+describe(op))
	}
	return lines
}

func toJSON(t testing.TB, document string) string {
	t.Helper()
	var tree any
	require.NoError(t, yaml.Unmarshal([]byte(document), &tree))
	b, err := json.MarshalIndent(stringKeys(tree), "", " ")
	require.NoError(t, err)
	return string(b)
}

// versions is one API in each version of OpenAPI.
var versions = map[string]string{
	"2.0": `swagger: "2.0"
basePath: /v1
securityDefinitions: {key: {type: apiKey, in: header, name: X-Key}, user: {type: basic}}
` + body,
	"3.0": "openapi: 3.0.4\n" + components + body,
	"3.1": "openapi: 3.1.1\n" + components + body,
	"3.2": "openapi: 3.2.0\n" + components + body,
}

const components = `servers: [{url: /v1}]
components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}, user: {type: http, scheme: Basic}}}
`

const body = `info: {title: T, version: 1.0.0}
security: [{key: []}]
paths:
  /a/{id}:
    parameters: []
    get: {responses: {200: {description: OK}}}
    post: {operationId: create, security: [{user: [], key: []}, {user: []}]}
  /b: {head: {security: []}, trace: {}}
  x-note: nothing
`

func TestEveryVersionLoadsAlikeInYAMLAndJSON(t *testing.T) {
	t.Parallel()
	for version, document := range versions {
		for format, content := range map[string]string{"YAML": document, "JSON": toJSON(t, document), "BOM": "\ufeff" + document} {
			t.Run(version+" "+format, func(t *testing.T) {
				t.Parallel()
				doc := load(t, content, Options{})
				require.Equal(t, version, doc.API.OpenAPI)
				require.Equal(t, "T", doc.API.Name)
				require.Equal(t, "1.0.0", doc.API.Version)
				require.Equal(t, []string{"/v1"}, doc.API.BasePaths)
				want := []string{"GET /a/{id}: (key[])", "create: (key[] and user[]) or (user[])", "HEAD /b: public"}
				if version != "2.0" {
					want = append(want, "TRACE /b: (key[])")
				}
				require.ElementsMatch(t, want, operations(doc))
				require.Contains(t, doc.Warnings, "public operations, without any authentication: HEAD /b")
				require.Len(t, doc.Files, 1)
			})
		}
	}
}

func TestMethodsOfOpenAPI32(t *testing.T) {
	t.Parallel()
	const paths = `paths: {/a: {get: {}, query: {}, additionalOperations: {PURGE: {}, copy: {}}}}` + "\n"
	doc := load(t, "openapi: 3.2.0\ninfo: {title: T, version: '1'}\n"+paths, Options{})
	for request, want := range map[string]string{
		"QUERY /a": "QUERY /a", "PURGE /a": "PURGE /a", "copy /a": "copy /a", "COPY /a": "405 GET PURGE QUERY copy", "query /a": "405 GET PURGE QUERY copy",
	} {
		require.Equal(t, want, answer(t, doc, request), request)
	}
	doc = load(t, head+paths, Options{})
	require.Equal(t, "405 GET", answer(t, doc, "QUERY /a"))
	require.Equal(t, "405 GET", answer(t, doc, "PURGE /a"))
}

func TestWebhooksAndCallbacksAreNoRoutes(t *testing.T) {
	t.Parallel()
	doc := load(t, `openapi: 3.1.0
info: {title: T, version: '1'}
webhooks: {/hook: {post: {security: []}}}
paths: {/a: {get: {callbacks: {done: {/called: {post: {}}}}}}}
components: {pathItems: {/item: {get: {}}}}
`, Options{})
	require.Equal(t, []string{"GET /a: (default_security oauth2[])"}, operations(doc))
	for _, path := range []string{"/hook", "/called", "/item"} {
		require.Equal(t, "404", answer(t, doc, "POST "+path))
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := Files(filepath.Join(t.TempDir(), "none", "api.yaml"), Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	file := filepath.Join(t.TempDir(), "api.yaml")
	require.Equal(t, "api.yaml: the file can't be read: no such file or directory", refusal(t, file, Options{}))
}

func TestWarningsNameWhatIsWeak(t *testing.T) {
	t.Parallel()
	doc := load(t, "openapi: 3.0.3\ninfo: {title: '', version: ''}\npaths: {/a: {get: {security: [], operationId: open}, put: {security: []}}}\n", Options{})
	require.Equal(t, []string{
		"/info/title is empty: API keys name the API by it", "/info/version is empty: API keys name the API by it",
		"public operations, without any authentication: open, PUT /a",
	}, doc.Warnings)
}

func TestDocumentsThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	const info = "info: {title: T, version: '1'}\n"
	refusals{
		"no version":            {info + rest, `api.yaml:1: not an OpenAPI document: it has neither "openapi" nor "swagger"`},
		"two versions":          {"swagger: '2.0'\nopenapi: 3.0.0\n" + info + rest, `api.yaml:1: /swagger: it has "openapi" too: which one is it? Remove the other`},
		"Swagger 1.2":           {"swagger: '1.2'\n" + info + rest, `api.yaml:1: /swagger: version "1.2" is not read: OpenAPI 2.0, 3.0, 3.1 and 3.2 are`},
		"OpenAPI 4":             {"\nopenapi: 4.0.0\n" + info + rest, `api.yaml:2: /openapi: version "4.0.0" is not read: OpenAPI 2.0, 3.0, 3.1 and 3.2 are`},
		"3.10 is not 3.1":       {"openapi: 3.10.0\n" + info + rest, `api.yaml:1: /openapi: version "3.10.0" is not read: OpenAPI 2.0, 3.0, 3.1 and 3.2 are`},
		"version is no string":  {"openapi: [3]\n" + info + rest, `api.yaml:1: /openapi: must be a string, is a list`},
		"a list":                {"- openapi: 3.0.3\n", `api.yaml:1: not an OpenAPI document: must be an object, is a list`},
		"empty":                 {"", `api.yaml:1: the file is empty`},
		"only a comment":        {"# openapi: 3.0.3\n", `api.yaml:1: the file is empty`},
		"no info":               {"openapi: 3.0.3\n" + rest, `api.yaml:1: the member info is missing: it names the API and its version`},
		"no title":              {"openapi: 3.0.3\ninfo: {version: '1'}\n" + rest, `api.yaml:2: /info: the member title is missing: API keys name the API by it`},
		"no version of the API": {"openapi: 3.0.3\ninfo:\n  title: T\n" + rest, `api.yaml:2: /info: the member version is missing: API keys name the API by it`},
		"paths is a list":       {head + "paths: []\n", `api.yaml:3: /paths: must be an object, is a list`},
		"a path item is a list": {head + "paths:\n  /a: []\n", `api.yaml:4: /paths/~1a: must be an object, is a list`},
		"an operation is text":  {head + "paths:\n  /a:\n    get: x\n", `api.yaml:5: /paths/~1a/get: must be an object, is a string`},
		"operationId is a list": {head + "paths:\n  /a:\n    get:\n      operationId: []\n", `api.yaml:6: /paths/~1a/get/operationId: must be a string, is a list`},
		"YAML syntax":           {head + "paths:\n\t/a: {}\n", `api.yaml:4: not valid YAML: found character that cannot start any token`},
		"JSON syntax":           {"{\n\"openapi\": \"3.0.3\",\n\"info\": {\"title\": }}", `api.json:3: /info/title: not valid JSON: missing value after object name`},
		"text behind JSON":      {"{\"openapi\": \"3.0.3\"}\n{}", `api.json:2: text follows the document`},
		"second YAML document":  {head + rest + "---\n" + head, `api.yaml:4: a second YAML document follows: keep one in a file`},
		"invalid UTF-8":         {head + "x: \xff\n", `api.yaml:3: the file is not valid UTF-8`},
		"JSON surrogate":        {"{\n\"openapi\": \"\\ud800\"}", "api.json:2: /openapi: not valid JSON: invalid surrogate pair `\\ud800\"}` in string"},
		"a key that is no text": {head + "? [a]\n: b\n", `api.yaml:3: a key must be a string`},
		"unknown anchor":        {head + "paths: *p\n", `api.yaml: not valid YAML: unknown anchor 'p' referenced`},
	}.run(t, Options{})
}

func TestRepeatedMembersAreRefusedWhereTheyAreRead(t *testing.T) {
	t.Parallel()
	const twice = `stands twice in one object: keep one`
	refusals{
		"security in YAML":     {head + "paths:\n  /a:\n    get:\n      security: [{k: []}]\n      security: []\n", `api.yaml:7: /paths/~1a/get/security: the member "security" ` + twice},
		"security in JSON":     {"{\"openapi\": \"3.0.3\",\n\"security\": [],\n\"security\": []}", `api.json:3: /security: the member "security" ` + twice},
		"an operation":         {head + "paths:\n  /a:\n    get: {}\n    get: {}\n", `api.yaml:6: /paths/~1a/get: the member "get" ` + twice},
		"a path":               {head + "paths:\n  /a: {}\n  /a: {}\n", `api.yaml:5: /paths/~1a: the member "/a" ` + twice},
		"an escaped JSON name": {"{\"openapi\": \"3.0.3\", \"info\": {},\n\"\\u0069nfo\": {}}", `api.json:2: /info: the member "info" ` + twice},
		"in what is merged":    {head + "x-op: &op {security: [], security: [{k: []}]}\npaths:\n  /a:\n    get:\n      <<: *op\n", `api.yaml:3: /paths/~1a/get/<</security: the member "security" ` + twice},
		"two merge keys":       {head + "x-a: &a {security: []}\npaths:\n  /a:\n    get:\n      <<: *a\n      <<: {}\n", `api.yaml:8: /paths/~1a/get/<<: the member "<<" ` + twice},
	}.run(t, Options{})
	doc := load(t, head+"x-note: {a: 1, a: 2}\npaths:\n  /a:\n    get: {parameters: [{name: a, name: b}]}\n", Options{})
	require.Len(t, doc.API.Operations, 1)
}

func TestAnchorsAndMergeKeys(t *testing.T) {
	t.Parallel()
	doc := load(t, `openapi: 3.0.3
info: {title: T, version: '1'}
components: {securitySchemes: {k: &k {type: apiKey, in: header, name: K}, l: *k}}
x-open: &open {security: []}
x-shut: &shut {security: [{k: []}], operationId: shut}
paths:
  /own-first: {get: {<<: *open, operationId: own, security: [{l: []}]}}
  /first-of-list: {get: {<<: [*shut, *open]}}
  /alias: {get: *open}
  /quoted: {get: {"<<": *open}}
  &key /key: {get: {operationId: *key, security: []}}
`, Options{})
	require.Equal(t, []string{
		"own: (l[])", "shut: (k[])", "GET /alias: public", "GET /quoted: (default_security oauth2[])", "/key: public",
	}, operations(doc))
	require.Equal(t, "api.yaml:5: /paths/~1a/get/security: must be a list, is an object",
		refusal(t, put(t, head+"x-op: &op\n  operationId: a\n  security: {}\npaths:\n  /a:\n    get: {<<: *op}\n"), Options{}),
		"the line is where it is written, the pointer where it counts")
}
