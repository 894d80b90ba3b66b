package modules_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

func withCORS(options ...string) string {
	block := ""
	if len(options) > 0 {
		block = " {\n\t\t" + strings.Join(options, "\n\t\t") + "\n\t}"
	}
	return strings.Replace(shopCaddyfile, "\topenapi_auth", "\topenapi_cors shop.yaml"+block+"\n\topenapi_auth", 1)
}

// preflightOf are the lines of a preflight as Chromium sends it.
func preflightOf(origin, method, headers string) []string {
	lines := []string{
		"Accept: */*", "Access-Control-Request-Method: " + method, "Origin: " + origin, "Sec-Fetch-Mode: cors",
		"Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: empty", "Referer: " + origin + "/",
	}
	if headers != "" {
		lines = append(lines, "Access-Control-Request-Headers: "+headers)
	}
	return lines
}

func TestPreflightsAreAnsweredForWhatIsDeclared(t *testing.T) {
	g := harness.Start(t, withCORS("allow_origins https://app.test https://*.shop.test", "max_age 5m"), map[string]string{"shop.yaml": shop})
	for name, tc := range map[string]struct {
		path    string
		lines   []string
		status  int
		allowed bool
	}{
		"a declared operation":   {petPath, preflightOf("https://app.test", "GET", ""), 204, true},
		"with its key's header":  {petPath, preflightOf("https://app.test", "PUT", "content-type,x-api-key"), 204, true},
		"from below a domain":    {petPath, preflightOf("https://a.shop.test", "GET", ""), 204, true},
		"from another origin":    {petPath, preflightOf("https://evil.test", "GET", ""), 204, false},
		"from a lookalike":       {petPath, preflightOf("https://app.test.evil.test", "GET", ""), 204, false},
		"over plain HTTP":        {petPath, preflightOf("http://app.test", "GET", ""), 204, false},
		"from nowhere":           {petPath, preflightOf("null", "GET", ""), 204, false},
		"another header":         {petPath, preflightOf("https://app.test", "GET", "x-secret"), 204, false},
		"an undeclared method":   {petPath, preflightOf("https://app.test", "DELETE", ""), 405, false},
		"an undeclared path":     {"/shop/v1/none", preflightOf("https://app.test", "GET", ""), 404, false},
		"a path that is no path": {"/shop/v1/pets%2F1", preflightOf("https://app.test", "GET", ""), 400, false},
		"OPTIONS of its own":     {petPath, []string{"Origin: https://app.test"}, 405, true},
		"no origin":              {petPath, []string{"Access-Control-Request-Method: GET"}, 405, false},
		"two methods":            {petPath, append(preflightOf("https://app.test", "GET", ""), "Access-Control-Request-Method: PUT"), 405, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := g.Do(http.MethodOptions, tc.path, "", tc.lines...)
			require.Equal(t, tc.status, a.Status, a.Body)
			allowed := a.Header.Get("Access-Control-Allow-Origin")
			require.Equal(t, tc.allowed, allowed != "", allowed)
			require.Empty(t, a.Header.Get("Access-Control-Allow-Credentials"))
			if tc.status == 204 && tc.allowed {
				require.Equal(t, "300", a.Header.Get("Access-Control-Max-Age"))
			}
		})
	}
	require.Empty(t, g.Upstream.Take(), "no preflight reaches the upstream")
}

func TestResponsesAreForAllowedOrigins(t *testing.T) {
	g := harness.Start(t, withCORS("allow_origins https://app.test", "expose_headers X-Total", "allow_credentials"), map[string]string{"shop.yaml": shop})
	k := "X-Api-Key: " + key(t, g, alice)
	a := g.Get(petPath, k, "Origin: https://app.test")
	require.Equal(t, 200, a.Status)
	require.Equal(t, []string{"https://app.test"}, a.Header.Values("Access-Control-Allow-Origin"))
	require.Equal(t, "true", a.Header.Get("Access-Control-Allow-Credentials"))
	require.Equal(t, "X-Total", a.Header.Get("Access-Control-Expose-Headers"))
	require.Contains(t, strings.Join(a.Header.Values("Vary"), ","), "Origin")

	refused := g.Get(petPath, "Origin: https://app.test")
	require.Equal(t, 401, refused.Status)
	require.Equal(t, "https://app.test", refused.Header.Get("Access-Control-Allow-Origin"), "a page may read why")
	other := g.Get(petPath, k, "Origin: https://evil.test")
	require.Equal(t, 200, other.Status)
	require.Empty(t, other.Header.Get("Access-Control-Allow-Origin"))
	require.Empty(t, g.Get(petPath, k).Header.Get("Access-Control-Allow-Origin"))
}

func TestTheUpstreamsWordOnOriginsDoesNotCount(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}))
	defer upstream.Close()
	caddyfile := strings.Replace(withCORS("allow_origins https://app.test"), "$UPSTREAM", upstream.Listener.Addr().String(), 1)
	g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
	a := g.Get("/shop/v1/public/ping", "Origin: https://app.test")
	require.Equal(t, 200, a.Status)
	require.Equal(t, []string{"https://app.test"}, a.Header.Values("Access-Control-Allow-Origin"))
	require.Empty(t, a.Header.Get("Access-Control-Allow-Credentials"))
}

