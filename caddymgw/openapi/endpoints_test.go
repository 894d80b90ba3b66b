package openapi

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

// routes says where the requests of each operation go, a line each.
func routes(t *testing.T, content string, options Options) string {
	t.Helper()
	doc, all, err := LoadEndpoints(put(t, content), options)
	require.NoError(t, err)
	require.Len(t, all, len(doc.API.Operations))
	var lines []string
	for _, op := range doc.API.Operations {
		e := all[op]
		line := op.Label() + ": " + show(e.Production)
		if e.Sandbox != e.Production {
			line += ", sandbox " + show(e.Sandbox)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func show(e *Endpoint) string {
	if e == nil {
		return "none"
	}
	text := strings.Join(e.Servers, " ")
	if e.Replace {
		text += " at " + e.Path + "/"
	}
	if e.Failover {
		text += " failover"
	}
	if e.User != "" {
		text += " as " + e.User
	}
	return text
}

func TestEndpointsOfADocument(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ members, want string }{
		"one URL":                      {"x-wso2-production-endpoints: {urls: ['https://h/v2']}", "https://h at /v2/, sandbox none"},
		"of type http":                 {"x-wso2-production-endpoints: {urls: ['http://h:81'], type: http}", "http://h:81 at /, sandbox none"},
		"a trailing slash":             {"x-wso2-production-endpoints: {urls: ['http://h/v2/']}", "http://h at /v2/, sandbox none"},
		"an escape stays":              {"x-wso2-production-endpoints: {urls: ['http://h/a%20b']}", "http://h at /a%20b/, sandbox none"},
		"taking turns":                 {"x-wso2-production-endpoints: {urls: ['http://a', 'http://b'], type: load_balance}", "http://a http://b at /, sandbox none"},
		"taking turns by default":      {"x-wso2-production-endpoints: {urls: ['http://a', 'http://b']}", "http://a http://b at /, sandbox none"},
		"failover":                     {"x-wso2-production-endpoints: {urls: ['http://a/x', 'http://b/x'], type: failover}", "http://a http://b at /x/ failover, sandbox none"},
		"of IPv6":                      {"x-wso2-production-endpoints: {urls: ['http://[::1]:8080']}", "http://[::1]:8080 at /, sandbox none"},
		"a login":                      {"x-wso2-production-endpoints: {urls: ['http://a'], securityConfig: {type: basic, username: kim}}", "http://a at / as kim, sandbox none"},
		"timeouts are the proxy's":     {"x-wso2-production-endpoints: {urls: ['http://a'], advanceEndpointConfig: {timeoutInMillis: 5}}", "http://a at /, sandbox none"},
		"sandbox only":                 {"x-wso2-sandbox-endpoints: {urls: ['http://s']}", "none, sandbox http://s at /"},
		"both":                         {"x-wso2-production-endpoints: {urls: ['http://p']}\nx-wso2-sandbox-endpoints: {urls: ['http://s']}", "http://p at /, sandbox http://s at /"},
		"both alike are one":           {"x-wso2-production-endpoints: {urls: ['http://p']}\nx-wso2-sandbox-endpoints: {urls: ['http://p'], type: http}", "http://p at /"},
		"a reference":                  {"x-wso2-production-endpoints: '#/x-wso2-endpoints/a'\nx-wso2-endpoints: [{b: {urls: ['http://b']}}, {a: {urls: ['http://a']}}]", "http://a at /, sandbox none"},
		"a reference, members beside":  {"x-wso2-production-endpoints: '#/x-wso2-endpoints/a'\nx-wso2-endpoints:\n- a:\n  urls: ['http://a']\n  type: http\n- b:\n  urls: ['http://b']", "http://a at /, sandbox none"},
		"a reference into an object":   {"x-wso2-production-endpoints: '#/x-wso2-endpoints/a'\nx-wso2-endpoints: {a: {urls: ['http://a']}}", "http://a at /, sandbox none"},
		"servers":                      {"servers: [{url: 'https://h:8443/v1'}]", "https://h:8443"},
		"the first of servers":         {"servers: [{url: 'https://a/v1'}, {url: 'https://b/v1/'}, {url: '/v1'}]", "https://a"},
		"servers of one host":          {"servers: [{url: 'https://a/v1'}, {url: 'https://a/v2'}]", "https://a"},
		"a variable in the path":       {"servers: [{url: 'https://a/{v}', variables: {v: {default: v1, enum: [v1, v2]}}}]", "https://a"},
		"servers below x-wso2-basePa…": {"servers: [{url: 'https://a/v1'}]\nx-wso2-basePath: /mine", "https://a at /v1/"},
		"endpoints before servers":     {"servers: [{url: /v1}]\nx-wso2-production-endpoints: {urls: ['http://p/v2']}", "http://p at /v2/, sandbox none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "GET /a: "+tc.want, routes(t, head+tc.members+"\n"+rest, Options{}))
		})
	}
}

func TestEndpointsOfASwagger(t *testing.T) {
	t.Parallel()
	const swagger = "swagger: '2.0'\ninfo: {title: T, version: '1'}\nhost: h.test\nbasePath: /v1\n"
	for name, tc := range map[string]struct {
		members string
		base    string
		want    string
	}{
		"https is better":         {"schemes: [http, https]", "", "https://h.test"},
		"http alone":              {"schemes: [ws, http]", "", "http://h.test"},
		"below another base path": {"schemes: [http]", "/mine", "http://h.test at /v1/"},
		"servers have no meaning": {"schemes: [http]\nservers: [{url: 'http://other'}]", "", "http://h.test"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "GET /a: "+tc.want, routes(t, swagger+tc.members+"\n"+rest, Options{BasePath: tc.base}))
		})
	}
}

