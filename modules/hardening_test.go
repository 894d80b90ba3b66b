package modules_test

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// TestAnEncodedSlashStaysOne: net/url forgets how a path came where any byte of
// it has to be encoded anew.
func TestAnEncodedSlashStaysOne(t *testing.T) {
	document := shop + "  /files/{a}/{b}: {get: {operationId: file, security: []}}\n"
	g := harness.Start(t, threatCaddyfile, map[string]string{"shop.yaml": document})
	for _, target := range []string{"/shop/v1/files/x%2Fy", "/shop/v1/files/x%2Fy{", "/shop/v1/files/x%2Fy%7B", `/shop/v1/files/x%2Fy"`, "/shop/v1/files/x%2Fy\xc3\xa9", "/shop/v1%2Ffiles/x/y^", "/shop/v1/files/x%2F..%2Fy|"} {
		for _, w := range wires() {
			require.NotEqual(t, 200, w.send(g, "GET", target), "%s %s", w.name, target)
			require.Empty(t, g.Upstream.Take(), target)
		}
	}
	for _, w := range wires() {
		require.Equal(t, 200, w.send(g, "GET", "/shop/v1/files/x{/y"), w.name)
	}
}

func TestAPlainReloadSeesWhatChanged(t *testing.T) {
	withKey := strings.Replace(shopCaddyfile, "mgw {\n\t\tuser", "mgw {\n\t\tapi_keys {\n\t\t\tsigning_key {file.$DIR/k.pem}\n\t\t}\n\t\tuser", 1)
	plain := func(t *testing.T, g *harness.Gateway, caddyfile string) {
		t.Helper()
		config, err := g.Adapt(caddyfile)
		require.NoError(t, err)
		require.NoError(t, caddy.Load(config, false))
	}
	t.Run("another signing key", func(t *testing.T) {
		g := harness.Start(t, withKey, map[string]string{"shop.yaml": shop, "k.pem": ecKey})
		k := key(t, g, alice)
		require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "k.pem"), []byte(otherKey), 0o600))
		plain(t, g, withKey)
		require.Equal(t, 401, g.Get("/shop/v1/pets/1", "X-Api-Key: "+k).Status)
	})
	t.Run("a document that compiles by its options only", func(t *testing.T) {
		document := strings.Replace(shop, "https://api.test/shop/v1", "'https://api.test/{stage}'", 1)
		caddyfile := strings.Replace(shopCaddyfile, "openapi_auth shop.yaml {", "openapi_auth shop.yaml {\n\t\tbase_path /shop/v1", 1)
		g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": document})
		require.Equal(t, 200, g.Get("/shop/v1/public/ping").Status)
		require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "shop.yaml"), []byte(strings.Replace(document, "operationId: ping, security: []", "operationId: ping", 1)), 0o600))
		plain(t, g, caddyfile)
		require.Equal(t, 401, g.Get("/shop/v1/public/ping").Status)
	})
}

