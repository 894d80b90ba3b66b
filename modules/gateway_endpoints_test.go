package modules_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// targetOf is the target of the one request that came.
func targetOf(t *testing.T, r *harness.Recorder) string {
	t.Helper()
	came := r.Take()
	require.Len(t, came, 1)
	line, _, _ := strings.Cut(came[0], "\r\n")
	return strings.Fields(line)[1]
}

// TestThePathOfAnEndpoint takes the place of the base path, and every other byte
// goes on as it came.
func TestThePathOfAnEndpoint(t *testing.T) {
	g := harness.New(t, nil)
	at := func(path string) string { return "http://" + g.Upstream.Addr + path }
	for name, tc := range map[string]struct{ members, upstream, want string }{
		"an upstream without a path":      {"servers: [{url: /v1}]", g.Upstream.Addr, "/v1"},
		"an upstream's URL without":       {"servers: [{url: /v1}]", at(""), "/v1"},
		"an upstream at the root":         {"servers: [{url: /v1}]", at("/"), ""},
		"an upstream with a path":         {"servers: [{url: /v1}]", at("/a%20b/"), "/a%20b"},
		"an upstream with the base path":  {"servers: [{url: /v1}]", at("/v1"), "/v1"},
		"at the root, with a path":        {"servers: [{url: /}]\nx-base: x", at("/api"), "/api"},
		"strip_base_path, without a path": {"servers: [{url: /v1}]", g.Upstream.Addr + " {\n\t\tstrip_base_path\n\t}", ""},
		"strip_base_path, with a path":    {"servers: [{url: /v1}]", at("/api") + " {\n\t\tstrip_base_path\n\t}", "/api"},
		"strip_base_path, the same path":  {"servers: [{url: /v1}]", at("/v1") + " {\n\t\tstrip_base_path\n\t}", "/v1"},
		"an endpoint":                     {"x-wso2-basePath: /v1\nx-wso2-production-endpoints: {urls: ['" + at("/v2/x") + "']}", "", "/v2/x"},
		"an endpoint at the root":         {"x-wso2-basePath: /v1\nx-wso2-production-endpoints: {urls: ['" + at("") + "']}", "", ""},
		"servers":                         {"servers: [{url: '" + at("/v1") + "'}]", "", "/v1"},
		"servers, another base path":      {"servers: [{url: '" + at("/v3") + "'}]\nx-wso2-basePath: /v1", "", "/v3"},
	} {
		t.Run(name, func(t *testing.T) {
			document := "openapi: 3.1.0\ninfo: {title: A, version: '1'}\n" + tc.members + "\nsecurity: []\npaths: {'/': {get: {}}, '/f/{name}': {get: {}}, '/f/{name}/': {get: {}}}\n"
			require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "api.yaml"), []byte(document), 0o600))
			options := "allow_encoded_slash\n\t\tallow_semicolon"
			line := "openapi_gateway api.yaml " + tc.upstream
			if before, found := strings.CutSuffix(line, "\n\t}"); found {
				line = before + "\n\t\t" + options + "\n\t}"
			} else {
				line += " {\n\t\t" + options + "\n\t}"
			}
			require.NoError(t, g.Load(gatewayCaddyfile(line)))
			base := "/v1"
			if strings.Contains(tc.members, "x-base") {
				base = ""
			}
			for _, rest := range []string{
				"/", "/f/a", "/f/a/", "/f/a?", "/f/a?b=c%20d&e", "/f/%61", "/f/a%2Fb", "/f/a%2fb%20c", "/f/%C3%A9", "/f/a;b", "/f/a+b", "/f/~%7E", "/f/v1", "/f/a%25b", "/f/a!$&'()*,=:@b", "/f/a?x={y}",
			} {
				require.Equal(t, 200, rawly(g, base+rest), rest)
				require.Equal(t, tc.want+rest, targetOf(t, g.Upstream), rest)
			}
			require.Equal(t, 404, g.Get(base+"/g").Status)
			require.Equal(t, 400, rawly(g, base+"/f/..%2Fb"))
			require.Empty(t, g.Upstream.Take())
		})
	}
}