func TestEndpointsOfSingleOperations(t *testing.T) {
	t.Parallel()
	require.Equal(t, strings.Join([]string{
		"GET /plain: http://p at /p/, sandbox http://s at /",
		"GET /own: http://own at /, sandbox http://s at /",
		"POST /own: http://p at /p/, sandbox http://own at /",
		"GET /path: http://path at /, sandbox http://s at /",
		"PUT /path: http://own at /, sandbox http://s at /",
		"GET /ref: http://other at /, sandbox http://s at /",
		"GET /moved: http://p at /p/, sandbox http://s at /",
	}, "\n"), routes(t, head+`x-wso2-production-endpoints: {urls: ['http://p/p']}
x-wso2-sandbox-endpoints: {urls: ['http://s']}
x-wso2-endpoints: [{own: {urls: ['http://own']}}]
paths:
  /plain: {get: {}}
  /own:
    get: {x-wso2-production-endpoints: '#/x-wso2-endpoints/own'}
    post: {x-wso2-sandbox-endpoints: '#/x-wso2-endpoints/own'}
  /path:
    x-wso2-production-endpoints: {urls: ['http://path']}
    get: {}
    put: {x-wso2-production-endpoints: '#/x-wso2-endpoints/own'}
  /ref: {$ref: 'item.yaml#/x'}
  /moved: {get: {servers: [{url: 'http://elsewhere/v9'}]}}
-- item.yaml --
x: {get: {x-wso2-production-endpoints: {urls: ['http://other']}}}
`, Options{}))
	require.Equal(t, strings.Join([]string{
		"GET /plain: https://d", "GET /path: https://path", "PUT /path: https://own",
	}, "\n"), routes(t, head+`servers: [{url: 'https://d/v1'}]
paths:
  /plain: {get: {}}
  /path:
    servers: [{url: 'https://path/v2'}]
    get: {}
    put: {servers: [{url: 'https://own/v3'}]}
`, Options{}))
}

func TestEndpointsThatAreAlikeAreOne(t *testing.T) {
	t.Parallel()
	_, all, err := LoadEndpoints(put(t, head+`paths:
  /a: {get: {x-wso2-production-endpoints: {urls: ['http://h/x']}}}
  /b: {get: {x-wso2-production-endpoints: {urls: ['http://H/x/'], type: load_balance}}}
`), Options{})
	require.NoError(t, err)
	one := map[Endpoints]bool{}
	for _, e := range all {
		one[e] = true
	}
	require.Len(t, one, 1)
}

