package openapi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBasePathsOfServers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		servers string
		want    []string
	}{
		"none":                            {"[]", []string{""}},
		"null":                            {"", []string{""}},
		"rooted":                          {"[{url: /v1}]", []string{"/v1"}},
		"the root":                        {"[{url: /}]", []string{""}},
		"absolute":                        {"[{url: 'https://api.example.com:8443/v1/x'}]", []string{"/v1/x"}},
		"a host alone":                    {"[{url: 'https://api.example.com'}]", []string{""}},
		"scheme-relative":                 {"[{url: //api.example.com/v1}]", []string{"/v1"}},
		"relative to the document":        {"[{url: v1}, {url: ./v2}, {url: .}, {url: .v3}]", []string{"", "/.v3", "/v1", "/v2"}},
		"trailing slashes":                {"[{url: /v1/}, {url: 'https://h/v2//'}]", []string{"/v1", "/v2"}},
		"user and password":               {"[{url: 'https://u:p@h/v1'}]", []string{"/v1"}},
		"query and fragment":              {"[{url: 'https://h/v1?a=/b'}, {url: '/v2#c'}]", []string{"/v1", "/v2"}},
		"escapes stay":                    {"[{url: '/a%20b'}]", []string{"/a%20b"}},
		"several with one path":           {"[{url: 'https://a/v1'}, {url: 'http://b/v1/'}]", []string{"/v1"}},
		"several":                         {"[{url: /v2}, {url: /v1}]", []string{"/v1", "/v2"}},
		"a default":                       {"[{url: '/{v}', variables: {v: {default: v1}}}]", []string{"/v1"}},
		"a default that is a number":      {"[{url: '/{v}', variables: {v: {default: 1.0}}}]", []string{"/1.0"}},
		"default and enum":                {"[{url: 'https://h/{v}/x', variables: {v: {default: v1, enum: [v2, v1]}}}]", []string{"/v1/x", "/v2/x"}},
		"enum without default":            {"[{url: '/{v}', variables: {v: {enum: [a, b]}}}]", []string{"/a", "/b"}},
		"two variables multiply":          {"[{url: '/{a}{b}', variables: {a: {enum: [x, y]}, b: {enum: ['1', '2']}}}]", []string{"/x1", "/x2", "/y1", "/y2"}},
		"an empty default":                {"[{url: '/{v}', variables: {v: {default: ''}}}]", []string{""}},
		"a host's variables do not count": {"[{url: '{scheme}://{tenant}.h:{port}/v1', variables: {port: {enum: ['1', '2']}}}]", []string{"/v1"}},
		"a variable of several segments":  {"[{url: '{base}/x', variables: {base: {default: 'https://h/a/b'}}}]", []string{"/a/b/x"}},
		"a path in a host's variable":     {"[{url: 'https://h{base}', variables: {base: {default: /v1, enum: [/v1, /v2]}}}]", []string{"/v1", "/v2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := load(t, head+"servers: "+tc.servers+"\n"+rest, Options{})
			require.Equal(t, tc.want, doc.API.BasePaths)
			for _, base := range tc.want {
				require.Equal(t, "GET /a", answer(t, doc, "GET "+base+"/a"))
			}
			require.Equal(t, "404", answer(t, doc, "GET /other/a"))
		})
	}
}