// TestTheHostOfAnEndpoint is that of its URL where the document names it; an
// upstream of the Caddyfile sees what the client asked for, as with reverse_proxy.
func TestTheHostOfAnEndpoint(t *testing.T) {
	g := harness.New(t, map[string]string{"a.yaml": apiFile("A", "/v1", "/x: {get: {}}")})
	require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "b.yaml"), []byte(apiFile("B", "http://"+g.Upstream.Addr+"/v1", "/x: {get: {}}")), 0o600))
	for line, want := range map[string]string{
		"openapi_gateway a.yaml $UPSTREAM": "localhost:" + g.HTTPS,
		"openapi_gateway b.yaml":           g.Upstream.Addr,
		"openapi_gateway b.yaml {\n\t\tproxy {\n\t\t\theader_up Host api.test\n\t\t}\n\t}": "api.test",
	} {
		require.NoError(t, g.Load(gatewayCaddyfile(line)))
		require.Equal(t, 200, g.Get("/v1/x").Status)
		require.Equal(t, []string{want}, harness.Header(g.Upstream.Take()[0], "Host"), line)
	}
}

// TestTheTypeOfAKeyChoosesTheEndpoint by keys that somebody else signs: ours have
// the type PRODUCTION.
func TestTheTypeOfAKeyChoosesTheEndpoint(t *testing.T) {
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	require.NoError(t, err)
	named := map[string]*harness.Recorder{"production": harness.NewRecorder(t), "sandbox": harness.NewRecorder(t), "own": harness.NewRecorder(t), "box": harness.NewRecorder(t)}
	at := func(name string) string { return "{urls: ['http://" + named[name].Addr + "/" + name + "']}" }
	document := func(production, sandbox string) string {
		text := strings.Replace(shop, "paths:\n", "x-wso2-endpoints: [{own: "+at("own")+"}]\npaths:\n"+
			"  /own/{id}:\n    get: {x-wso2-production-endpoints: '#/x-wso2-endpoints/own'}\n    put: {x-wso2-production-endpoints: '#/x-wso2-endpoints/own', x-wso2-sandbox-endpoints: "+at("box")+"}\n", 1)
		for member, name := range map[string]string{"production": production, "sandbox": sandbox} {
			if name != "" {
				text += "x-wso2-" + member + "-endpoints: " + at(name) + "\n"
			}
		}
		return text
	}
	g := harness.New(t, map[string]string{"apim.pem": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))})
	sign := func(kind string) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: signer}, (&jose.SignerOptions{}).WithType("JWT"))
		require.NoError(t, err)
		text, err := josejwt.Signed(s).Claims(map[string]any{
			"iss": "https://apim.test", "sub": "dev", "jti": kind, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
			"keytype": kind, "subscribedAPIs": []any{map[string]any{"name": "Shop", "version": "1.0.0"}},
		}).Serialize()
		require.NoError(t, err)
		return "X-Api-Key: " + text
	}
	const noSandbox = `{"fault":{"code":900910,"message":"The access token does not allow you to access the requested resource","description":"Sandbox key offered to the API with no sandbox endpoint"}}`
	for name, tc := range map[string]struct {
		production, sandbox string
		faults              string
		want                map[string]string // by method, target and type of the key; "": 403
	}{
		"both": {"production", "sandbox", "wso2", map[string]string{
			"GET /pets/1 ": "production", "GET /pets/1 PRODUCTION": "production", "GET /pets/1 SANDBOX": "sandbox", "GET /pets/1 OTHER": "sandbox",
			"GET /own/1 PRODUCTION": "own", "GET /own/1 SANDBOX": "sandbox", "PUT /own/1 PRODUCTION": "own", "PUT /own/1 SANDBOX": "box", "GET /public/ping -": "production",
			"GET /both PRODUCTION": "production", "GET /both SANDBOX": "sandbox", // behind the login, which has no type
		}},
		"production only": {"production", "", "wso2", map[string]string{
			"GET /pets/1 PRODUCTION": "production", "GET /pets/1 SANDBOX": "", "GET /own/1 SANDBOX": "", "PUT /own/1 SANDBOX": "box", "GET /public/ping -": "production",
		}},
		"sandbox only": {"", "sandbox", "caddy", map[string]string{
			"GET /pets/1 ": "", "GET /pets/1 PRODUCTION": "", "GET /pets/1 SANDBOX": "sandbox", "GET /own/1 PRODUCTION": "own", "GET /public/ping -": "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "shop.yaml"), []byte(document(tc.production, tc.sandbox)), 0o600))
			caddyfile := strings.Replace(gatewayCaddyfile("openapi_gateway shop.yaml {\n\t\tfaults "+tc.faults+"\n\t}"),
				"mgw {\n\t\tuser", "mgw {\n\t\tapi_keys {\n\t\t\ttrust https://apim.test {\n\t\t\t\tkey_file apim.pem\n\t\t\t}\n\t\t}\n\t\tuser", 1)
			require.NoError(t, g.Load(caddyfile))
			ours := "X-Api-Key: " + key(t, g, alice)
			for call, want := range tc.want {
				parts := strings.Split(call, " ")
				var lines []string
				switch parts[2] {
				case "-":
				case "":
					lines = []string{ours}
				default:
					lines = []string{sign(parts[2])}
				}
				if parts[1] == "/both" {
					lines = append(lines, bob)
				}
				a := g.Do(parts[0], "/shop/v1"+parts[1], "", lines...)
				if want == "" {
					require.Equal(t, 403, a.Status, call)
					if tc.faults == "wso2" {
						require.Equal(t, noSandbox, a.Body, call)
						require.Equal(t, "application/json", a.Header.Get("Content-Type"))
					}
				} else {
					require.Equal(t, 200, a.Status, call)
					require.Equal(t, "/"+want+parts[1], targetOf(t, named[want]), call)
				}
				for name, r := range named {
					require.Empty(t, r.Take(), "%s: %s", call, name)
				}
			}
		})
	}
}