func TestEndpointsThatCannotBeFollowedAreRefused(t *testing.T) {
	t.Parallel()
	production := func(value string) string { return head + "x-wso2-production-endpoints: " + value + "\n" + rest }
	servers := func(list string) string { return head + "servers: " + list + "\n" + rest }
	for name, tc := range map[string]struct{ content, want string }{
		"nothing said":                {head + rest, "api.yaml:3: /paths/~1a/get: nothing says where its requests go: name an upstream in the configuration, or write x-wso2-production-endpoints or servers"},
		"an empty list of servers":    {servers("[]"), "api.yaml:4: /paths/~1a/get: nothing says where"},
		"no object":                   {production("true"), "api.yaml:3: /x-wso2-production-endpoints: must be an object, is a boolean"},
		"no urls":                     {production("{type: http}"), "api.yaml:3: /x-wso2-production-endpoints: an endpoint wants urls"},
		"empty urls":                  {production("{urls: []}"), "an endpoint wants urls"},
		"urls that are none":          {production("{urls: [8080]}"), "api.yaml:3: /x-wso2-production-endpoints/urls/0: must be a string, is a number"},
		"a URL without scheme":        {production("{urls: ['h:8080']}"), `/urls/0: "h:8080" names no server: an endpoint is like https://api.example.com:8443/path; or name an upstream in the configuration`},
		"a URL without host":          {production("{urls: ['http:///v2']}"), `names no server`},
		"etcd":                        {production("{urls: ['etcd (key,http://h)']}"), `"etcd (key,http://h)" names no server`},
		"a URL with variables":        {production("{urls: ['http://{h}/v2']}"), `names no server`},
		"a URL of another kind":       {production("{urls: ['ftp://h']}"), `names no server`},
		"a password in a URL":         {production("{urls: ['http://u:secret@h']}"), "/urls/0: a user and a password in a URL are there for everybody to read: take them out"},
		"a query":                     {production("{urls: ['http://h/?a=b']}"), "has neither query nor fragment"},
		"a path that is none":         {production("{urls: ['http://h/a/../b']}"), `the base path "/a/../b" is not canonical`},
		"two paths":                   {production("{urls: ['http://a/v2', 'http://b/v5']}"), `/urls/1: its path "/v5" is not that of the first URL, "/v2"`},
		"two schemes":                 {production("{urls: ['http://a', 'https://b']}"), "/urls/1: its scheme is not that of the first URL"},
		"an unknown type":             {production("{urls: ['http://a'], type: random}"), `/type: "random" is no type of endpoint: there are http, load_balance and failover`},
		"an unknown member":           {production("{url: 'http://a'}"), "url is no member of an endpoint: there are urls, type, securityConfig and advanceEndpointConfig"},
		"another login":               {production("{urls: ['http://a'], securityConfig: {type: oauth, username: kim}}"), "/securityConfig: must have the type basic and a username"},
		"a login without a name":      {production("{urls: ['http://a'], securityConfig: {type: basic}}"), "must have the type basic and a username"},
		"a reference to nothing":      {production("'#/x-wso2-endpoints/a'"), `"#/x-wso2-endpoints/a" names no endpoint: write #/x-wso2-endpoints/NAME`},
		"a reference elsewhere":       {production("'a'\nx-wso2-endpoints: [{a: {urls: ['http://a']}}]"), `"a" names no endpoint`},
		"an endpoint twice":           {production("'#/x-wso2-endpoints/a'\nx-wso2-endpoints: [{a: {urls: ['http://a']}}, {a: {urls: ['http://b']}}]"), "api.yaml:4: /x-wso2-endpoints/1/a: the endpoint a is declared twice: keep one"},
		"a member twice":              {production("{urls: ['http://a'], urls: ['http://b']}"), `the member "urls" stands twice`},
		"of an operation":             {head + "paths:\n  /a:\n    get: {x-wso2-sandbox-endpoints: {urls: [x]}}\n", "api.yaml:5: /paths/~1a/get/x-wso2-sandbox-endpoints/urls/0: "},
		"a relative server":           {servers("[{url: /v1}]"), `api.yaml:3: /servers/0: the URL "/v1" names no server to send requests to: name an upstream in the configuration, or write x-wso2-production-endpoints`},
		"a scheme-relative server":    {servers("[{url: //h/v1}]"), `names no server to send requests to`},
		"a templated server":          {servers("[{url: 'https://{region}.h/v1', variables: {region: {default: eu}}}]"), `the URL "https://{region}.h/v1" leaves its server to variables`},
		"a templated scheme":          {servers("[{url: '{scheme}://h/v1', variables: {scheme: {default: https}}}]"), `leaves its server to variables`},
		"servers that differ in all":  {servers("[{url: 'https://a/v1'}, {url: 'https://b/v2'}]"), "/servers/1: this server has another address and another path than the first one, which gets all requests"},
		"a relative one that differs": {servers("[{url: 'https://a/v1'}, {url: '/v2'}]"), "/servers/1: this server has another address"},
		"a host without schemes":      {"swagger: '2.0'\ninfo: {title: T, version: '1'}\nhost: h\n" + rest, "api.yaml:3: /host: schemes does not say how to speak with this host"},
		"a host that is none":         {"swagger: '2.0'\ninfo: {title: T, version: '1'}\nhost: u:p@h\nschemes: [http]\n" + rest, "api.yaml:3: /host: a user and a password in a URL"},
		"one path, different servers": {head + "paths:\n  /a/{b}: {get: {x-wso2-production-endpoints: {urls: ['http://a']}}}\n  /a/{c}: {get: {x-wso2-production-endpoints: {urls: ['http://b']}}}\n", "api.yaml:5: /paths/~1a~1{c}/get: this operation and another one are one to a request (GET /a/{b}), but go to different endpoints: give them one"},
		"a document that is none":     {"[]", "must be an object, is a list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := put(t, tc.content)
			doc, all, err := LoadEndpoints(file, Options{})
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, doc)
			require.Nil(t, all)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

// TestEndpointsOfTheCorpus holds that real documents have one for each operation,
// or an error with its place; most errors say to name an upstream.
func TestEndpointsOfTheCorpus(t *testing.T) {
	t.Parallel()
	served, refused, unnamed := 0, 0, 0
	for _, d := range loadCorpus(t) {
		if info, err := os.Stat(d.file); err != nil || d.err != nil || info.Size() > 1<<20 { // large ones say nothing new
			continue
		}
		doc, all, err := LoadEndpoints(d.file, Options{})
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e, d.name)
			require.NotEmpty(t, e.Pointer, d.name)
			refused++
			if strings.Contains(e.Message, ": name an upstream") {
				unnamed++
			} else {
				t.Log(err)
			}
			continue
		}
		require.Len(t, all, len(doc.API.Operations), d.name)
		for _, e := range all {
			require.NotNil(t, e.Production, d.name)
			for _, s := range e.Production.Servers {
				require.Regexp(t, `^https?://[^/?#@{}]+$`, s, d.name)
			}
		}
		served++
	}
	t.Logf("%d documents say where requests go; %d do not, %d of them for want of an upstream", served, refused, unnamed)
	require.Greater(t, served, refused)
	require.GreaterOrEqual(t, unnamed, refused-3) // a host that is a list, and the like
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		base, paths           string
		otherBase, otherPaths string
		want                  string
	}{
		"side by side":                 {"/v1", "/a", "/v2", "/a", ""},
		"a base path like a beginning": {"/v1", "/a", "/v10", "/a", ""},
		"one base path":                {"/v1", "/a", "/v1", "/a", "/v1: GET /a, GET /a"},
		"one base path, other case":    {"/v1", "/a", "/V1", "/A", "/V1: GET /a, GET /A"},
		"one base path, other paths":   {"/v1", "/a", "/v1", "/b", "/v1: -, -"},
		"one base path, escaped":       {"/v%31", "/a", "/v1", "/b", "/v1: -, -"},
		"the root twice":               {"", "/a", "", "/b", ": -, -"},
		"below, apart":                 {"/v1", "/a", "/v1/shop", "/a", ""},
		"below the root, apart":        {"", "/a", "/shop", "/a", ""},
		"below, the same URL":          {"/v1", "/shop/{x}", "/v1/shop", "/a", "/v1/shop: GET /shop/{x}, GET /a"},
		"below, by a parameter":        {"/v1", "/{x}/a", "/v1/shop", "/{y}", "/v1/shop: GET /{x}/a, GET /{y}"},
		"below, in part templated":     {"/v1", "/sh{x}/a", "/v1/shop", "/{y}", "/v1/shop: GET /sh{x}/a, GET /{y}"},
		"below, in other case":         {"/v1", "/Shop/a", "/v1/shop", "/A", "/v1/shop: GET /Shop/a, GET /A"},
		"below, another URL":           {"/v1", "/shop/b/c", "/v1/shop", "/a", "/v1/shop: GET /shop/b/c, -"},
		"below, the base path itself":  {"/v1", "/shop", "/v1/shop", "/a", "/v1/shop: GET /shop, -"},
		"below, ends that differ":      {"/v1", "/shop/{x}.json", "/v1/shop", "/{y}.xml", "/v1/shop: GET /shop/{x}.json, -"},
		"below, ends that may meet":    {"/v1", "/shop/{x}.json", "/v1/shop", "/a-{y}", "/v1/shop: GET /shop/{x}.json, GET /a-{y}"},
		"above":                        {"/v1/shop", "/{x}", "/v1", "/a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := func(base, path string) *Document {
				return load(t, head+"paths: {'"+path+"': {get: {}}}\n", Options{BasePath: base + "/"})
			}
			o, found := FindOverlap(at(tc.base, tc.paths), at(tc.otherBase, tc.otherPaths))
			require.Equal(t, tc.want != "", found)
			if !found {
				return
			}
			label := func(op *caddymgw.Operation) string {
				if op == nil {
					return "-"
				}
				return op.Label()
			}
			require.Equal(t, tc.want, fmt.Sprintf("%s: %s, %s", o.Base, label(o.Claimed), label(o.Other)))
		})
	}
}