func TestTheDocumentMaySayWhoseOrigins(t *testing.T) {
	for name, members := range map[string]string{
		"camelCase":  `{accessControlAllowOrigins: ["https://app.test"], accessControlAllowMethods: [GET], accessControlAllowHeaders: [X-A]}`,
		"kebab-case": `{access-control-allow-origins: ["https://app.test"], access-control-allow-methods: [GET], access-control-allow-headers: [X-A]}`,
	} {
		t.Run(name, func(t *testing.T) {
			g := harness.Start(t, withCORS(), map[string]string{"shop.yaml": "x-wso2-cors: " + members + "\n" + shop})
			allowed := func(lines []string) bool {
				return g.Do(http.MethodOptions, petPath, "", lines...).Header.Get("Access-Control-Allow-Origin") != ""
			}
			require.True(t, allowed(preflightOf("https://app.test", "GET", "x-a")))
			require.False(t, allowed(preflightOf("https://app.test", "GET", "x-b")))
			require.False(t, allowed(preflightOf("https://app.test", "PUT", "")))
			require.False(t, allowed(preflightOf("https://other.test", "GET", "")))
		})
	}
}

func TestCORSThatIsUnsafeIsRefused(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": shop, "other.yaml": strings.Replace(shop, "title: Shop", "title: Other", 1)})
	for options, want := range map[string]string{
		"allow_origins *\n\t\tallow_credentials":     "credentials for every origin (*)",
		"allow_credentials":                          "no origin is allowed: name some with allow_origins",
		"allow_origins app.test":                     `origin "app.test": must be like https://app.example.com`,
		"allow_origins https://app.test/":            "must have no path",
		"allow_origins https://App.test":             "small letters",
		"allow_origins https://*.test":               "a whole top-level domain",
		"allow_origins https://a.*.test":             "must be like",
		"allow_origins null":                         "must be like",
		"allow_origins *\n\t\tallow_methods get":     `"get" is no method`,
		"allow_origins *\n\t\tallow_methods *":       "* is no method: name them, or say nothing",
		"allow_origins *\n\t\tallow_headers \"a b\"": `"a b" is no header name`,
		"allow_origins *\n\t\tallow_origins *":       "allow_origins is given twice",
		"origins *":                                  "unrecognized option of openapi_cors: origins",
		"max_age 0s":                                 "not a duration above 0",
		"allow_credentials yes":                      "takes no argument",
	} {
		require.ErrorContains(t, g.Validate(withCORS(options)), want, options)
	}
	require.ErrorContains(t, g.Load(strings.Replace(withCORS("allow_origins *"), "openapi_cors shop.yaml", "openapi_cors other.yaml", 1)),
		"no openapi_auth serves this document")
	require.ErrorContains(t, g.Validate(strings.Replace(withCORS(), "openapi_cors shop.yaml", "openapi_cors", 1)), "wants the OpenAPI document")
}

// TestPreflightsOfChromium replays, byte for byte, what Chromium 156 sent when a
// page of http://localhost:41001 fetched from http://localhost:41002.
func TestPreflightsOfChromium(t *testing.T) {
	g := harness.Start(t, withCORS("allow_origins http://localhost:41001"), map[string]string{"shop.yaml": shop})
	for name, want := range map[string]struct {
		status  int
		headers string
	}{
		"read":             {204, "x-api-key"},
		"write":            {204, "content-type,x-api-key"},
		"login":            {204, "authorization"},
		"with-credentials": {204, "x-api-key"},
		"undeclared":       {405, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bytes, err := os.ReadFile(filepath.Join("testdata", "preflights", name+".http"))
			require.NoError(t, err)
			c, err := net.Dial("tcp", "127.0.0.1:"+g.HTTP)
			require.NoError(t, err)
			defer c.Close()
			_, err = c.Write(bytes)
			require.NoError(t, err)
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			require.NoError(t, err)
			defer res.Body.Close()
			require.Equal(t, want.status, res.StatusCode)
			if want.status != 204 {
				return
			}
			require.Equal(t, "http://localhost:41001", res.Header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, want.headers, res.Header.Get("Access-Control-Allow-Headers"))
			require.NotEmpty(t, res.Header.Get("Access-Control-Allow-Methods"))
			require.Empty(t, res.Header.Get("Access-Control-Allow-Credentials"))
		})
	}
	require.Empty(t, g.Upstream.Take())
}