func TestSeveralServersOfAnEndpoint(t *testing.T) {
	first, second := harness.NewRecorder(t), harness.NewRecorder(t)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, gone.Close())
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }))
	defer broken.Close()
	g := harness.New(t, nil)
	start := func(t *testing.T, kind string, servers ...string) {
		t.Helper()
		document := apiFile("A", "/v1", "/x: {get: {}}") + "x-wso2-production-endpoints: {type: " + kind + ", urls: ['http://" + strings.Join(servers, "', 'http://") + "']}\n"
		require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "a.yaml"), []byte(document), 0o600))
		require.NoError(t, g.Load(gatewayCaddyfile("openapi_gateway a.yaml")))
	}
	t.Run("take turns", func(t *testing.T) {
		start(t, "load_balance", first.Addr, second.Addr)
		for range 10 {
			require.Equal(t, 200, g.Get("/v1/x").Status)
		}
		require.Len(t, first.Take(), 5)
		require.Len(t, second.Take(), 5)
	})
	t.Run("take turns, one is gone", func(t *testing.T) {
		start(t, "load_balance", first.Addr, gone.Addr().String())
		for range 4 {
			require.Equal(t, 200, g.Get("/v1/x").Status)
		}
		require.Len(t, first.Take(), 4)
	})
	t.Run("failover", func(t *testing.T) {
		start(t, "failover", first.Addr, second.Addr)
		for range 4 {
			require.Equal(t, 200, g.Get("/v1/x").Status)
		}
		require.Len(t, first.Take(), 4)
		require.Empty(t, second.Take())
	})
	t.Run("failover, the first is gone", func(t *testing.T) {
		start(t, "failover", gone.Addr().String(), second.Addr)
		for range 4 {
			require.Equal(t, 200, g.Get("/v1/x").Status)
		}
		require.Len(t, second.Take(), 4)
	})
	t.Run("failover, the first is broken", func(t *testing.T) {
		start(t, "failover", strings.TrimPrefix(broken.URL, "http://"), second.Addr)
		require.Equal(t, 503, g.Get("/v1/x").Status)
		require.Equal(t, 200, g.Get("/v1/x").Status)
		require.Len(t, second.Take(), 1)
	})
}