func TestServersThatGiveNoBasePathAreRefused(t *testing.T) {
	t.Parallel()
	at := func(servers string) string { return head + "servers:\n" + servers + rest }
	var many strings.Builder
	for i := range 17 {
		fmt.Fprintf(&many, "a%d,", i)
	}
	enum := "{enum: [" + many.String() + "]}"
	refusals{
		"an undeclared variable":    {at("- url: https://h/{v}\n"), `api.yaml:4: /servers/0: url "/{v}": the variable v is not declared, so its paths can't be known: name one with base_path`},
		"a variable without values": {at("- url: /{v}\n  variables:\n    v: {description: any}\n"), `api.yaml:6: /servers/0/variables/v: the variable has neither default nor enum, so its paths can't be known: name one with base_path`},
		"an empty enum":             {at("- url: /{v}\n  variables:\n    v: {enum: []}\n"), `api.yaml:6: /servers/0/variables/v: the variable has neither default nor enum, so its paths can't be known: name one with base_path`},
		"an open brace":             {at("- url: /{v\n"), `api.yaml:4: /servers/0: url "/{v": a brace is not closed`},
		"a stray brace":             {at("- url: /v}\n"), `api.yaml:4: /servers/0: url "/v}": a base path has no variables: name one with base_path`},
		"a value with a brace":      {at("- url: /{v}\n  variables:\n    v: {default: '{v}'}\n"), `api.yaml:6: /servers/0/variables/v: the value "{v}" holds a brace`},
		"too many base paths":       {at("- url: /{a}/{b}\n  variables: {a: " + enum + ", b: " + enum + "}\n"), `api.yaml:4: /servers/0: the variables give more than 256 base paths: name one with base_path`},
		"dot segments":              {at("- url: /v1/../v2\n"), `api.yaml:4: /servers/0: url "/v1/../v2": the base path "/v1/../v2" is not canonical: name one with base_path`},
		"the parent":                {at("- url: ../v1\n"), `api.yaml:4: /servers/0: url "../v1": the base path "/../v1" is not canonical: name one with base_path`},
		"encoded dot segments":      {at("- url: /v1/%2e%2e/v2\n"), `api.yaml:4: /servers/0: url "/v1/%2e%2e/v2": the base path "/v1/%2e%2e/v2" is not canonical: name one with base_path`},
		"an empty segment":          {at("- url: https://h/a//b\n"), `api.yaml:4: /servers/0: url "/a//b": the base path "/a//b" is not canonical: name one with base_path`},
		"an encoded slash":          {at("- url: /a%2Fb\n"), `api.yaml:4: /servers/0: url "/a%2Fb": the base path "/a%2Fb" is not canonical: name one with base_path`},
		"a semicolon":               {at("- url: /a;b\n"), `api.yaml:4: /servers/0: url "/a;b": the base path "/a;b" is not canonical: name one with base_path`},
		"dots by a variable":        {at("- url: /{v}/x\n  variables: {v: {default: ..}}\n"), `api.yaml:4: /servers/0: url "/../x": the base path "/../x" is not canonical: name one with base_path`},
		"url is no string":          {at("- url: 1\n"), `api.yaml:4: /servers/0/url: must be a string, is a number`},
		"servers is an object":      {at("  url: /v1\n"), `api.yaml:3: /servers: must be a list, is an object`},
		"a server is text":          {at("- /v1\n"), `api.yaml:4: /servers/0: must be an object, is a string`},
		"variables are a list":      {at("- url: https://{h}/v1\n  variables: []\n"), `api.yaml:5: /servers/0/variables: must be an object, is a list`},
		"a default is a list":       {at("- url: /{v}\n  variables: {v: {default: []}}\n"), `api.yaml:5: /servers/0/variables/v/default: must be a string, is a list`},
		"an enum is text":           {at("- url: /{v}\n  variables: {v: {enum: a}}\n"), `api.yaml:5: /servers/0/variables/v/enum: must be a list, is a string`},
		"a value is a boolean":      {at("- url: /{v}\n  variables: {v: {enum: [true]}}\n"), `api.yaml:5: /servers/0/variables/v/enum/0: must be a string, is a boolean`},
	}.run(t, Options{})
}

func TestServersOfAnOperationOverrideThoseOfItsPath(t *testing.T) {
	t.Parallel()
	doc := load(t, head+`servers: [{url: /document}]
paths:
  /a:
    servers: [{url: /path}]
    get: {}
    put: {servers: [{url: /operation}, {url: /other}]}
    delete: {servers: []}
  /b: {get: {servers: [{url: /operation}]}, put: {}}
`, Options{})
	require.Equal(t, []string{"/document", "/operation", "/other", "/path"}, doc.API.BasePaths)
	for request, want := range map[string]string{
		"GET /path/a": "GET /a", "GET /document/a": "404", "PUT /operation/a": "PUT /a", "PUT /other/a": "PUT /a", "PUT /path/a": "405 DELETE GET",
		"DELETE /path/a": "DELETE /a", "GET /operation/b": "GET /b", "GET /document/b": "405 PUT", "PUT /document/b": "PUT /b",
	} {
		require.Equal(t, want, answer(t, doc, request), request)
	}
	const wrong = "paths:\n  /a:\n    get:\n      servers:\n      - url: /{v}\n"
	require.Equal(t, "api.yaml:7: /paths/~1a/get/servers/0: url \"/{v}\": the variable v is not declared, so its paths can't be known: name one with base_path",
		refusal(t, put(t, head+wrong), Options{}))
	require.Equal(t, []string{"/v1"}, load(t, head+wrong, Options{BasePath: "/v1"}).API.BasePaths, "what base_path replaces is not read")
}

