package openapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPathKeysThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	at := func(key string) string { return head + "paths:\n  " + key + ": {get: {}}\n" }
	refusals{
		"no leading slash":         {at("a"), `api.yaml:4: /paths/a: a path must start with /`},
		"empty":                    {at("''"), `api.yaml:4: /paths/: a path must start with /`},
		"a URL":                    {at("https://h/a"), `api.yaml:4: /paths/https:~1~1h~1a: a path must start with /`},
		"an open brace":            {at("'/{a'"), `api.yaml:4: /paths/~1{a: the braces of the segment "{a" do not pair, or name no parameter`},
		"a stray brace":            {at("'/a}'"), `api.yaml:4: /paths/~1a}: the braces of the segment "a}" do not pair, or name no parameter`},
		"a parameter without name": {at("'/{}'"), `api.yaml:4: /paths/~1{}: the braces of the segment "{}" do not pair, or name no parameter`},
		"a parameter in another":   {at("'/{{a}}'"), `api.yaml:4: /paths/~1{{a}}: the braces of the segment "{{a}}" do not pair, or name no parameter`},
		"a parameter over a slash": {at("'/{a/b}'"), `api.yaml:4: /paths/~1{a~1b}: the braces of the segment "{a" do not pair, or name no parameter`},
		"a malformed escape":       {at("'/%zz'"), `api.yaml:4: /paths/~1%zz: the segment "%zz" has a malformed escape`},
	}.run(t, Options{})
}

func TestPathKeys(t *testing.T) {
	t.Parallel()
	const declared = "components: {securitySchemes: {k: {type: apiKey, in: header, name: K}, l: {type: apiKey, in: header, name: L}}}\n"
	for name, tc := range map[string]struct {
		paths      string
		operations []string
		answers    map[string]string
		warning    string
	}{
		"equal up to parameter names, by method": {
			"{'/a/{x}': {get: {}}, '/a/{y}': {put: {}}}",
			[]string{"GET /a/{x}: public", "PUT /a/{y}: public"},
			map[string]string{"GET /a/1": "GET /a/{x}", "PUT /a/1": "PUT /a/{y}", "DELETE /a/1": "405 GET PUT", "GET /a/": "404"},
			"",
		},
		"equal up to parameter names, one method": {
			"{'/a/{x}': {get: {security: [{k: []}, {}]}}, '/a/{y}': {get: {security: [{l: [r]}, {k: [s]}]}}}",
			[]string{"GET /a/{x}: (k[] and l[r]) or (k[s]) or (l[r])"},
			map[string]string{"GET /a/1": "GET /a/{x}"},
			"GET /a/{x} and GET /a/{y} are one to a request: both securities must hold",
		},
		"equal up to parameter names, both with {}": {
			"{'/{x}': {get: {security: [{k: []}, {}]}}, '/{y}': {get: {security: [{}, {l: []}]}}, '/{z}': {get: {security: [{k: []}, {}]}}}",
			[]string{"GET /{x}: (k[] and l[]) or (k[]) or (l[]) or ()"},
			map[string]string{"GET /1": "GET /{x}"},
			"GET /{x} and GET /{z} are one to a request: both securities must hold",
		},
		"the public one of two does not open": {
			"{'/a?x=1': {get: {security: []}}, '/a#x': {get: {security: [{k: []}]}}}",
			[]string{"GET /a?x=1: (k[])"},
			map[string]string{"GET /a": "GET /a?x=1", "GET /a?x=2": "GET /a?x=1"},
			"GET /a?x=1 and GET /a#x are one to a request: both securities must hold",
		},
		"a trailing slash is another path": {
			"{'/a': {get: {}}, '/a/': {put: {}}, '/b/': {get: {}}}",
			[]string{"GET /a: public", "PUT /a/: public", "GET /b/: public"},
			map[string]string{"GET /a/": "405 PUT", "PUT /a": "405 GET", "GET /b": "404", "GET /b/": "GET /b/"},
			"",
		},
		"paths have case": {
			"{'/a': {get: {}}, '/A': {get: {operationId: upper}}}",
			[]string{"GET /a: public", "upper: public"},
			map[string]string{"GET /a": "GET /a", "GET /A": "upper", "get /a": "405 GET"},
			"",
		},
		"concrete before templated, with fallback": {
			"{'/a/{x}/c': {get: {}}, '/a/b/{y}': {get: {}}, '/a/b/d': {put: {}}, '/a/b': {post: {}}, '/{z}/b': {get: {}}}",
			[]string{"GET /a/{x}/c: public", "GET /a/b/{y}: public", "PUT /a/b/d: public", "POST /a/b: public", "GET /{z}/b: public"},
			map[string]string{"GET /a/b/c": "GET /a/b/{y}", "GET /a/b/d": "GET /a/b/{y}", "GET /a/x/c": "GET /a/{x}/c", "GET /a/b": "GET /{z}/b", "HEAD /a/b/c": "405 GET", "HEAD /a/b/d": "405 GET PUT"},
			"",
		},
		"the text of a template is a value": {
			"{'/a/{id}': {get: {security: [{k: []}]}}, '/{id}': {get: {}}}",
			[]string{"GET /a/{id}: (k[])", "GET /{id}: public"},
			map[string]string{"GET /a/{id}": "GET /a/{id}", "GET /a/%7Bid%7D": "GET /a/{id}", "GET /{id}": "GET /{id}"},
			"",
		},
		"partly templated segments": {
			"{'/f/{n}.json': {get: {}}, '/f/{a}:{verb}': {get: {}}, '/f/{any}': {get: {}}, '/c/{x}...{y}': {get: {}}, '/m/{x}{y}': {get: {}}}",
			[]string{"GET /f/{n}.json: public", "GET /f/{a}:{verb}: public", "GET /f/{any}: public", "GET /c/{x}...{y}: public", "GET /m/{x}{y}: public"},
			map[string]string{
				"GET /f/1.json": "GET /f/{n}.json", "GET /f/.json": "GET /f/{any}", "GET /f/a:b:c": "GET /f/{a}:{verb}", "GET /f/a:": "GET /f/{any}",
				"GET /f/a:b.json": "GET /f/{n}.json", "GET /c/v1...v2": "GET /c/{x}...{y}", "GET /c/v1..v2": "404", "GET /m/ab": "GET /m/{x}{y}", "GET /m/a": "404",
			},
			"",
		},
		"a query within braces is the parameter's name": {
			"{'/a{?q}': {get: {}}}", []string{"GET /a{?q}: public"}, map[string]string{"GET /a": "404", "GET /ab": "GET /a{?q}"}, "",
		},
		"escapes are decoded once on both sides": {
			"{'/a%20b': {get: {}}, '/%7Bx%7D': {get: {}}, '/é': {get: {}}}",
			[]string{"GET /a%20b: public", "GET /%7Bx%7D: public", "GET /é: public"},
			map[string]string{"GET /a%20b": "GET /a%20b", "GET /%61%20b": "GET /a%20b", "GET /{x}": "GET /%7Bx%7D", "GET /%C3%A9": "GET /é", "GET /1": "404"},
			"",
		},
		"paths that no canonical request has": {
			"{'//a': {get: {}}, '/b//c': {get: {}}, '/d/../e': {get: {}}, '/f%2Fg': {get: {}}, '/h;i': {get: {}}}", nil,
			map[string]string{"GET //a": "400", "GET /b//c": "400", "GET /d/../e": "400", "GET /f%2Fg": "400", "GET /h;i": "400", "GET /f/g": "404"},
			"GET /f%2Fg is never served: no request path in canonical form fits it",
		},
		"items without operations": {
			"{'/a': , '/b': {parameters: []}, '/c': {x-note: 1, summary: s}, x-d: {get: {}}}", nil,
			map[string]string{"GET /a": "404", "GET /b": "404", "GET /c": "404", "GET /x-d": "404"},
			"the document declares no operation: every request is answered with 404",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := load(t, head+declared+"paths: "+tc.paths+"\n", Options{DefaultSecurity: DefaultSecurity{Mode: DefaultPublic}})
			require.Equal(t, tc.operations, operations(doc))
			for request, want := range tc.answers {
				require.Equal(t, want, answer(t, doc, request), request)
			}
			if tc.warning != "" {
				require.Contains(t, doc.Warnings, tc.warning)
			}
		})
	}
}

