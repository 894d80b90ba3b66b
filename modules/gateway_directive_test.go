package modules_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
	_ "github.com/caddymgw/gateway/modules/openapigateway"
	_ "github.com/caddymgw/gateway/modules/openapivalidate"
)

// gatewayCaddyfile has lines in a site for every Host, and users.
func gatewayCaddyfile(lines ...string) string {
	return "{\n\t$GLOBAL\n\tmgw {\n\t\t" + users + "\n\t}\n}\n\nhttp://:$HTTP, https://localhost:$HTTPS {\n\tlog\n\tapikey_issuer\n\t" + strings.Join(lines, "\n\t") + "\n}\n"
}

// persistently sends again what was not answered: Caddy resets connections that a
// reload finds in its backlog.
func persistently(send func() int) (status int) {
	for try := 0; try < 4 && status == 0; try++ {
		status = send()
	}
	return status
}

// rawly gets a target that no client would send.
func rawly(g *harness.Gateway, target string) int {
	return persistently(func() int { return g.Raw(true, "GET "+target+" HTTP/1.1\r\nHost: localhost\r\n\r\n") })
}

// TestTheGatewayIsAsStrictAsItsParts sends each target to openapi_auth alone and
// to openapi_gateway: either both answer alike, and an upstream gets the same; or
// the request goes to the rest of the site, where openapi_auth would have refused
// it.
func TestTheGatewayIsAsStrictAsItsParts(t *testing.T) {
	const rest = 418
	g := harness.Start(t, gatewayCaddyfile("openapi_auth shop.yaml", "reverse_proxy $UPSTREAM"), map[string]string{"shop.yaml": shop})
	k := "X-Api-Key: " + key(t, g, alice)
	targets := map[string]bool{ // those below the base path: never the rest's
		"/shop/v1/public/ping": true, "/shop/v1/pets/1": true, "/shop/v1/pets/1?a=b": true, "/shop/v1/nope": true, "/shop/v1": true, "/shop/v1/": true, "/shop/v1?": true,
		"/shop/v1/pets%2F1": true, "/shop/v1%2Fpets/1": true, "/shop%2fv1/pets/1": true, "/%73hop/v1/pets/1": true, "/shop/v1/%70ets/1": true,
		"//shop/v1/pets/1": true, "/shop//v1/pets/1": true, "/shop/v1//pets/1": true, "/./shop/v1/pets/1": true, "/x/../shop/v1/pets/1": true, "/x/%2e%2e/shop/v1/pets/1": true,
		"/shop/v1/x/../pets/1": true, "/shop/v2/../v1/pets/1": true, "/SHOP/v1/pets/1": true, "/shop/V1/pets/1": true, "/shop/v1/Pets/1": true,
		"/shop/v1/public/..;/admin/stats": true, "/shop/v1/public\\..\\admin": true, "/shop/v1/public/x#/../../y": true, "/shop/v1/%00": true,
		"/shop/v1/../../admin": false, "/shop/v1/../v2/pets/1": false, "/shop/v1%2F..%2F..%2Fadmin": false, "/shop/v1;a=b/pets/1": false, "/shop;/v1/pets/1": false,
		"/shop/v1%3B/pets/1": false, "\\shop\\v1\\pets\\1": false, "/shop\\v1/pets/1": false, "/shop/v10/pets/1": false, "/shop/v1.": false, "/shop/v1%20/pets/1": false,
		"/shop": false, "/": false, "/admin": false, "/shop/v%2531/pets/1": false, "http://localhost/shop/v1/public/ping": true, "http://localhost/admin": false,
	}
	type answer struct {
		status int
		came   []string
	}
	all := func() map[string]answer {
		answers := map[string]answer{}
		for target := range targets {
			for _, w := range wires() {
				for who, headers := range map[string][]string{"nobody": nil, "a key": {k}} {
					g.Upstream.Take()
					status := persistently(func() int { return w.send(g, "GET", target, headers...) })
					var lines []string
					for _, raw := range g.Upstream.Take() {
						line, _, _ := strings.Cut(raw, "\r\n")
						lines = append(lines, line)
					}
					answers[w.name+", "+who+": "+target] = answer{status, lines}
				}
			}
		}
		return answers
	}
	parts := all()
	require.NoError(t, g.Load(gatewayCaddyfile("openapi_gateway shop.yaml $UPSTREAM", "respond rest 418")))
	passed, left := 0, 0
	for name, got := range all() {
		want := parts[name]
		if got.status != rest {
			require.Equal(t, want, got, name)
			passed += len(got.came)
			continue
		}
		left++
		require.NotEqual(t, 200, want.status, name)
		require.Empty(t, got.came, name)
		_, target, _ := strings.Cut(name, ": ")
		require.False(t, targets[target], name)
	}
	require.Positive(t, passed)
	require.Positive(t, left)
}

