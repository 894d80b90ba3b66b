package modules_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

const invalidCredentials = `{"fault":{"code":900901,"message":"Invalid Credentials","description":"Invalid Credentials. Make sure you have given the correct access token"}}`

// TestAKeyOpensWhatItIsFor is the main job over real sockets, by HTTP/1.1 and 2.
func TestAKeyOpensWhatItIsFor(t *testing.T) {
	g := startShop(t)
	k := key(t, g, alice)
	base := "https://localhost:" + g.HTTPS
	for name, client := range map[string]*http.Client{"h1": harness.Client(false), "h2": harness.Client(true)} {
		t.Run(name, func(t *testing.T) {
			for call, tc := range map[string]struct {
				method, target string
				headers        []string
				status         int
				code           string // of the fault; "": passes
				challenge      string
			}{
				"header":                        {"GET", "/shop/v1/pets/1", []string{"X-Api-Key: " + k}, 200, "", ""},
				"query":                         {"GET", "/shop/v1/pets/1?apikey=" + k, nil, 200, "", ""},
				"cookie":                        {"GET", "/shop/v1/cookie", []string{"Cookie: a=b; k=" + k}, 200, "", ""},
				"basic":                         {"GET", "/shop/v1/admin/stats", []string{bob}, 200, "", ""},
				"both":                          {"GET", "/shop/v1/both", []string{bob, "X-Api-Key: " + k}, 200, "", ""},
				"role":                          {"GET", "/shop/v1/roles", []string{bob}, 200, "", ""},
				"public":                        {"GET", "/shop/v1/public/ping", nil, 200, "", ""},
				"optional, anonymous":           {"GET", "/shop/v1/optional", nil, 200, "", ""},
				"optional, with a key":          {"GET", "/shop/v1/optional", []string{"X-Api-Key: " + k}, 200, "", ""},
				"optional, with a bad key":      {"GET", "/shop/v1/optional", []string{"X-Api-Key: x.y.z"}, 401, "900901", "ApiKey"},
				"nothing":                       {"GET", "/shop/v1/pets/1", nil, 401, "900902", `ApiKey realm="Shop", in="header", name="X-API-Key"`},
				"only half of both":             {"GET", "/shop/v1/both", []string{"X-Api-Key: " + k}, 401, "900902", "Basic"},
				"a forged key":                  {"GET", "/shop/v1/pets/1", []string{"X-Api-Key: " + k[:len(k)-4] + "AAAA"}, 401, "900901", "ApiKey"},
				"a wrong password":              {"GET", "/shop/v1/admin/stats", []string{login("bob", "wrong")}, 401, "900911", `Basic realm="Shop", charset="UTF-8"`},
				"an unknown user":               {"GET", "/shop/v1/admin/stats", []string{login("mallory", "builder")}, 401, "900911", "Basic"},
				"malformed Basic":               {"GET", "/shop/v1/admin/stats", []string{"Authorization: Basic YQ=="}, 401, "900912", "Basic"},
				"another kind":                  {"GET", "/shop/v1/admin/stats", []string{"Authorization: Bearer " + k}, 401, "900917", "Basic"},
				"no role":                       {"GET", "/shop/v1/roles", []string{alice}, 403, "900910", ""},
				"a token that nobody verifies":  {"POST", "/shop/v1/pets", []string{"Authorization: Bearer " + k}, 401, "900901", "Bearer"},
				"no certificate":                {"GET", "/shop/v1/secure/mtls", nil, 401, "900902", ""},
				"no operation":                  {"GET", "/shop/v1/nope", nil, 404, "404", ""},
				"outside of the base path":      {"GET", "/admin", nil, 404, "404", ""},
				"no method":                     {"DELETE", "/shop/v1/pets/1", nil, 405, "405", ""},
				"HEAD is not declared":          {"HEAD", "/shop/v1/pets/1", []string{"X-Api-Key: " + k}, 405, "", ""},
				"OPTIONS is not declared":       {"OPTIONS", "/shop/v1/pets/1", nil, 405, "405", ""},
				"a path that is none":           {"GET", "/shop/v1/pets//1", nil, 400, "400", ""},
				"a query that can't be read":    {"GET", "/shop/v1/public/ping?a=1;b", nil, 400, "400", ""},
				"a key in the body is no key":   {"PUT", "/shop/v1/pets/1", nil, 401, "900902", "ApiKey"},
				"a key to a Bearer place is no": {"POST", "/shop/v1/pets", nil, 401, "900902", "Bearer"},
			} {
				t.Run(call, func(t *testing.T) {
					g.Upstream.Take()
					body := ""
					if tc.method == "PUT" {
						body = "apikey=" + k
					}
					a := g.DoWith(client, tc.method, base+tc.target, body, tc.headers...)
					require.Equal(t, tc.status, a.Status, a.Body)
					came := g.Upstream.Take()
					if tc.status == 200 {
						require.Len(t, came, 1)
						for _, secret := range []string{k, "Authorization", "YWxpY2U", "X-Api-Key"} {
							require.NotContains(t, came[0], secret)
						}
						return
					}
					require.Empty(t, came, "the upstream must see nothing")
					require.Contains(t, strings.Join(a.Header.Values("Www-Authenticate"), ", "), tc.challenge)
					if tc.code != "" {
						require.Contains(t, a.Body, `{"fault":{"code":`+tc.code+`,`)
						require.Equal(t, "application/json", a.Header.Get("Content-Type"))
						require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
					}
					if tc.status == 405 {
						require.Equal(t, "GET, PUT", a.Header.Get("Allow"))
					}
				})
			}
		})
	}
}