const otherKey = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIMY+2pVCnhBkTfE3Vaxo7BSvuWYj3Vcr5wLyyJWF6ZruoAoGCCqGSM49
AwEHoUQDQgAEbDWGdgUTEwEbGQqNCZPKBv4TBzsc9vHXzy6wd/eTXqQN3YgoC+Ii
FdUfe5G/1bF3O+6PXGXz3xDMOtrYlvZHhA==
-----END EC PRIVATE KEY-----
`

// TestErrorPagesOfAnotherUpstream (THREATS I24) get no credential, and no
// identity that a client made up.
func TestErrorPagesOfAnotherUpstream(t *testing.T) {
	pages := "\n\thandle_errors {\n\t\treverse_proxy $UPSTREAM\n\t}\n"
	t.Run("a refused request", func(t *testing.T) {
		caddyfile := strings.Replace(strings.Replace(shopCaddyfile, "openapi_auth shop.yaml {", "openapi_auth shop.yaml {\n\t\tfaults caddy", 1), "\treverse_proxy $UPSTREAM\n", pages, 1)
		g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
		g.Get("/shop/v1/pets/1?a=b&apikey=secret", alice, "Cookie: k=secret; a=b", "X-Auth-User: root", "X-Original-Url: /admin")
		came := g.Upstream.Take()
		require.Len(t, came, 1)
		require.Contains(t, came[0], "GET /shop/v1/pets/1?a=b HTTP/1.1")
		for _, never := range []string{"secret", "YWxpY2U", "root", "/admin"} {
			require.NotContains(t, came[0], never)
		}
	})
	t.Run("an upstream that is away", func(t *testing.T) {
		caddyfile := strings.Replace(shopCaddyfile, "\treverse_proxy $UPSTREAM\n", "\treverse_proxy 127.0.0.1:1\n"+pages, 1)
		g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
		k := key(t, g, alice)
		g.Get("/shop/v1/pets/1?a=b&apikey=" + k)
		came := g.Upstream.Take()
		require.Len(t, came, 1)
		require.NotContains(t, came[0], k)
	})
}

func TestACookieNameInSpacesIsThatCookie(t *testing.T) {
	g := startShop(t)
	k := key(t, g, alice)
	require.Equal(t, 401, g.Get("/shop/v1/cookie", "Cookie: k =other; k="+k).Status)
	require.Equal(t, 200, g.Get("/shop/v1/public/ping", "Cookie: a=1; k\t="+k).Status)
	require.NotContains(t, g.Upstream.Take()[0], k)
}

func TestAddressesBehindProxies(t *testing.T) {
	for option, want := range map[string][2]int{ // with an address that the client wrote in front, and with its own alone
		"trusted_proxies static 127.0.0.1/32":                             {403, 403},
		"trusted_proxies static 127.0.0.1/32\n\t\ttrusted_proxies_strict": {403, 200},
	} {
		g := harness.Start(t, strings.Replace(shopCaddyfile, "$GLOBAL", "$GLOBAL\n\tservers {\n\t\t"+option+"\n\t}", 1), map[string]string{"shop.yaml": shop})
		a := g.Do("POST", "/apikey", `{"permittedIPs":["10.1.2.3"]}`, alice, "Content-Type: application/json")
		require.Equal(t, 200, a.Status)
		k := "X-Api-Key: " + a.Body
		require.Equal(t, want, [2]int{
			g.Get("/shop/v1/pets/1", k, "X-Forwarded-For: 10.1.2.3, 203.0.113.9").Status, g.Get("/shop/v1/pets/1", k, "X-Forwarded-For: 10.1.2.3").Status,
		}, option)
	}
}

func TestAnEmptyLimitIsNone(t *testing.T) {
	g := startShop(t)
	ask := func(body string) harness.Answer {
		return g.Do("POST", "/apikey", body, bob, "Content-Type: application/json")
	}
	for _, member := range []string{"apis", "operations", "permittedIPs", "permittedReferers"} {
		a := ask(`{"` + member + `":[]}`)
		require.Equal(t, 400, a.Status)
		require.Contains(t, a.Body, member+": must not be empty")
	}
	require.Equal(t, 400, ask("null").Status)
	require.NotContains(t, claims(t, ask(`{"scopes":[]}`).Body), "scope", "no scope is less than any")
	require.Equal(t, "chief clerk", claims(t, ask(`{}`).Body)["scope"])
}

func TestOperationsOfOneIDAreNotOpenedByIt(t *testing.T) {
	g := startShop(t)
	k := issue(t, g, alice, `{"operations":["getPet"]}`)
	require.Equal(t, 200, g.Get(petPath, k.header()).Status)
	twice := strings.Replace(shop, "operationId: putPet", "operationId: getPet", 1)
	require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "shop.yaml"), []byte(twice), 0o600))
	require.NoError(t, g.Load(shopCaddyfile))
	require.Contains(t, g.Log(), "the operationId getPet is that of 2 operations")
	require.Equal(t, 403, g.Do("PUT", petPath, "", k.header()).Status)
	require.Equal(t, 403, g.Get(petPath, k.header()).Status)
	require.Equal(t, 400, g.Do("POST", "/apikey", `{"operations":["getPet"]}`, alice, ofJSON).Status)
}

func TestTransportsWithoutHTTP(t *testing.T) {
	g := harness.Start(t, shopCaddyfile, map[string]string{"shop.yaml": shop + "x-wso2-transports: [https]\n"})
	require.Equal(t, 200, g.Get("/shop/v1/public/ping").Status)
	require.Equal(t, 404, g.DoWith(harness.Client(false), "GET", "http://localhost:"+g.HTTP+"/shop/v1/public/ping", "").Status)
}

func TestASlowBodyIsNotWaitedFor(t *testing.T) {
	g := startShop(t)
	c, err := tls.Dial("tcp", "127.0.0.1:"+g.HTTPS, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte("POST /apikey HTTP/1.1\r\nHost: localhost\r\n" + alice + "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"))
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(8*time.Second)))
	answer := make([]byte, 12)
	_, err = c.Read(answer)
	require.NoError(t, err, "it is answered within 5 seconds")
	require.Equal(t, "HTTP/1.1 400", string(answer))
}

// TestLogsOfRedirectsAndURLs hold no credential where the filter is named for
// the fields.
func TestLogsOfRedirectsAndURLs(t *testing.T) {
	caddyfile := strings.Replace(strings.Replace(shopCaddyfile, "$GLOBAL", global14, 1), "\tapikey_issuer", "\tapikey_issuer\n\tredir /old/* /new{uri}\n\turi /strip/* strip_prefix /strip", 1)
	g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
	k := key(t, g, alice)
	require.Equal(t, 302, g.Get("/old/x?apikey="+k).Status)
	g.Get("/strip/x?apikey=opaque-secret")
	g.Get("/shop/v1/public/" + strings.ReplaceAll(k, ".", "%2E"))
	g.Get("/shop/v1/public/x", "Referer: https://alice:wonder@shop.test/", "Proxy-Authorization: Basic opaque-secret")
	log := g.Log()
	for _, secret := range []string{k[strings.LastIndexByte(k, '.')+1:], "opaque-secret", "alice:wonder"} {
		require.NotContains(t, log, secret)
	}
	lines := accessLog(t, g)
	b, err := json.Marshal(lines)
	require.NoError(t, err)
	require.Contains(t, string(b), "/new/old/x?apikey=REDACTED")
}

const global14 = `admin off
	persist_config off
	skip_install_trust
	local_certs
	auto_https disable_redirects
	http_port $HTTP
	https_port $HTTPS
	default_bind 127.0.0.1
	storage file_system $DIR/data
	servers {
		log_credentials
	}
	log {
		output file $DIR/log.json
		level DEBUG
		format filter {
			wrap json
			request mgw
			resp_headers mgw
			uri mgw
		}
	}`

// TestPlacement (THREATS P6): no proxy is reached without the gate that was
// meant for it.
func TestPlacement(t *testing.T) {
	site := func(directives string) string {
		return "{\n\t$GLOBAL\n}\n\n$SITE {\n\t" + directives + "\n}\n"
	}
	for name, tc := range map[string]struct{ caddyfile, refused, warned string }{
		"a proxy first":                    {site("route {\n\t\treverse_proxy $UPSTREAM\n\t\topenapi_auth shop.yaml\n\t}"), "a proxy stands before openapi_auth", ""},
		"a proxy first, by order":          {strings.Replace(site("openapi_auth shop.yaml\n\treverse_proxy $UPSTREAM"), "$GLOBAL", "$GLOBAL\n\torder reverse_proxy before openapi_auth", 1), "a proxy stands before openapi_auth", ""},
		"a gate for some, a proxy for all": {site("handle /shop/v1/pets/* {\n\t\topenapi_auth shop.yaml\n\t}\n\treverse_proxy $UPSTREAM"), "openapi_auth stands in a block for some requests", ""},
		"the same upstream, ungated":       {site("handle /shop/v1/admin/* {\n\t\treverse_proxy $UPSTREAM\n\t}\n\thandle {\n\t\topenapi_auth shop.yaml\n\t\treverse_proxy $UPSTREAM\n\t}"), "", "an upstream behind openapi_auth is also reached without it"},
		"a rewrite in between":             {site("route {\n\t\topenapi_auth shop.yaml\n\t\trewrite /shop/v1/public/x /shop/v1/admin/stats\n\t\treverse_proxy $UPSTREAM\n\t}"), "", "requests are rewritten between openapi_auth and the proxy"},
		"a rewrite of the proxy":           {site("openapi_auth shop.yaml\n\treverse_proxy $UPSTREAM {\n\t\trewrite /shop/v1/admin/stats\n\t}"), "", "requests are rewritten between openapi_auth and the proxy"},
		"as it should be":                  {site("openapi_auth shop.yaml\n\treverse_proxy $UPSTREAM"), "", ""},
		"blocks, each with its own":        {site("handle /shop/* {\n\t\topenapi_auth shop.yaml\n\t\treverse_proxy $UPSTREAM\n\t}\n\thandle {\n\t\treverse_proxy 127.0.0.1:1\n\t}"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := harness.New(t, map[string]string{"shop.yaml": shop})
			if tc.refused != "" { // without TLS: certificates would be made in the background
				require.ErrorContains(t, g.Load(strings.Replace(tc.caddyfile, "$SITE", "http://localhost:$HTTP", 1)), tc.refused)
				return
			}
			require.NoError(t, g.Load(tc.caddyfile))
			for _, warning := range []string{"is also reached without it", "requests are rewritten between"} {
				require.Equal(t, tc.warned != "" && strings.Contains(tc.warned, warning), strings.Contains(g.Log(), warning), warning)
			}
		})
	}
}

// TestAStreamEndsWithItsKey (THREATS J12).
func TestAStreamEndsWithItsKey(t *testing.T) {
	caddyfile := strings.Replace(strings.Replace(shopCaddyfile, "mgw {\n\t\tuser", "mgw {\n\t\tleeway 1s\n\t\tuser", 1), "$UPSTREAM", "127.0.0.1:$EVENTS", 1)
	events, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	upstream := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			if _, err := w.Write([]byte("data: tick\n\n")); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})}
	go func() { _ = upstream.Serve(events) }()
	t.Cleanup(func() { _ = upstream.Close() })
	_, port, _ := net.SplitHostPort(events.Addr().String())
	g := harness.Start(t, strings.Replace(caddyfile, "$EVENTS", port, 1), map[string]string{"shop.yaml": shop})
	a := g.Do("POST", "/apikey", `{"validityTime":1}`, alice, "Content-Type: application/json")
	require.Equal(t, 200, a.Status)
	start := time.Now()
	_, err = harness.Send(harness.Client(false), "GET", "https://localhost:"+g.HTTPS+"/shop/v1/pets/1", "", "X-Api-Key: "+a.Body, "Accept: text/event-stream")
	require.Error(t, err, "the stream is cut")
	require.Less(t, time.Since(start), 10*time.Second)
}