func TestTheRestOfTheSite(t *testing.T) {
	other := harness.NewRecorder(t)
	g := harness.Start(t, gatewayCaddyfile("openapi_gateway shop.yaml $UPSTREAM", "handle /files/* {\n\t\trespond files\n\t}", "reverse_proxy "+other.Addr), map[string]string{"shop.yaml": shop})
	require.Equal(t, 200, g.Get("/shop/v1/public/ping").Status)
	require.Empty(t, other.Take())
	require.Len(t, g.Upstream.Take(), 1)
	require.Equal(t, 401, g.Get("/shop/v1/pets/1").Status)
	require.Equal(t, 404, g.Get("/shop/v1/nope").Status)
	require.Empty(t, other.Take())
	require.Equal(t, "files", g.Get("/files/a").Body)
	require.Equal(t, 200, g.Get("/else").Status)
	require.Len(t, other.Take(), 1)
	require.Empty(t, g.Upstream.Take())
	require.NotContains(t, g.Log(), "also reached without it")
}

// TestTheGatewayAtTheRoot leaves nothing to the rest of the site but what stands
// before it.
func TestTheGatewayAtTheRoot(t *testing.T) {
	g := harness.Start(t, gatewayCaddyfile("openapi_gateway shop.yaml $UPSTREAM {\n\t\tbase_path /\n\t}", "handle /files/* {\n\t\trespond files\n\t}", "respond rest"), map[string]string{"shop.yaml": shop})
	k := "X-Api-Key: " + key(t, g, alice)
	require.Equal(t, "upstream", g.Get("/pets/1", k).Body)
	require.Equal(t, "files", g.Get("/files/a").Body)
	require.Equal(t, 404, g.Get("/nope").Status)
	require.Equal(t, 404, g.Get("/").Status)
}

func TestBasePathsWithEscapes(t *testing.T) {
	g := harness.Start(t, gatewayCaddyfile("openapi_gateway a.yaml $UPSTREAM", "respond rest 418"), map[string]string{"a.yaml": apiFile("A", "/caf%C3%A9 Nr. 1", "/x: {get: {}}")})
	for target, want := range map[string]int{"/caf%C3%A9%20Nr.%201/x": 200, "/caf%c3%a9%20Nr%2e%201/x": 200, "/CAF%C3%89%20Nr.%201/x": 404, "/caf%C3%A9%20Nr.%201/y": 404, "/caf%C3%A9": 418, "/cafe%20Nr.%201/x": 418} {
		require.Equal(t, want, rawly(g, target), target)
		require.Len(t, g.Upstream.Take(), map[int]int{200: 1}[want], target)
	}
}