// TestTheGatewayIsNoUpstreamOfItself: a public operation would go round for ever.
func TestTheGatewayIsNoUpstreamOfItself(t *testing.T) {
	g := harness.New(t, map[string]string{"a.yaml": apiFile("A", "/v1", "/x: {get: {}}")})
	hosts := strings.NewReplacer("http://:$HTTP, https://localhost:$HTTPS", "http://api.test:$HTTP, https://*.shop.test:$HTTPS")
	for name, tc := range map[string]struct {
		upstream string
		own      bool
	}{
		"its address":                {"127.0.0.1:$HTTP", true},
		"its address, by TLS":        {"https://127.0.0.1:$HTTPS", true},
		"its name":                   {"localhost:$HTTP", true},
		"no name":                    {":$HTTP", true},
		"a name of its site":         {"http://api.test:$HTTP", true},
		"a name below":               {"https://a.shop.test:$HTTPS", true},
		"one of several":             {"127.0.0.1:1 localhost:$HTTPS", true},
		"a range of ports":           {"127.0.0.1:$HTTP-65535", true},
		"with a path":                {"http://localhost:$HTTP/v2", true},
		"a name with its dot":        {"http://localhost.:$HTTP", true},
		"a name below localhost":     {"http://x.localhost:$HTTP", true},
		"another port":               {"127.0.0.1:1", false},
		"another address":            {"127.0.0.2:$HTTP", false},
		"another name":               {"http://api.example:$HTTP", false},
		"a name below a name":        {"https://a.b.shop.test:$HTTPS", false},
		"a socket":                   {"unix//run/app.sock", false},
		"what only a request tells":  {"{http.request.header.X}", false},
		"the variable of a machine":  {"{env.UPSTREAM}", false},
		"the standard port of a URL": {"http://api.test", false},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := g.Adapt(hosts.Replace(gatewayCaddyfile("openapi_gateway a.yaml " + tc.upstream)))
			require.NoError(t, err)
			err = harness.ValidateJSON(config)
			if tc.own {
				require.ErrorContains(t, err, "is this gateway itself, which listens on 127.0.0.1:")
				return
			}
			require.NoError(t, err)
		})
	}
	require.ErrorContains(t, g.Validate(gatewayCaddyfile("openapi_gateway a.yaml {\n\t\tproxy {\n\t\t\tto 127.0.0.1:1 localhost:$HTTP\n\t\t}\n\t}")), "the upstream localhost:"+g.HTTP+" is this gateway itself")
	require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "a.yaml"), []byte(apiFile("A", "https://a.shop.test:"+g.HTTPS+"/v1", "/x: {get: {}}")), 0o600))
	require.ErrorContains(t, g.Validate(hosts.Replace(gatewayCaddyfile("openapi_gateway a.yaml"))), "name the upstream behind it, as in: openapi_gateway DOCUMENT HOST:PORT")
}

// TestALoopEnds where the gateway has a name that nobody here knows: a request is
// answered after some rounds.
func TestALoopEnds(t *testing.T) {
	g := harness.New(t, map[string]string{"a.yaml": apiFile("A", "/v1", "/x: {get: {}}")})
	t.Setenv("MGW_TEST_ITSELF", "127.0.0.1:"+g.HTTP)
	require.NoError(t, g.Load(gatewayCaddyfile("openapi_gateway a.yaml {env.MGW_TEST_ITSELF}")))
	require.Equal(t, 508, g.Get("/v1/x").Status)
	rounds := 0
	for _, l := range accessLog(t, g) {
		if l["status"] != nil {
			rounds++
		}
	}
	require.Less(t, rounds, 50)
	require.NoError(t, g.Load(gatewayCaddyfile("openapi_gateway a.yaml $UPSTREAM")))
	require.Equal(t, 200, g.Get("/v1/x", "Via: 1.1 varnish, 2.0 Caddy", "Via: 1.1 Caddy").Status)
}

// TestTheAdminAPIIsNoEndpoint wherever it listens; what the Caddyfile names is its
// author's choice.
func TestTheAdminAPIIsNoEndpoint(t *testing.T) {
	dir := t.TempDir()
	at := func(server, admin, upstream string) error {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(apiFile("A", server, "/load: {post: {}}")), 0o600))
		_, err := harness.Adapt(filepath.Join(dir, "Caddyfile"), "{\n\t"+admin+"\n}\nhttp://localhost {\n\topenapi_gateway a.yaml "+upstream+"\n}\n")
		return err
	}
	for name, tc := range map[string]struct {
		server, admin, upstream string
		refused                 bool
	}{
		"the usual one":             {"http://localhost:2019/v1", "debug", "", true},
		"by its address":            {"http://[::1]:2019/v1", "debug", "", true},
		"at another port":           {"http://127.0.0.1:2020/v1", "admin localhost:2020", "", true},
		"on every address":          {"http://127.0.0.1:2019/v1", "admin :2019", "", true},
		"the usual one of another":  {"http://localhost:2019/v1", "admin localhost:2020", "", false},
		"off":                       {"http://localhost:2019/v1", "admin off", "", false},
		"on another machine":        {"http://10.0.0.1:2019/v1", "debug", "", false},
		"a socket":                  {"http://localhost:2019/v1", "admin unix//run/admin.sock", "", false},
		"an upstream's, by request": {"http://localhost:2019/v1", "debug", "localhost:2019", false},
	} {
		t.Run(name, func(t *testing.T) {
			err := at(tc.server, tc.admin, tc.upstream)
			if tc.refused {
				require.ErrorContains(t, err, "is the admin API of this program")
				return
			}
			require.NoError(t, err)
		})
	}
}