// TestPreflightsOfEachSite: a site may read the document of another one by options
// of its own.
func TestPreflightsOfEachSite(t *testing.T) {
	site := func(name, base string) string {
		return "http://" + name + ":$HTTP {\n\topenapi_gateway a.yaml $UPSTREAM {\n\t\tbase_path " + base + "\n\t\tcors {\n\t\t\tallow_origins https://app.test\n\t\t}\n\t}\n}\n"
	}
	g := harness.Start(t, "{\n\t$GLOBAL\n}\n"+strings.Replace(site("a.test", "/a"), " {", ", https://localhost:$HTTPS {", 1)+site("b.test", "/b")+site("c.test", "/c"), map[string]string{"a.yaml": apiFile("A", "/v1", "/x: {get: {}}")})
	for _, name := range []string{"a", "b", "c"} {
		for _, base := range []string{"a", "b", "c"} {
			want := map[bool]int{true: 204, false: 200}[name == base] // 200: no route of the site
			status := g.Raw(false, "OPTIONS /"+base+"/x HTTP/1.1\r\nHost: "+name+".test\r\n"+strings.Join(preflightOf("https://app.test", "GET", ""), "\r\n")+"\r\n\r\n")
			require.Equal(t, want, status, "%s: /%s", name, base)
		}
	}
}

// TestCachesAreToldOfOrigins: what is kept of a request without an origin must not
// be the answer to one with.
func TestCachesAreToldOfOrigins(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Vary", "Accept")
	}))
	defer upstream.Close()
	caddyfile := strings.Replace(withCORS("allow_origins https://app.test"), "$UPSTREAM", upstream.Listener.Addr().String(), 1)
	g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
	for _, lines := range [][]string{nil, {"Origin: https://app.test"}, {"Origin: https://evil.test"}} {
		a := g.Get("/shop/v1/public/ping", lines...)
		require.Equal(t, 200, a.Status)
		vary := strings.Join(a.Header.Values("Vary"), ", ")
		require.Contains(t, vary, "Origin", lines)
		require.Contains(t, vary, "Accept", lines)
		require.NotEqual(t, "*", a.Header.Get("Access-Control-Allow-Origin"), lines)
	}
}

// silent is an upstream that has its own word on origins, and writes no header.
type silent struct{}

func init() {
	caddy.RegisterModule(silent{})
	httpcaddyfile.RegisterHandlerDirective("mgw_test_silent", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) { return silent{}, nil })
	httpcaddyfile.RegisterDirectiveOrder("mgw_test_silent", httpcaddyfile.Before, "reverse_proxy")
}

func (silent) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.mgw_test_silent", New: func() caddy.Module { return new(silent) }}
}

func (silent) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	switch r.URL.RawQuery {
	case "flush":
		return http.NewResponseController(w).Flush()
	case "copy":
		_, err := io.Copy(w, struct{ io.Reader }{strings.NewReader("pong")})
		return err
	}
	_, err := io.WriteString(w, "pong")
	return err
}

func TestTheWordOnOriginsWithoutAHeader(t *testing.T) {
	caddyfile := strings.Replace(withCORS("allow_origins https://app.test"), "reverse_proxy $UPSTREAM", "mgw_test_silent", 1)
	g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
	for _, query := range []string{"flush", "copy", "write"} {
		a := g.Get("/shop/v1/public/ping?"+query, "Origin: https://app.test")
		require.Equal(t, 200, a.Status)
		require.Equal(t, []string{"https://app.test"}, a.Header.Values("Access-Control-Allow-Origin"), query)
	}
}

// TestAPageMayReadWhy it was refused, by whom ever that was.
func TestAPageMayReadWhy(t *testing.T) {
	document := "openapi: 3.1.0\ninfo: {title: A, version: '1'}\nservers: [{url: /v1}]\n" +
		"components: {securitySchemes: {login: {type: http, scheme: basic}}}\n" +
		"paths:\n  /open: {get: {security: []}}\n  /login: {get: {security: [{login: []}]}}\n  /chief: {get: {security: [{login: [nobody]}]}}\n" +
		"  /n/{id}: {get: {security: [], parameters: [{name: id, in: path, required: true, schema: {type: integer}}]}}\n"
	for _, faults := range []string{"wso2", "caddy"} {
		g := harness.Start(t, gatewayCaddyfile("openapi_gateway a.yaml 127.0.0.1:1 {\n\t\tfaults "+faults+"\n\t\tcors {\n\t\t\tallow_origins https://app.test\n\t\t}\n\t\tvalidate\n\t}", "handle_errors {\n\t\trespond sorry\n\t}"), map[string]string{"a.yaml": document})
		for target, want := range map[string]int{"/v1/open": 502, "/v1/login": 401, "/v1/chief": 403, "/v1/none": 404, "/v1//open": 400, "/v1/n/x": 400} {
			for origin, allowed := range map[string][]string{"https://app.test": {"https://app.test"}, "https://evil.test": nil} {
				a := g.Get(target, "Origin: "+origin, alice)
				if want == 401 {
					a = g.Get(target, "Origin: "+origin)
				}
				require.Equal(t, want, a.Status, target)
				require.Equal(t, allowed, a.Header.Values("Access-Control-Allow-Origin"), "%s: %s", faults, target)
				require.Contains(t, strings.Join(a.Header.Values("Vary"), ", "), "Origin", target)
			}
		}
		require.Equal(t, 405, g.Do(http.MethodPost, "/v1/open", "", "Origin: https://app.test").Status)
		g.Stop()
	}
}