func TestOptionsOfTheGateway(t *testing.T) {
	g := harness.Start(t, gatewayCaddyfile(`openapi_gateway shop.yaml $UPSTREAM {
		identity_header X-User subject
		cors {
			allow_origins https://app.test
		}
		faults problem
		proxy {
			header_up X-Via gateway
			header_down X-Served yes
		}
	}`), map[string]string{"shop.yaml": shop})
	k := "X-Api-Key: " + key(t, g, alice)
	a := g.Get("/shop/v1/pets/1", k, "Origin: https://app.test")
	require.Equal(t, 200, a.Status)
	require.Equal(t, "yes", a.Header.Get("X-Served"))
	require.Equal(t, "https://app.test", a.Header.Get("Access-Control-Allow-Origin"))
	came := g.Upstream.Take()
	require.Equal(t, []string{"alice"}, harness.Header(came[0], "X-User"))
	require.Equal(t, []string{"gateway"}, harness.Header(came[0], "X-Via"))
	require.Equal(t, 204, g.Do(http.MethodOptions, "/shop/v1/pets/1", "", preflightOf("https://app.test", "GET", "x-api-key")...).Status)
	require.Equal(t, "application/problem+json", g.Get("/shop/v1/pets/1").Header.Get("Content-Type"))
	require.Empty(t, g.Upstream.Take())
}

// TestValidationOfTheGateway judges what passes, by templates without the base
// path, and with the faults of the gateway.
func TestValidationOfTheGateway(t *testing.T) {
	document := "openapi: 3.1.0\ninfo: {title: A, version: '1'}\nservers: [{url: /v1}]\nsecurity: []\npaths:\n" +
		"  /pets/{id}:\n    get: {parameters: [{name: id, in: path, required: true, schema: {type: integer}}]}\n"
	for _, upstream := range []string{"$UPSTREAM", "http://$UPSTREAM/api"} {
		g := harness.Start(t, gatewayCaddyfile("openapi_gateway a.yaml "+upstream+" {\n\t\tfaults problem\n\t\tvalidate\n\t}"), map[string]string{"a.yaml": document})
		require.Equal(t, 200, g.Get("/v1/pets/7").Status)
		require.Len(t, g.Upstream.Take(), 1)
		a := g.Get("/v1/pets/seven")
		require.Equal(t, 400, a.Status)
		require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
		require.Empty(t, g.Upstream.Take())
	}
}

// TestTheUpstreamInTheBlock is how dynamic upstreams are named.
func TestTheUpstreamInTheBlock(t *testing.T) {
	g := harness.Start(t, gatewayCaddyfile("openapi_gateway shop.yaml {\n\t\tproxy {\n\t\t\tto $UPSTREAM\n\t\t}\n\t}"), map[string]string{"shop.yaml": shop})
	require.Equal(t, "upstream", g.Get("/shop/v1/public/ping").Body)
}

func TestOriginsOfTheDocument(t *testing.T) {
	document := shop + "x-wso2-cors: {accessControlAllowOrigins: ['https://app.test']}\n"
	g := harness.Start(t, gatewayCaddyfile("openapi_gateway shop.yaml $UPSTREAM"), map[string]string{"shop.yaml": document})
	a := g.Do(http.MethodOptions, "/shop/v1/pets/1", "", preflightOf("https://app.test", "GET", "")...)
	require.Equal(t, 204, a.Status)
	require.Equal(t, "https://app.test", a.Header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, 401, g.Get("/shop/v1/pets/1", "Origin: https://app.test").Status)
}

// TestMetadataOfTheGateway: what describes an API to OAuth clients lies outside of
// its base path (RFC 9728 section 3.1).
func TestMetadataOfTheGateway(t *testing.T) {
	idp := startIDP(t)
	caddyfile := strings.Replace(trusting(tokenIssuer(idp)), "openapi_auth pets.yaml", "openapi_gateway pets.yaml $UPSTREAM", 1)
	caddyfile = strings.Replace(caddyfile, "\treverse_proxy $UPSTREAM\n", "\trespond rest\n", 1)
	g := harness.Start(t, caddyfile, petsFile())
	a := g.Get("/.well-known/oauth-protected-resource/v1")
	require.Equal(t, 200, a.Status)
	require.Contains(t, a.Body, `"resource":"https://localhost:`+g.HTTPS+`/v1"`)
	require.Equal(t, "rest", g.Get("/.well-known/oauth-protected-resource/v2").Body)
	require.Equal(t, 200, g.Get("/v1/pets", bearer(accessToken(t, idp, "app", "read:pets"))).Status)
}

