package modules_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// claims reads the payload of a key, unverified.
func claims(t *testing.T, key string) map[string]any {
	t.Helper()
	parts := strings.Split(key, ".")
	require.Len(t, parts, 3)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(payload, &m))
	return m
}

func TestIssuerAnswers(t *testing.T) {
	g := startShop(t)
	const jsonType = "Content-Type: application/json"
	long := `{"name":"` + strings.Repeat("x", 5000) + `"}`
	for name, tc := range map[string]struct {
		method, target, body string
		headers              []string
		status, code         int
		detail               string
	}{
		"a user":                         {"GET", "/apikey", "", []string{alice}, 200, 0, ""},
		"by POST":                        {"POST", "/apikey", "", []string{alice}, 200, 0, ""},
		"with an empty object":           {"POST", "/apikey", "{}", []string{alice, jsonType}, 200, 0, ""},
		"with a charset":                 {"POST", "/apikey", "{}", []string{alice, jsonType + "; charset=utf-8"}, 200, 0, ""},
		"the word in another case":       {"GET", "/apikey", "", []string{strings.Replace(alice, "Basic", "BASIC", 1)}, 200, 0, ""},
		"same origin":                    {"POST", "/apikey", "", []string{alice, "Origin: https://localhost:" + g.HTTPS, "Sec-Fetch-Site: same-origin"}, 200, 0, ""},
		"nobody":                         {"GET", "/apikey", "", nil, 401, 900902, ""},
		"a wrong password":               {"GET", "/apikey", "", []string{login("alice", "wrong")}, 401, 900911, ""},
		"an unknown user":                {"GET", "/apikey", "", []string{login("zoe", "wonder")}, 401, 900911, ""},
		"another case of the name":       {"GET", "/apikey", "", []string{login("Alice", "wonder")}, 401, 900911, ""},
		"another kind":                   {"GET", "/apikey", "", []string{"Authorization: Bearer x"}, 401, 900917, ""},
		"no colon":                       {"GET", "/apikey", "", []string{"Authorization: Basic YQ=="}, 401, 900912, ""},
		"no base64":                      {"GET", "/apikey", "", []string{"Authorization: Basic !!!"}, 401, 900912, ""},
		"the word alone":                 {"GET", "/apikey", "", []string{"Authorization: Basic"}, 401, 900912, ""},
		"two headers":                    {"GET", "/apikey", "", []string{alice, alice}, 401, 900912, ""},
		"two in one":                     {"GET", "/apikey", "", []string{alice + "," + strings.TrimPrefix(alice, "Authorization: ")}, 401, 900912, ""},
		"another method":                 {"DELETE", "/apikey", "", []string{alice}, 405, 405, ""},
		"HEAD":                           {"HEAD", "/apikey", "", []string{alice}, 405, 0, ""},
		"below":                          {"GET", "/apikey/none", "", []string{alice}, 404, 404, ""},
		"another site asks":              {"GET", "/apikey", "", []string{alice, "Sec-Fetch-Site: cross-site"}, 403, 403, ""},
		"a foreign origin":               {"POST", "/apikey", "", []string{alice, "Origin: https://evil.test"}, 403, 403, ""},
		"an opaque origin":               {"POST", "/apikey", "", []string{alice, "Origin: null"}, 403, 403, ""},
		"a form":                         {"POST", "/apikey", "a=b", []string{alice, "Content-Type: application/x-www-form-urlencoded"}, 415, 415, ""},
		"no type":                        {"POST", "/apikey", "{}", []string{alice}, 415, 415, ""},
		"compressed":                     {"POST", "/apikey", "{}", []string{alice, jsonType, "Content-Encoding: gzip"}, 415, 415, ""},
		"too long":                       {"POST", "/apikey", long, []string{alice, jsonType}, 413, 413, ""},
		"too long, before the login":     {"POST", "/apikey", long, []string{jsonType}, 413, 413, ""},
		"no JSON":                        {"POST", "/apikey", "validityTime=5", []string{alice, jsonType}, 400, 400, "one JSON object"},
		"a list":                         {"POST", "/apikey", "[]", []string{alice, jsonType}, 400, 400, ""},
		"two objects":                    {"POST", "/apikey", "{}{}", []string{alice, jsonType}, 400, 400, ""},
		"a member twice":                 {"POST", "/apikey", `{"name":"a","name":"b"}`, []string{alice, jsonType}, 400, 400, "each member once"},
		"an unknown member":              {"POST", "/apikey", `{"validitytime":5}`, []string{alice, jsonType}, 400, 400, "known are validityTime"},
		"a life of nothing":              {"POST", "/apikey", `{"validityTime":0}`, []string{alice, jsonType}, 400, 400, "/validityTime"},
		"a life without end":             {"POST", "/apikey", `{"validityTime":-1}`, []string{alice, jsonType}, 400, 400, "1 at least"},
		"a life in fractions":            {"POST", "/apikey", `{"validityTime":1.5}`, []string{alice, jsonType}, 400, 400, "whole number"},
		"a life in words":                {"POST", "/apikey", `{"validityTime":"soon"}`, []string{alice, jsonType}, 400, 400, "/validityTime"},
		"another user's API":             {"POST", "/apikey", `{"apis":[{"name":"Bank"}]}`, []string{bob, jsonType}, 400, 400, "apis[0]"},
		"another version":                {"POST", "/apikey", `{"apis":[{"name":"Shop","version":"2"}]}`, []string{bob, jsonType}, 400, 400, "apis[0]"},
		"a scope that he lacks":          {"POST", "/apikey", `{"scopes":["chief","king"]}`, []string{bob, jsonType}, 400, 400, "scopes[1]"},
		"a scope where he has none":      {"POST", "/apikey", `{"scopes":["chief"]}`, []string{alice, jsonType}, 400, 400, "scopes[0]"},
		"no address":                     {"POST", "/apikey", `{"permittedIPs":["10.0.0.0/33"]}`, []string{alice, jsonType}, 400, 400, "permittedIPs[0]"},
		"a name of the wrong type":       {"POST", "/apikey", `{"name":5}`, []string{alice, jsonType}, 400, 400, "/name"},
		"a query does not hide the path": {"GET", "/apikey?x=1", "", []string{alice}, 200, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := g.Do(tc.method, tc.target, tc.body, tc.headers...)
			require.Equal(t, tc.status, a.Status, a.Body)
			require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
			switch {
			case tc.status == 200:
				require.Equal(t, "text/plain; charset=utf-8", a.Header.Get("Content-Type"))
				require.Equal(t, "alice", claims(t, a.Body)["sub"])
			case tc.code != 0:
				var fault struct {
					Fault struct {
						Code        int
						Description string
					}
				}
				require.NoError(t, json.Unmarshal([]byte(a.Body), &fault), a.Body)
				require.Equal(t, tc.code, fault.Fault.Code)
				require.Contains(t, fault.Fault.Description, tc.detail)
			}
			require.Equal(t, tc.status == 401, a.Header.Get("Www-Authenticate") == `Basic realm="caddymgw", charset="UTF-8"`)
			require.Equal(t, tc.status == 405, a.Header.Get("Allow") == "GET, POST")
		})
	}
	require.Empty(t, g.Upstream.Take())
}

