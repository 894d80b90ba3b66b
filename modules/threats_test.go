package modules_test

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// The gateway of the threat rows answers for every Host, so that no row passes
// because no site matched.
var threatCaddyfile = strings.Replace(shopCaddyfile, "$SITE {", "http://:$HTTP, https://localhost:$HTTPS {", 1)

// wire sends one request in each version of HTTP.
type wire struct {
	name string
	send func(g *harness.Gateway, method, target string, headers ...string) int
}

func wires() []wire {
	h1 := func(secure bool) func(*harness.Gateway, string, string, ...string) int {
		return func(g *harness.Gateway, method, target string, headers ...string) int {
			return g.Raw(secure, method+" "+target+" HTTP/1.1\r\nHost: localhost\r\n"+lines(headers)+"\r\n")
		}
	}
	return []wire{{"h1", h1(false)}, {"h1 TLS", h1(true)}, {"h2", func(g *harness.Gateway, method, target string, headers ...string) int {
		fields := []string{":method", method, ":scheme", "https", ":authority", "localhost", ":path", target}
		for _, line := range headers {
			name, value, _ := strings.Cut(line, ": ")
			fields = append(fields, strings.ToLower(name), value)
		}
		return g.RawH2(fields...)
	}}}
}

func lines(headers []string) string {
	if len(headers) == 0 {
		return ""
	}
	return strings.Join(headers, "\r\n") + "\r\n"
}

// TestPathsThatAnUpstreamMightReadOtherwise (THREATS A) sends each with no
// credential and with a good one of low privilege. None may reach the upstream
// as anything that it was not authorised as.
func TestPathsThatAnUpstreamMightReadOtherwise(t *testing.T) {
	g := harness.Start(t, threatCaddyfile, map[string]string{"shop.yaml": shop})
	k := "X-Api-Key: " + key(t, g, alice)
	for _, target := range []string{
		"/shop/v1/admin/stats", "/shop/v1/public/../admin/stats", "/shop/v1/public/./ping", "/shop/v1/public/.", "/shop/v1/public/..",
		"/shop/v1/public/%2e%2e/admin/stats", "/shop/v1/public/%2E%2E/admin/stats", "/shop/v1/public/.%2e/admin/stats", "/shop/v1/public/%2e./admin/stats",
		"/shop/v1/public%2f..%2fadmin/stats", "/shop/v1/public/..%2fadmin%2fstats", "/shop/v1/public/%2e%2e%2fadmin/stats", "/shop/v1/public/..%5cadmin", `/shop/v1/public\..\admin\stats`,
		"//admin/stats", "//shop/v1/admin/stats", "/shop//v1/admin/stats", "/shop/v1//admin/stats", "/shop/v1/public//ping", "/shop/v1/public/ping//",
		"/shop/v1/pets/a%2Fb", "/shop/v1/pets/a%5Cb", "/shop/v1/pets/1/", "/shop/v1/public/ping/",
		"/shop/v1/admin/stats;x=1", "/shop/v1/admin;a=b/stats", "/shop/v1/public/..;/admin/stats", "/shop/v1/public/%2e%2e;/admin/stats", "/shop/v1/public/x%3B/y", "/shop/v1/public/ping;",
		"/SHOP/../shop/v1/admin/stats", "/SHOP/v1/admin/stats", "/shop/v1/Admin/stats", "/shop/v1/admin/STATS",
		"/shop/v1/%2561dmin/stats", "/shop/v1/public/%252e%252e/admin/stats", "/shop/v1/public/%252f", "/shop/v1/public/%255c", "/shop/v1/public/%253B",
		"/shop/v1/public/%c0%ae%c0%ae/admin/stats", "/shop/v1/public/%e0%80%ae", "/shop/v1/public/%ff", "/shop/v1/public/%c0%af", "/shop/v1/public/\xff",
		"/shop/v1/public/x#/../../admin/stats", "/shop/v1/public/x%23", "/shop/v1/public/ping#",
		"/shop/v1/public/%00", "/shop/v1/public/%0d%0aX-A:b", "/shop/v1/public/%7f", "/shop/v1/public/a%09b",
		"/shop/v1/pets/{petId}", "/shop/v1/pets/%7BpetId%7D", "/shop/v1/public/{rest}",
		"/shop/v1/nope", "/admin", "/", "/shop", "/shop/v1", "/shop/v1/", "/shop/v1/pets/", "/shop/v1/pets/1/2",
		"/shop/v1/%70ets/1", "/shop/v1/public/p%69ng", "/%73hop/v1/admin/stats",
		"/shop/v1/public/ping?x=1;y=2", "/shop/v1/public/ping?%zz", "/shop/v1/public/ping?a=%00",
		"/shop/v1/public/%2e", "/shop/v1/public/...", "/shop/v1/public/.../x", "/shop/v1/public/%u002e",
	} {
		for _, w := range wires() {
			for who, headers := range map[string][]string{"nobody": nil, "a key": {k}} {
				t.Run(w.name+" "+who+" "+target, func(t *testing.T) {
					g.Upstream.Take()
					status := w.send(g, "GET", target, headers...)
					came := g.Upstream.Take()
					if status != 200 {
						require.Contains(t, []int{0, 400, 401, 404, 405}, status)
						require.Empty(t, came)
						return
					}
					require.Len(t, came, 1)
					requestLine, _, _ := strings.Cut(came[0], "\r\n")
					received := strings.Fields(requestLine)[1]
					sent := strings.NewReplacer("{", "%7B", "}", "%7D").Replace(target) // Go writes braces so
					require.Equal(t, sent, received, "byte for byte")
					requireOneReading(t, received)
					for _, secured := range []string{"admin", "both", "mtls"} {
						require.NotContains(t, strings.ToLower(received), secured)
					}
					if strings.Contains(received, "/pets") {
						require.NotNil(t, headers, "the pets want a key")
					}
				})
			}
		}
	}
}