// TestPlaceholdersOfADocumentStayText wherever the document has them, when it is
// read and when a request comes.
func TestPlaceholdersOfADocumentStayText(t *testing.T) {
	t.Setenv("MGW_TEST_SECRET", "S3CR3T")
	other := harness.NewRecorder(t)
	g := harness.New(t, nil)
	const secret = "{env.MGW_TEST_SECRET}"
	document := "openapi: 3.1.0\ninfo: {title: '" + secret + "', version: '1'}\nsecurity: []\nx-wso2-basePath: /v1\n" +
		"x-wso2-production-endpoints: {urls: ['http://" + g.Upstream.Addr + "/%7Benv.MGW_TEST_SECRET%7D']}\n" +
		"paths:\n  '/a/" + secret + "': {get: {operationId: '" + secret + "', x-wso2-production-endpoints: {urls: ['http://" + other.Addr + "']}}}\n  /%7Benv.MGW_TEST_SECRET%7D: {get: {}}\n  /c: {get: {operationId: '{http.request.header.X}'}}\n"
	require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "a.yaml"), []byte(document), 0o600))
	require.NoError(t, g.Load(gatewayCaddyfile("openapi_gateway a.yaml {\n\t\tidentity_header X-Op operation\n\t\tidentity_header X-Api api\n\t\tproxy {\n\t\t\theader_up X-Seen {mgw.operation}\n\t\t}\n\t}")))
	for target, want := range map[string]struct {
		to      *harness.Recorder
		arrives string
		op      string
	}{
		"/v1/a/b":                         {other, "/a/b", secret},
		"/v1/%7Benv.MGW_TEST_SECRET%7D":   {g.Upstream, "/%7Benv.MGW_TEST_SECRET%7D/%7Benv.MGW_TEST_SECRET%7D", "GET /%7Benv.MGW_TEST_SECRET%7D"},
		"/v1/c":                           {g.Upstream, "/%7Benv.MGW_TEST_SECRET%7D/c", "{http.request.header.X}"},
		"/v1/a/%7Benv.MGW_TEST_SECRET%7D": {other, "/a/%7Benv.MGW_TEST_SECRET%7D", secret},
	} {
		require.Equal(t, 200, g.Get(target, "X: "+secret).Status, target)
		came := want.to.Take()
		require.Len(t, came, 1, target)
		line, _, _ := strings.Cut(came[0], "\r\n")
		require.Equal(t, "GET "+want.arrives+" HTTP/1.1", line)
		require.Equal(t, []string{want.op}, harness.Header(came[0], "X-Seen"), target)
		require.NotContains(t, came[0], "S3CR3T")
	}
	require.NotContains(t, g.Log(), "S3CR3T")
	for name, line := range map[string]string{"a server": "servers: [{url: 'http://" + secret + "/v1'}]", "an endpoint": "x-wso2-production-endpoints: {urls: ['http://" + secret + "/v1']}", "a base path": "x-wso2-basePath: /" + secret, "an escaped one": "x-wso2-basePath: /%7Benv.MGW_TEST_SECRET%7D\nservers: [{url: http://h}]"} {
		require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "b.yaml"), []byte("openapi: 3.1.0\ninfo: {title: B, version: '1'}\nsecurity: []\npaths: {/x: {get: {}}}\n"+line+"\n"), 0o600))
		_, err := g.Adapt(gatewayCaddyfile("openapi_gateway b.yaml"))
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "S3CR3T", name)
	}
}