// FuzzLoadEndpoints holds that what is returned can be used.
func FuzzLoadEndpoints(f *testing.F) {
	for _, document := range []string{
		head + "servers: [{url: 'https://h/{v}', variables: {v: {default: a, enum: [b]}}}]\n" + rest,
		head + "x-wso2-production-endpoints: '#/x-wso2-endpoints/a'\nx-wso2-endpoints: [{a: , urls: ['http://a/b%20']}]\n" + rest,
		head + "paths: {/a: {x-wso2-sandbox-endpoints: {urls: ['http://[::1]:1', 'http://b'], type: failover}, get: {}}}\n",
		"swagger: '2.0'\ninfo: {title: T, version: '1'}\nhost: h\nschemes: [https]\n" + rest,
	} {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) {
		file := filepath.Join(t.TempDir(), "api.yaml")
		require.NoError(t, os.WriteFile(file, []byte(document), 0o600))
		doc, all, err := LoadEndpoints(file, Options{})
		if err != nil {
			return
		}
		for _, op := range doc.API.Operations {
			e := all[op]
			require.True(t, e.Production != nil || e.Sandbox != nil, op.Label())
			for _, end := range []*Endpoint{e.Production, e.Sandbox} {
				if end == nil {
					continue
				}
				require.NotEmpty(t, end.Servers)
				for _, s := range end.Servers {
					require.NotContains(t, strings.TrimPrefix(strings.TrimPrefix(s, "http://"), "https://"), "/")
				}
				require.False(t, strings.HasSuffix(end.Path, "/"), end.Path)
				if end.Path != "" {
					_, err := Canonical(end.Path, false, false)
					require.NoError(t, err)
				}
			}
		}
	})
}