// requireOneReading holds that lenient servers find the very same resource:
// after decoding, cleaning of dot segments, merging of slashes, and cutting of
// path parameters nothing has changed.
func requireOneReading(t *testing.T, target string) {
	t.Helper()
	raw, _, _ := strings.Cut(target, "?")
	decoded, err := url.PathUnescape(raw)
	require.NoError(t, err)
	for name, read := range map[string]func(string) string{
		"dot segments and slashes": func(p string) string {
			if strings.HasSuffix(p, "/") {
				return path.Clean(p) + "/"
			}
			return path.Clean(p)
		},
		"path parameters": func(p string) string { before, _, _ := strings.Cut(p, ";"); return before },
		"backslashes":     func(p string) string { return strings.ReplaceAll(p, `\`, "/") },
		"fragments":       func(p string) string { before, _, _ := strings.Cut(p, "#"); return before },
		"nul":             func(p string) string { before, _, _ := strings.Cut(p, "\x00"); return before },
	} {
		require.Equal(t, raw, read(raw), name)
		require.Equal(t, decoded, read(decoded), name)
	}
}

// TestTargetsThatAreNoOriginForm (THREATS A23 to A27, O2, O3, B10).
func TestTargetsThatAreNoOriginForm(t *testing.T) {
	g := harness.Start(t, threatCaddyfile, map[string]string{"shop.yaml": shop})
	for _, line := range []string{
		"GET http://evil.test/shop/v1/public/ping", "GET http://localhost/shop/v1/public/ping", "GET http://user:pw@localhost/shop/v1/public/ping",
		"GET ftp://localhost/shop/v1/public/ping", "GET https://localhost/shop/v1/public/ping", "CONNECT evil.test:443", "CONNECT /shop/v1/public/ping",
		"GET *", "GET shop/v1/public/ping", "GET //evil.test/shop/v1/public/ping", "OPTIONS http://localhost/shop/v1/public/ping",
	} {
		for _, secure := range []bool{false, true} {
			status := g.Raw(secure, line+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
			require.Empty(t, g.Upstream.Take(), line)
			if secure && strings.Contains(line, "evil.test") {
				continue // no site has that name: Caddy answers an empty 200
			}
			require.Contains(t, []int{0, 400, 404, 405}, status, line)
		}
	}
	require.Equal(t, 200, g.Raw(false, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"), "Go itself answers it")
	require.Empty(t, g.Upstream.Take())
	for name, fields := range map[string][]string{
		"no slash":           {":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", "shop/v1/public/ping"},
		"asterisk":           {":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", "*"},
		"two paths":          {":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", "/shop/v1/public/ping", ":path", "/shop/v1/admin/stats"},
		"no path":            {":method", "GET", ":scheme", "https", ":authority", "localhost"},
		"absolute":           {":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", "https://evil.test/shop/v1/public/ping"},
		"connect":            {":method", "CONNECT", ":authority", "localhost:443"},
		"upper-case header":  {":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", "/shop/v1/public/ping", "X-A", "b"},
		"connection":         {":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", "/shop/v1/public/ping", "connection", "x-auth-user"},
		"te":                 {":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", "/shop/v1/public/ping", "te", "gzip"},
		"pseudo after":       {":method", "GET", ":scheme", "https", ":authority", "localhost", "x-a", "b", ":path", "/shop/v1/public/ping"},
		"extended connect":   {":method", "CONNECT", ":scheme", "https", ":authority", "localhost", ":path", "/shop/v1/public/ping", ":protocol", "websocket"},
		"line feed in value": {":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", "/shop/v1/public/ping", "x-a", "b\nc"},
	} {
		require.NotEqual(t, 200, g.RawH2(fields...), name)
		require.Empty(t, g.Upstream.Take(), name)
	}
}

// TestTheHostDoesNotMatter (THREATS A29): no spelling of it opens what is closed.
func TestTheHostDoesNotMatter(t *testing.T) {
	g := harness.Start(t, threatCaddyfile, map[string]string{"shop.yaml": shop})
	for _, host := range []string{"localhost", "LOCALHOST", "localhost:80", "localhost.", "localhost%00", "localhost, evil.test", "evil.test", "", "[::1]"} {
		status := g.Raw(false, "GET /shop/v1/admin/stats HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
		require.Contains(t, []int{0, 400, 401}, status, host)
	}
	require.Equal(t, 401, g.Raw(false, "GET /shop/v1/admin/stats HTTP/1.0\r\n\r\n"))
	require.Empty(t, g.Upstream.Take())
}

// TestMethodsAreExact (THREATS B).
func TestMethodsAreExact(t *testing.T) {
	g := harness.Start(t, threatCaddyfile, map[string]string{"shop.yaml": shop})
	k := "X-Api-Key: " + key(t, g, alice)
	for _, method := range []string{"get", "Get", "gEt", "FOO", "QUERY", "TRACE", "HEAD", "OPTIONS", "PROPFIND", "DELETE", strings.Repeat("A", 40)} {
		for _, w := range wires() {
			for _, target := range []string{"/shop/v1/pets/1", "/shop/v1/public/ping", "/shop/v1/admin/stats"} {
				status := w.send(g, method, target, k, bob)
				require.Contains(t, []int{0, 400, 405}, status, "%s %s %s", w.name, method, target)
				require.Empty(t, g.Upstream.Take())
			}
		}
	}
	// Overrides neither change the decision nor reach the upstream.
	for _, header := range []string{"X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Envoy-Original-Path", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		for _, w := range wires() {
			require.Equal(t, 200, w.send(g, "GET", "/shop/v1/public/ping", header+": /shop/v1/admin/stats"))
			came := g.Upstream.Take()
			require.Len(t, came, 1)
			require.NotContains(t, came[0], "admin", header)
			require.Equal(t, 401, w.send(g, "GET", "/shop/v1/admin/stats", header+": /shop/v1/public/ping"))
		}
	}
	require.Empty(t, g.Upstream.Take())
}

// TestHowKeysArePresented (THREATS I2 to I14).
func TestHowKeysArePresented(t *testing.T) {
	g := harness.Start(t, threatCaddyfile, map[string]string{"shop.yaml": shop})
	k, other := key(t, g, alice), key(t, g, alice)
	many := "Cookie: " + strings.Repeat("a=b; ", 2900)
	for name, tc := range map[string]struct {
		target  string
		headers []string
		status  []int
	}{
		"I2 different keys in header and query": {"/shop/v1/pets/1?apikey=" + other, []string{"X-Api-Key: " + k}, []int{401}},
		"I2 the same in both":                   {"/shop/v1/pets/1?apikey=" + k, []string{"X-Api-Key: " + k}, []int{200}},
		"I2 valid and invalid":                  {"/shop/v1/pets/1?apikey=nonsense", []string{"X-Api-Key: " + k}, []int{401}},
		"I4 twice":                              {"/shop/v1/pets/1?apikey=" + k + "&apikey=" + k, nil, []int{401}},
		"I4 twice, once encoded":                {"/shop/v1/pets/1?apikey=" + k + "&%61pikey=" + other, nil, []int{401}},
		"I4 another case":                       {"/shop/v1/pets/1?APIKEY=" + k, nil, []int{401}},
		"I4 an encoded name":                    {"/shop/v1/pets/1?%61pikey=" + k, nil, []int{200}},
		"I4 brackets":                           {"/shop/v1/pets/1?apikey[]=" + k, nil, []int{401}},
		"I4 no value":                           {"/shop/v1/pets/1?apikey", nil, []int{401}},
		"I4 1,001 parameters":                   {"/shop/v1/pets/1?apikey=" + k + strings.Repeat("&a", 1000), nil, []int{400}},
		"I10 a cookie":                          {"/shop/v1/cookie", []string{"Cookie: k=" + k}, []int{200}},
		"I10 two cookies":                       {"/shop/v1/cookie", []string{"Cookie: k=" + k + "; k=" + k}, []int{401}},
		"I10 in two lines":                      {"/shop/v1/cookie", []string{"Cookie: k=" + k, "Cookie: k=" + other}, []int{401}},
		"I10 $Version":                          {"/shop/v1/cookie", []string{"Cookie: $Version=1; k=" + k}, []int{200}},
		"I10 another case":                      {"/shop/v1/cookie", []string{"Cookie: K=" + k}, []int{401}},
		"I10 3,000 cookies":                     {"/shop/v1/cookie", []string{many + "k=" + k}, []int{200, 0, 400, 431}},
		"two headers":                           {"/shop/v1/pets/1", []string{"X-Api-Key: " + k, "X-Api-Key: " + k}, []int{401}},
		"a padded header":                       {"/shop/v1/pets/1", []string{"X-Api-Key:  \t" + k + " "}, []int{200}},
		"two keys in one header":                {"/shop/v1/pets/1", []string{"X-Api-Key: " + k + ", " + k}, []int{401}},
		"quoted":                                {"/shop/v1/pets/1", []string{`X-Api-Key: "` + k + `"`}, []int{401}},
		"I12 basic":                             {"/shop/v1/admin/stats", []string{strings.Replace(bob, "Basic", "bAsIc", 1)}, []int{200}},
		"I12 two spaces":                        {"/shop/v1/admin/stats", []string{strings.Replace(bob, "Basic ", "Basic  ", 1)}, []int{200}},
		"I12 a tab":                             {"/shop/v1/admin/stats", []string{strings.Replace(bob, "Basic ", "Basic\t", 1)}, []int{401}},
		"I12 trailing text":                     {"/shop/v1/admin/stats", []string{bob + " x"}, []int{401}},
		"I12 no space":                          {"/shop/v1/admin/stats", []string{strings.Replace(bob, "Basic ", "Basic", 1)}, []int{401}},
		"I12 two Authorizations":                {"/shop/v1/admin/stats", []string{bob, bob}, []int{401}},
		"a key after Bearer, where it is not":   {"/shop/v1/pets/1", []string{"Authorization: Bearer " + k}, []int{401}},
	} {
		for _, w := range wires() {
			t.Run(w.name+" "+name, func(t *testing.T) {
				if w.name == "h2" && strings.Contains(name, "padded") {
					tc.status = append(slices.Clone(tc.status), 0) // HTTP/2 forbids it (RFC 9113 section 8.2.1)
				}
				g.Upstream.Take()
				status := w.send(g, "GET", tc.target, tc.headers...)
				require.Contains(t, tc.status, status)
				came := g.Upstream.Take()
				if status != 200 {
					require.Empty(t, came)
					return
				}
				require.Len(t, came, 1)
				require.NotContains(t, came[0], k)
				require.NotContains(t, came[0], strings.TrimPrefix(bob, "Authorization: Basic "))
			})
		}
	}
	t.Run("I6 a form body", func(t *testing.T) {
		form := "apikey=" + k
		status := g.Raw(false, fmt.Sprintf("PUT /shop/v1/pets/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(form), form))
		require.Equal(t, 401, status)
	})
	t.Run("I14 folded and bare lines", func(t *testing.T) {
		for _, request := range []string{
			"GET /shop/v1/pets/1 HTTP/1.1\r\nHost: x\r\nX-Api-Key:\r\n " + k + "\r\n\r\n",
			"GET /shop/v1/pets/1 HTTP/1.1\nHost: x\nX-Api-Key: " + k + "\n\n",
		} {
			g.Upstream.Take()
			status := g.Raw(false, request)
			require.Contains(t, []int{200, 400}, status)
			for _, came := range g.Upstream.Take() {
				require.NotContains(t, came, k)
			}
		}
	})
}

// TestWhatReachesTheUpstream (THREATS I16 to I26, J10).
func TestWhatReachesTheUpstream(t *testing.T) {
	g := harness.Start(t, threatCaddyfile, map[string]string{"shop.yaml": shop})
	k := key(t, g, alice)
	send := func(t *testing.T, method, target, body string, headers ...string) string {
		t.Helper()
		g.Upstream.Take()
		require.Equal(t, 200, g.Raw(false, method+" "+target+" HTTP/1.1\r\nHost: x\r\n"+lines(headers)+"\r\n"+body))
		came := g.Upstream.Take()
		require.Len(t, came, 1)
		return came[0]
	}
	t.Run("I16 nobody else names the user", func(t *testing.T) {
		came := send(t, "GET", "/shop/v1/optional", "", "X-Auth-User: root", "X_Auth_User: root", "x-auth-user: root", "X-Auth-Scopes: all")
		require.NotContains(t, came, "root")
		require.NotContains(t, came, "all\r")
	})
	t.Run("I18 Connection takes nothing away", func(t *testing.T) {
		for _, c := range []string{"Connection: X-Auth-User", "connection: close, x-auth-user", "Connection: keep-alive\r\nConnection: X-Auth-User", "Connection: Authorization, X-API-Key, X-Forwarded-For, X-Auth-User"} {
			came := send(t, "GET", "/shop/v1/pets/1", "", c, "X-Api-Key: "+k)
			require.Equal(t, []string{"alice"}, harness.Header(came, "X-Auth-User"), c)
			require.NotEmpty(t, harness.Header(came, "X-Forwarded-For"), c)
		}
	})
	t.Run("I20 no certificate by header", func(t *testing.T) {
		for _, h := range []string{"X-Forwarded-Client-Cert", "X-SSL-Cert", "X-Client-Cert", "SSL_CLIENT_S_DN"} {
			require.NotContains(t, send(t, "GET", "/shop/v1/public/ping", "", h+": CN=alice"), "CN=alice", h)
			require.Equal(t, 401, g.Raw(false, "GET /shop/v1/secure/mtls HTTP/1.1\r\nHost: x\r\n"+h+": CN=alice\r\n\r\n"), h)
		}
	})
	t.Run("I26 trailers", func(t *testing.T) {
		const body = "3\r\nabc\r\n0\r\nX-Auth-User: root\r\nX-Auth-Scopes: all\r\nAuthorization: Basic x\r\nX-Api-Key: x.y.z\r\nX-Checksum: 1\r\n\r\n"
		for _, announced := range []string{"Trailer: X-Auth-User, X-Checksum", "Trailer: X-Checksum", "Accept: */*"} {
			came := send(t, "PUT", "/shop/v1/pets/1", body, "Transfer-Encoding: chunked", announced, "X-Api-Key: "+k)
			_, trailer, _ := strings.Cut(came, "\r\n\r\n")
			for _, never := range []string{"root", "Auth", "Api", "x.y.z"} {
				require.NotContains(t, trailer, never, announced)
			}
			require.Contains(t, trailer, "abc")
		}
	})
	t.Run("J10 upgrades", func(t *testing.T) {
		for _, u := range []string{"Upgrade: h2c", "Upgrade: websocket, h2c", "Upgrade: TLS/1.0", "Upgrade: websocket\r\nUpgrade: h2c"} {
			came := send(t, "GET", "/shop/v1/public/ping", "", "Connection: Upgrade, HTTP2-Settings", u, "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
			require.NotContains(t, came, "Upgrade", u)
			require.NotContains(t, came, "h2c", u)
			require.NotContains(t, strings.ToLower(came), "http2-settings", u)
		}
	})
	t.Run("smuggled lengths", func(t *testing.T) {
		g.Upstream.Take()
		g.Raw(false, "PUT /shop/v1/pets/1 HTTP/1.1\r\nHost: x\r\nX-Api-Key: "+k+"\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /shop/v1/admin/stats HTTP/1.1\r\nHost: x\r\n\r\n")
		for _, came := range g.Upstream.Take() {
			require.NotContains(t, came, "admin")
		}
	})
}

// TestRewritesBeforeTheGateway (THREATS A15, P6): what is judged is what goes on.
func TestRewritesBeforeTheGateway(t *testing.T) {
	site := func(in string) string {
		return strings.Replace(threatCaddyfile, "log\n\tapikey_issuer", "log\n\t"+in+"\n\tapikey_issuer", 1)
	}
	for name, caddyfile := range map[string]string{
		"strip_prefix": site("uri strip_prefix /outer"),
		"rewrite":      site("rewrite /outer/* {re.none}{path}"),
	} {
		g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
		for _, target := range []string{
			"/outer/shop/v1/admin/stats", "/outer/../shop/v1/admin/stats", "/outer/shop/v1/public/%2e%2e/admin/stats", "/OUTER/../shop/v1/admin/stats",
			"/outer/shop/v1/public/..%2fadmin/stats", "/outer//shop/v1/admin/stats", "/outer/%2e%2e/shop/v1/admin/stats", "/shop/v1/admin/stats",
		} {
			for _, w := range wires() {
				status := w.send(g, "GET", target)
				require.Contains(t, []int{0, 400, 401, 404}, status, "%s %s %s", name, w.name, target)
				require.Empty(t, g.Upstream.Take(), target)
			}
		}
		require.NotEqual(t, 200, g.Raw(false, "GET http://evil.test/outer/shop/v1/public/ping HTTP/1.1\r\nHost: x\r\n\r\n"), "a rewrite does not hide the absolute form")
		require.Empty(t, g.Upstream.Take())
	}
}