func TestCoincidingOperationsAreOneBelowEachBasePath(t *testing.T) {
	t.Parallel()
	doc := load(t, head+"servers: [{url: /v1}, {url: /v2}, {url: /%76%32}]\npaths: {'/{x}': {get: {security: []}}, '/{y}': {get: {}}}\n", Options{})
	require.Equal(t, []string{"GET /{x}: (default_security oauth2[])"}, operations(doc))
	require.Equal(t, "GET /{x}", answer(t, doc, "GET /v1/1"))
	require.Equal(t, "GET /{x}", answer(t, doc, "GET /v2/1"))
	doc = load(t, head+"paths: {'/{x}': {get: {security: [], servers: [{url: /v1}]}}, '/{y}': {get: {servers: [{url: /v2}, {url: /v1}]}}}\n", Options{})
	require.Equal(t, []string{"GET /{y}: (default_security oauth2[])", "GET /{x}: (default_security oauth2[])"}, operations(doc),
		"the public one is reached nowhere")
}

func TestAllowedSlashesAndSemicolons(t *testing.T) {
	t.Parallel()
	doc := load(t, head+"paths: {'/a/{x}': {get: {}}, '/a/b/c': {get: {}}, '/f%2Fg': {get: {}}, '/h;i': {get: {}}}\n",
		Options{AllowEncodedSlash: true, AllowSemicolon: true})
	for request, want := range map[string]string{
		"GET /a/b%2Fc": "GET /a/{x}", "GET /a/b/c": "GET /a/b/c", "GET /f%2fg": "GET /f%2Fg", "GET /f/g": "404", "GET /h;i": "GET /h;i", "GET /h%3Bi": "GET /h;i",
		"GET /a/..%2Fb": "400", "GET /a/b%2F": "400", "GET /a/..;b": "400", "GET /a/;b": "400", "GET /a/;b/c": "400", "GET /a/x%2F;b": "400",
	} {
		require.Equal(t, want, answer(t, doc, request), request)
	}
}