func apiFile(title, server, paths string) string {
	return "openapi: 3.1.0\ninfo: {title: " + title + ", version: '1'}\nservers: [{url: '" + server + "'}]\nsecurity: []\npaths: {" + paths + "}\n"
}

func TestSeveralDocuments(t *testing.T) {
	files := map[string]string{
		"a.yaml": apiFile("A", "/v1", "/things: {get: {}}"), "b.yaml": apiFile("B", "/v1/shop", "'/{id}': {get: {}}"),
		"c.json": `{"openapi":"3.0.0","info":{"title":"C","version":"1"},"servers":[{"url":"/"}],"security":[],"paths":{"/x":{"get":{}}}}`, "notes.txt": "no document",
	}
	g := harness.Start(t, gatewayCaddyfile("openapi_gateway *.[yj]* $UPSTREAM {\n\t\tidentity_header X-Api api\n\t}", "respond rest"), files)
	for target, want := range map[string]string{"/v1/things": "A", "/v1/shop/7": "B", "/x": "C", "/v1/nope": "", "/v1/shop/7/8": "", "/y": "", "/v1//shop/7": "", "/V1/shop/7": "", "/v1/shop%2F7": "", "/v1/x/../shop/7": ""} {
		status := rawly(g, target)
		came := g.Upstream.Take()
		if want == "" {
			require.Contains(t, []int{400, 404}, status, target)
			require.Empty(t, came, target)
			continue
		}
		require.Equal(t, 200, status, target)
		require.Equal(t, []string{want}, harness.Header(came[0], "X-Api"), target)
	}
}

func TestGatewayRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	for name, content := range map[string]string{
		"pets.yaml": apiFile("Pets", "/v1", "/pets: {get: {}}"), "star.yaml": apiFile("Star", "/a*b", "/x: {get: {}}"),
		"empty.yaml": apiFile("Empty", "/v1", ""), "none.yaml": "openapi: 3.0.0\n",
		"login.yaml":   apiFile("Login", "/v1", "/x: {get: {}}") + "x-wso2-production-endpoints: {urls: ['http://h'], securityConfig: {type: basic, username: kim}}\n",
		"labels.yaml":  apiFile("Labels", "/v1", "/x: {get: {operationId: 'GET /y'}}, /y: {get: {x-wso2-production-endpoints: {urls: ['http://i']}}}") + "x-wso2-production-endpoints: {urls: ['http://h']}\n",
		"logins.yaml":  apiFile("Logins", "/v1", "/x: {get: {}}, /y: {get: {x-wso2-production-endpoints: {urls: ['http://i']}}}") + "x-wso2-production-endpoints: {urls: ['http://h'], securityConfig: {type: basic, username: kim}}\n",
		"admin.yaml":   apiFile("Admin", "http://127.0.0.1:2019/", "/load: {post: {}}"),
		"token.yaml":   apiFile("Token", "/v1", "/x: {get: {security: [{t: []}]}}") + "components: {securitySchemes: {t: {type: http, scheme: bearer}}}\n",
		"several.yaml": strings.Replace(apiFile("Several", "http://h/v1", "/x: {get: {}}, /y: {get: {x-wso2-production-endpoints: {urls: ['http://i']}}}"), "}]", "}, {url: 'http://h/v2'}]", 1),
	} {
		write(name, content)
	}
	const to = " 127.0.0.1:8080"
	for name, tc := range map[string]struct{ line, want string }{
		"no document":                   {"openapi_gateway", "2: openapi_gateway wants an OpenAPI document"},
		"an empty name":                 {`openapi_gateway ""`, "2: openapi_gateway wants an OpenAPI document"},
		"a matcher":                     {"@m path /x\n\topenapi_gateway @m pets.yaml" + to, "3: openapi_gateway takes no matcher"},
		"no such file":                  {"openapi_gateway nope.yaml" + to, "2: no such file"},
		"no match":                      {"openapi_gateway nope/*.yaml" + to, "2: nope/*.yaml: no file matches this pattern"},
		"a pattern that is none":        {"openapi_gateway a[.yaml" + to, "2: a[.yaml: syntax error in pattern"},
		"no document in the file":       {"openapi_gateway none.yaml" + to, "2: none.yaml:1: the member info is missing"},
		"an unknown option":             {"openapi_gateway pets.yaml" + to + " {\n\t\tfaults caddy\n\t\tbasepath /v1\n\t}", "4: unrecognized option of openapi_auth: basepath"},
		"a bad option of cors":          {"openapi_gateway pets.yaml" + to + " {\n\t\tcors {\n\t\t\torigins x\n\t\t}\n\t}", "4: unrecognized option of openapi_cors: origins"},
		"a bad option of the proxy":     {"openapi_gateway pets.yaml" + to + " {\n\t\tproxy {\n\t\t\tlb_polisy first\n\t\t}\n\t}", "4: unrecognized subdirective lb_polisy"},
		"a block twice":                 {"openapi_gateway pets.yaml" + to + " {\n\t\tcors\n\t\tcors\n\t}", "4: cors is given twice"},
		"an argument of a block":        {"openapi_gateway pets.yaml {\n\t\tproxy 127.0.0.1:8080\n\t}", "3: proxy takes no argument"},
		"an option twice":               {"openapi_gateway pets.yaml" + to + " {\n\t\tbase_path /a\n\t\tproxy {\n\t\t}\n\t\tbase_path /b\n\t}", "6: base_path is given twice"},
		"a relative server":             {"openapi_gateway pets.yaml", `2: pets.yaml:3: /servers/0: the URL "/v1" names no server to send requests to: name an upstream`},
		"an upstream with a query":      {"openapi_gateway pets.yaml http://h/a?b", "2: upstream http://h/a?b: its path must be like /v2"},
		"upstreams with different path": {"openapi_gateway pets.yaml http://h/a http://i", "2: the upstreams have different paths"},
		"no operation":                  {"openapi_gateway empty.yaml" + to, "2: empty.yaml declares no operation"},
		"a base path like a pattern":    {"openapi_gateway star.yaml" + to, "2: star.yaml: no path matcher can be written for the base path /a*b: name another one with base_path"},
		"a login without a password":    {"openapi_gateway login.yaml", "2: login.yaml:6: /x-wso2-production-endpoints: its servers want kim to log in (securityConfig)"},
		"a login that others would get": {"openapi_gateway logins.yaml {\n\t\tproxy {\n\t\t\theader_up Authorization \"Basic {env.LOGIN}\"\n\t\t}\n\t}", "2: logins.yaml:6: /x-wso2-production-endpoints: its servers want kim to log in (securityConfig), and other endpoints of the document don't"},
		"the admin API":                 {"openapi_gateway admin.yaml", "2: admin.yaml:3: /servers/0: http://127.0.0.1:2019 is the admin API of this program"},
		"a resource like a placeholder": {"openapi_gateway token.yaml" + to + " {\n\t\tresource https://api.test/{env.SECRET}\n\t}", "2: token.yaml: no path matcher can be written for /.well-known/oauth-protected-resource/{env.SECRET}: name another resource"},
		"labels that are one":           {"openapi_gateway labels.yaml", "2: labels.yaml: GET /y names two operations that go to different endpoints: change the operationId"},
		"base paths that stay and not":  {"openapi_gateway several.yaml", "2: several.yaml: some requests keep one of the base paths (servers), and others don't (endpoints)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := harness.Adapt(filepath.Join(dir, "Caddyfile"), "http://localhost {\n\t"+tc.line+"\n}\n")
			line, text, _ := strings.Cut(tc.want, ": ")
			require.ErrorContains(t, err, "at "+filepath.Join(dir, "Caddyfile")+":"+line)
			require.Contains(t, strings.ReplaceAll(err.Error(), dir+"/", ""), text)
		})
	}
	pets := apiFile("Pets", "/v1", "/pets: {get: {operationId: list}}")
	for name, tc := range map[string]struct{ a, b, want string }{
		"name-and-version":    {pets, strings.Replace(pets, "/v1", "/v2", 1), `a.yaml and b.yaml both are API "Pets" version "1": change info.title or info.version of one`},
		"base-path":           {pets, apiFile("B", "/v1", "/birds: {get: {}}"), "a.yaml and b.yaml both have the base path /v1, and all below it is answered by one document: give one of them another base path (servers, x-wso2-basePath), or make them one document"},
		"base-path-by-case":   {pets, apiFile("B", "/V1", "/birds: {get: {}}"), "a.yaml and b.yaml both have the base path /V1"},
		"base-path-by-case-2": {apiFile("A", "/\u0130", "/a: {get: {}}"), apiFile("B", "/i", "/b: {get: {}}"), "a.yaml and b.yaml both have the base path /i"},
		"the-root":            {apiFile("A", "/", "/a: {get: {}}"), apiFile("B", "/", "/b: {get: {}}"), "both have the base path /,"},
		"path":                {pets, apiFile("B", "/v1", "/pets: {post: {operationId: add}}"), "a.yaml and b.yaml claim the same path below /v1, by the operations list and add: give one"},
		"path-by-parameter":   {apiFile("A", "/v1", "'/{kind}/{id}': {get: {operationId: any}}"), apiFile("B", "/v1/pets", "'/{id}': {get: {operationId: one}}"), "a.yaml and b.yaml claim the same path below /v1/pets, by the operations any and one"},
		"below-a-base-path":   {pets, apiFile("B", "/v1/pets", "'/{id}': {get: {}}"), "a.yaml: the operation list lies below the base path /v1/pets of b.yaml, where all is answered by that document"},
		"below-a-base-path-2": {apiFile("A", "/v1/pets", "'/{id}': {get: {}}"), strings.Replace(pets, "Pets", "B", 1), "b.yaml: the operation list lies below the base path /v1/pets of a.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			write(name+"/a.yaml", tc.a)
			write(name+"/b.yaml", tc.b)
			_, err := harness.Adapt(filepath.Join(dir, "Caddyfile"), "http://localhost {\n\topenapi_gateway "+name+"/*.yaml"+to+"\n}\n")
			require.ErrorContains(t, err, "at "+filepath.Join(dir, "Caddyfile")+":2")
			require.Contains(t, strings.ReplaceAll(err.Error(), filepath.Join(dir, name)+"/", ""), tc.want)
		})
	}
}

// TestDocumentsWithNamesLikeMatchers are named by a pattern.
func TestDocumentsWithNamesLikeMatchers(t *testing.T) {
	g := harness.New(t, map[string]string{"@a.yaml": apiFile("A", "/v1", "/x: {get: {}}") + "x-wso2-cors: {accessControlAllowOrigins: ['https://app.test']}\n", "b.yaml": apiFile("B", "/v2", "/x: {get: {}}")})
	require.NoError(t, g.Load(gatewayCaddyfile("openapi_gateway *.yaml $UPSTREAM {\n\t\tvalidate\n\t}")))
	require.Equal(t, 200, g.Get("/v1/x").Status)
	require.Equal(t, 200, g.Get("/v2/x").Status)
}