func TestAKeyForAnotherAPIIsRefused(t *testing.T) {
	g := harness.Start(t, strings.Replace(shopCaddyfile, "apikey_issuer", "apikey_issuer {\n\t\tapi \"Some Other API\" 1.0.0\n\t}", 1), map[string]string{"shop.yaml": shop})
	a := g.Get("/shop/v1/pets/1", "X-Api-Key: "+key(t, g, alice))
	require.Equal(t, 401, a.Status)
	require.Equal(t, invalidCredentials, a.Body)
}

func TestFaultStyles(t *testing.T) {
	withFaults := func(style, more string) string {
		return strings.Replace(shopCaddyfile, "openapi_auth shop.yaml {", "openapi_auth shop.yaml {\n\t\tfaults "+style, 1) + more
	}
	t.Run("problem", func(t *testing.T) {
		g := harness.Start(t, withFaults("problem", ""), map[string]string{"shop.yaml": shop})
		a := g.Get("/shop/v1/pets/1")
		require.Equal(t, 401, a.Status)
		require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
		require.JSONEq(t, `{"type":"about:blank","title":"Unauthorized","status":401,"code":900902,"detail":"Missing Credentials. Make sure your API request provides required credentials"}`, a.Body)
	})
	t.Run("caddy", func(t *testing.T) {
		caddyfile := strings.Replace(withFaults("caddy", ""), "\treverse_proxy", "\thandle_errors {\n\t\trespond \"{err.status_code} {err.message} {mgw.fault.code} {mgw.api} {mgw.operation}\"\n\t}\n\treverse_proxy", 1)
		g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
		a := g.Get("/shop/v1/pets/1")
		require.Equal(t, 401, a.Status)
		require.Equal(t, "401 Missing Credentials 900902 Shop getPet", a.Body)
		require.NotEmpty(t, a.Header.Get("Www-Authenticate"))
		a = g.Get("/nope")
		require.Equal(t, "404 Not Found 404 Shop ", a.Body)
	})
}

func TestPlaceholdersIdentityAndVary(t *testing.T) {
	caddyfile := strings.Replace(shopCaddyfile, "\treverse_proxy", "\trequest_header X-Placeholders \"{http.auth.user.id}|{http.auth.user.scheme}|{http.auth.user.scopes}|{http.auth.user.issuer}|{http.auth.user.login.id}|{http.auth.user.header.id}|{mgw.api}|{mgw.operation}|{mgw.fault.code}\"\n\treverse_proxy", 1)
	g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
	k := key(t, g, alice)
	g.Upstream.Take()
	spoof := []string{"X-Auth-User: root", "X_auth_user: root", "x-auth-scopes: all", "Connection: X-Auth-User"}
	for target, want := range map[string]string{
		"/shop/v1/both":        "bob|login|chief clerk||bob|alice|Shop|both|",
		"/shop/v1/pets/1":      "alice|header||caddymgw||alice|Shop|getPet|",
		"/shop/v1/public/ping": "||||||Shop|ping|",
	} {
		headers := append([]string{"X-Api-Key: " + k}, spoof...)
		if strings.HasSuffix(target, "both") {
			headers = append(headers, bob)
		}
		a := g.Get(target, headers...)
		require.Equal(t, 200, a.Status, a.Body)
		require.Equal(t, "Cookie, X-Api-Key", a.Header.Get("Vary"))
		came := g.Upstream.Take()
		require.Len(t, came, 1)
		require.Equal(t, []string{want}, harness.Header(came[0], "X-Placeholders"), target)
		user, _, _ := strings.Cut(want, "|")
		var identity []string
		if user != "" {
			identity = []string{user}
		}
		require.Equal(t, identity, harness.Header(came[0], "X-Auth-User"))
		require.NotContains(t, came[0], "root")
	}
}