func TestAWishNarrowsTheKey(t *testing.T) {
	g := startShop(t)
	before := time.Now().Unix()
	a := g.Do("POST", "/apikey", `{"validityTime":"600","name":"ci","apis":[{"name":"Shop","version":"1.0.0"}],"scopes":["clerk"],"operations":["getPet"],"permittedIPs":["127.0.0.1"],"permittedReferers":["shop.test"]}`,
		bob, "Content-Type: application/json", "Accept: application/json, text/plain;q=0.5")
	require.Equal(t, 200, a.Status, a.Body)
	require.Equal(t, "application/json", a.Header.Get("Content-Type"))
	var answer struct {
		APIKey    string    `json:"apikey"`
		ID        string    `json:"id"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.Body), &answer))
	require.InDelta(t, before+600, answer.ExpiresAt.Unix(), 5)
	c := claims(t, answer.APIKey)
	require.Equal(t, answer.ID, c["jti"])
	require.Equal(t, "clerk", c["scope"])
	require.EqualValues(t, answer.ExpiresAt.Unix(), c["exp"])
	require.Equal(t, []any{map[string]any{"name": "Shop", "version": "1.0.0"}}, c["allowedAPIs"])

	k := "X-Api-Key: " + answer.APIKey
	require.Equal(t, 200, g.Get("/shop/v1/pets/1", k, "Referer: https://shop.test/x").Status)
	require.Equal(t, 403, g.Get("/shop/v1/pets/1", k).Status, "no referer")
	require.Equal(t, 403, g.Get("/shop/v1/pets", k, "Referer: https://shop.test/x").Status, "another operation")
}

func TestALongWishIsCutToTheIssuersValidity(t *testing.T) {
	g := harness.Start(t, strings.Replace(shopCaddyfile, "apikey_issuer", "apikey_issuer {\n\t\tvalidity 1h\n\t}", 1), map[string]string{"shop.yaml": shop})
	for _, body := range []string{`{"validityTime":3601}`, `{"validityTime":"1000000000000000000000000"}`, "{}"} {
		c := claims(t, g.Do("POST", "/apikey", body, alice, "Content-Type: application/json").Body)
		require.InDelta(t, 3600, c["exp"].(float64)-c["iat"].(float64), 0, body)
	}
}

func TestTheIssuerNeedsTLS(t *testing.T) {
	g := startShop(t)
	plain := "http://localhost:" + g.HTTP + "/apikey"
	require.Equal(t, 404, g.DoWith(harness.Client(false), "GET", plain, "", alice).Status)
	require.NoError(t, g.Load(strings.Replace(shopCaddyfile, "apikey_issuer", "apikey_issuer {\n\t\tallow_http\n\t}", 1)))
	require.Equal(t, 200, g.DoWith(harness.Client(false), "GET", plain, "", alice).Status)
}

func TestOnlySomeUsersGetKeys(t *testing.T) {
	g := harness.Start(t, strings.Replace(shopCaddyfile, "apikey_issuer", "apikey_issuer {\n\t\tpath /keys\n\t\tusers bob\n\t\tapi Shop\n\t}", 1), map[string]string{"shop.yaml": shop})
	require.Equal(t, 200, g.Get("/keys", bob).Status)
	require.Equal(t, 403, g.Get("/keys", alice).Status)
	require.Equal(t, 401, g.Get("/keys", login("bob", "wonder")).Status)
	require.Equal(t, 404, g.Get("/apikey", bob).Status)
}

func TestManyAskAtOnceAndEachGetsAKeyOfItsOwn(t *testing.T) {
	g := startShop(t)
	client := harness.Client(true)
	var mu sync.Mutex
	ids := map[string]bool{}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			user := alice
			if i%2 == 0 {
				user = bob
			}
			a, err := harness.Send(client, "POST", "https://localhost:"+g.HTTPS+"/apikey", "", user)
			if err != nil || a.Status != 200 {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids[claims(t, a.Body)["jti"].(string)] = true
		})
	}
	wg.Wait()
	require.Len(t, ids, 200)
}

func TestAnOperationBehindTheIssuerIsWarnedOf(t *testing.T) {
	g := harness.Start(t, strings.Replace(shopCaddyfile, "apikey_issuer", "apikey_issuer {\n\t\tpath /shop/v1/pets\n\t}", 1), map[string]string{"shop.yaml": shop})
	require.Contains(t, g.Log(), "the API-key issuer answers in place of an operation")
}