func TestBasePathBySwaggerExtensionAndOption(t *testing.T) {
	t.Parallel()
	const swagger = "swagger: '2.0'\ninfo: {title: T, version: 1.0.0}\n"
	for name, tc := range map[string]struct {
		document, option, want string
	}{
		"none":                           {swagger, "", ""},
		"of 2.0":                         {swagger + "basePath: /v1/\nhost: h\n", "", "/v1"},
		"of 2.0 without a slash":         {swagger + "basePath: v1\n", "", "/v1"},
		"servers mean nothing in 2.0":    {swagger + "servers: [{url: /v1}]\n", "", ""},
		"basePath means nothing in 3":    {head + "basePath: /v1\n", "", ""},
		"x-wso2-basePath before 2.0's":   {swagger + "basePath: /v1\nx-wso2-basePath: /w/{version}\n", "", "/w/1.0.0"},
		"x-wso2-basePath before servers": {head + "servers: [{url: /v1}]\nx-wso2-basePath: /w/\n", "", "/w"},
		"the option before all":          {head + "servers: [{url: '/{v}'}]\nx-wso2-basePath: '{x}'\n", "/o/", "/o"},
		"the option before 2.0's":        {swagger + "basePath: /v1/../x\n", "o", "/o"},
		"the option can be the root":     {head + "servers: [{url: /v1}]\n", "/", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := load(t, tc.document+rest, Options{BasePath: tc.option})
			require.Equal(t, []string{tc.want}, doc.API.BasePaths)
		})
	}
	refusals{
		"basePath with dots":          {swagger + "basePath: /v1/..\n", `api.yaml:3: /basePath: the base path "/v1/.." is not canonical`},
		"basePath with a variable":    {swagger + "basePath: /{v}\n", `api.yaml:3: /basePath: a base path has no variables`},
		"basePath is a number":        {swagger + "basePath: 1\n", `api.yaml:3: /basePath: must be a string, is a number`},
		"x-wso2-basePath is a list":   {head + "x-wso2-basePath: []\n", `api.yaml:3: /x-wso2-basePath: must be a string, is a list`},
		"x-wso2-basePath with braces": {head + "x-wso2-basePath: /{name}\n", `api.yaml:3: /x-wso2-basePath: a base path has no variables`},
	}.run(t, Options{})
	for _, option := range []string{"/a/../b", "/a b/%2F", "/{v}"} {
		_, err := Load(put(t, head+rest), Options{BasePath: option})
		require.ErrorContains(t, err, `base_path "`+option+`": `)
	}
}

func TestStripBasePath(t *testing.T) {
	t.Parallel()
	doc := load(t, head+"servers: [{url: /v1}, {url: '/%C3%A9/x'}]\n"+rest, Options{})
	require.NoError(t, doc.CheckStrip())
	for escaped, want := range map[string]string{
		"/v1/a": "/a", "/v1/": "/", "/%76%31/%61": "/%61", "/%C3%A9/x/a%20b/": "/a%20b/", "/é/%78/a": "/a",
		"/v1": "", "/v2/a": "", "/v11/a": "", "/v1/../a": "", "v1/a": "",
	} {
		got, ok := doc.StripBasePath(escaped)
		require.Equal(t, want, got, escaped)
		require.Equal(t, want != "", ok, escaped)
	}
	for servers, nested := range map[string]bool{"/a, /b": false, "/a, /ab": false, "/a, /a/b": true, "/, /a": true, "/%61, /a/b": true, "/%61, /a": false} {
		doc := load(t, head+"servers: [{url: "+strings.ReplaceAll(servers, ", ", "}, {url: ")+"}]\n"+rest, Options{})
		if nested {
			require.ErrorIs(t, doc.CheckStrip(), ErrNestedBasePaths)
		} else {
			require.NoError(t, doc.CheckStrip())
		}
	}
}