func TestStripBasePathIsTheOnlyRewrite(t *testing.T) {
	caddyfile := strings.Replace(shopCaddyfile, "openapi_auth shop.yaml {", "openapi_auth shop.yaml {\n\t\tstrip_base_path\n\t\tallow_encoded_slash", 1)
	g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
	for target, want := range map[string]string{
		"/shop/v1/public/ping?a=%2f&b=": "/public/ping?a=%2f&b=",
		"/shop/v1/public/a%2Fb%20c":     "/public/a%2Fb%20c",
		"/shop/v1/public/%7Ex":          "/public/%7Ex",
	} {
		require.Equal(t, 200, g.Get(target).Status, target)
		came := g.Upstream.Take()
		require.Len(t, came, 1)
		require.Equal(t, "GET "+want+" HTTP/1.1", strings.SplitN(came[0], "\r\n", 2)[0])
	}
}

func TestForwardCredentialsKeepsWhatWasVerified(t *testing.T) {
	caddyfile := strings.Replace(shopCaddyfile, "openapi_auth shop.yaml {", "openapi_auth shop.yaml {\n\t\tforward_credentials", 1)
	g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
	k := key(t, g, alice)
	require.Equal(t, 200, g.Get("/shop/v1/pets/1", "X-Api-Key: "+k, "Cookie: k="+k).Status)
	came := g.Upstream.Take()
	require.Len(t, came, 1)
	require.Equal(t, []string{k}, harness.Header(came[0], "X-Api-Key"))
	require.Empty(t, harness.Header(came[0], "Cookie"), "nobody verified the cookie")
}

// accessLog returns the access-log lines.
func accessLog(t *testing.T, g *harness.Gateway) (lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(g.Log()) {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &m), line)
		if logger, _ := m["logger"].(string); strings.HasPrefix(logger, "http.log.access") {
			lines = append(lines, m)
		}
	}
	return lines
}

func TestTheAccessLogSaysWhatWasDecided(t *testing.T) {
	g := startShop(t)
	k := key(t, g, alice)
	g.Get("/shop/v1/pets/1", "X-Api-Key: "+k)
	g.Get("/shop/v1/pets/1", "X-Api-Key: x.y.z")
	g.Get("/nope")
	lines := accessLog(t, g)
	require.Len(t, lines, 4)
	got := make([]string, 0, 3)
	for _, l := range lines[1:] {
		operation, _ := l["mgw_operation"].(string)
		user, _ := l["user_id"].(string)
		got = append(got, strings.Join([]string{l["mgw_api"].(string), operation, l["mgw_outcome"].(string), user}, "|"))
	}
	require.Equal(t, []string{"Shop|getPet|pass|alice", "Shop|getPet|malformed|", "Shop||no_such_operation|"}, got)
}

// TestNoLogHoldsASecret sends credentials in every place and spelling, with
// the debug log on, and searches what was logged.
func TestNoLogHoldsASecret(t *testing.T) {
	g := startShop(t)
	k := key(t, g, alice)
	const opaque = "S3CR3T-opaque-value"
	for _, headers := range [][]string{
		{"X-Api-Key: " + k},
		{"X_api_key: " + k},
		{"x-api.key: " + opaque},
		{"X-Api-Key: " + opaque},
		{"X-Other: " + k},
		{"Authorization: Bearer " + k},
		{"Cookie: a=1; k=" + opaque},
		{"Referer: https://x.test/?a=1&apikey=" + opaque},
		{"Referer: https://x.test/" + k},
		{alice},
		{login("alice", opaque)},
	} {
		g.Get("/shop/v1/pets/1", headers...)
		g.Get("/shop/v1/admin/stats", headers...)
	}
	g.Get("/shop/v1/pets/1?apikey=" + k)
	g.Get("/shop/v1/pets/1?apikey=" + opaque + "&x=%zz")
	g.Get("/shop/v1/pets/1?%61pikey=" + opaque)
	g.Get("/shop/v1/pets/" + k)
	log := g.Log()
	signature := k[strings.LastIndexByte(k, '.')+1:]
	for _, secret := range []string{signature, opaque, "wonder", strings.TrimPrefix(alice, "Authorization: Basic ")} {
		require.NotContains(t, log, secret)
	}
	require.Contains(t, log, "REDACTED")
}
