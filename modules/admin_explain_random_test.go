package modules_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
	"github.com/caddymgw/gateway/modules/mgw"
)

// aliases is the shop with keys in headers that Caddy drops, unless they are expected.
var aliases = strings.NewReplacer(
	"    cookie: {type", "    under: {type: apiKey, in: header, name: shop_key}\n    dot: {type: apiKey, in: header, name: shop.key}\n    cookie: {type",
	"  /optional:", "  /under: {get: {operationId: under, security: [{under: []}, {dot: []}]}}\n  /optional:",
).Replace(shop)

// expecting has them expected.
func expecting(caddyfile string) string {
	return strings.Replace(caddyfile, "\t$GLOBAL\n", "\t$GLOBAL\n\tservers {\n\t\texpected_underscore_headers shop_key a_b.c\n\t\texpected_dot_headers shop.*\n\t}\n", 1)
}

// TestHeadersThatAreDroppedAreNotExplained compares with what Caddy does.
func TestHeadersThatAreDroppedAreNotExplained(t *testing.T) {
	o := operate(t, shopCaddyfile)
	require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "shop.yaml"), []byte(aliases), 0o600))
	o.run(expecting(shopCaddyfile))
	for name, tc := range map[string]struct {
		path  string
		lines []string
		code  int
	}{
		"expected":                        {"/shop/v1/under", []string{"shop_key: bad"}, 900901},
		"expected in capitals":            {"/shop/v1/under", []string{"SHOP_KEY: bad"}, 900901},
		"expected by its beginning":       {"/shop/v1/under", []string{"Shop.Key: bad"}, 900901},
		"twice":                           {"/shop/v1/under", []string{"shop_key: bad", "shop_key: bad"}, 900902},
		"twice, by its beginning":         {"/shop/v1/under", []string{"shop.key: bad", "Shop.key: bad"}, 900902},
		"with a hyphen":                   {"/shop/v1/under", []string{"shop-key: bad"}, 900902},
		"not expected":                    {petPath, []string{"X_API_Key: bad"}, 900902},
		"another one for which there is":  {petPath, []string{"X.API.Key: bad"}, 900902},
		"as it is, beside one of the two": {petPath, []string{"X-API-Key: bad", "X_API-Key: bad"}, 900901},
	} {
		t.Run(name, func(t *testing.T) {
			x := o.in(t).explains(mgw.Question{Method: "GET", Path: tc.path, Headers: headers(tc.lines...), TLS: true})
			require.EqualValues(t, tc.code, x.Code)
			require.Contains(t, o.Get(tc.path, tc.lines...).Body, strconv.Itoa(tc.code))
		})
	}
	t.Run("of a document alone", func(t *testing.T) {
		file := filepath.Join(o.Dir, "shop.yaml")
		for want, args := range map[string][]string{
			"undecided": {"-H", "shop_key: -"},
			"denied":    {"-H", "shop_key: -", "-H", "Shop_Key: -"},
		} {
			require.Equal(t, want, whyNot(t, typed("a\nb\n", append([]string{"explain", file, "GET", "/shop/v1/under", "--json"}, args...)...)).Decision)
		}
		x := whyNot(t, typed("a\n", "explain", file, "GET", "/shop/v1/under", "--json", "-H", "shop-key: -"))
		require.EqualValues(t, "missing", x.Reason)
	})
}

// TestWhatIsExplainedIsWhatHappens sends random requests, and has each explained
// before: verdict, challenges, subject, and what is only reported.
func TestWhatIsExplainedIsWhatHappens(t *testing.T) {
	const networks = " {\n\t\t\tnetworks 127.0.0.0/8\n\t\t}"
	for name, option := range map[string]string{
		"enforced":         "",
		"schemes reported": "report_only header under token" + networks,
		"all reported":     "report_only" + networks,
	} {
		t.Run(name, func(t *testing.T) {
			o := operate(t, shopCaddyfile)
			require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "shop.yaml"), []byte(aliases), 0o600))
			o.run(expecting(reportOnly(option)))
			k := o.issue(`{"subject":"ci"}`).APIKey
			limited := o.issue(`{"subject":"cd","operations":["getPet"],"permittedIPs":["192.0.2.0/24"]}`).APIKey
			gone := o.issue(`{"subject":"gone"}`)
			require.Equal(t, 200, o.ask("DELETE", "/mgw/keys/"+gone.ID, "").Status)
			rnd := rand.New(rand.NewPCG(7, 8))
			pick := func(all ...string) string { return all[rnd.IntN(len(all))] }
			value := func() string { return pick(k, k, k, k, limited, gone.APIKey, "bad", k[:len(k)-4]+"AAAA", aToken) }
			verdicts := map[string]int{}
			for range 300 {
				var lines []string
				for range 1 + rnd.IntN(3) {
					switch rnd.IntN(8) {
					case 0, 1:
						lines = append(lines, pick("X-API-Key: ", "x-api-KEY: ", "X_Api_Key: ", "X.Api_Key: ")+value())
					case 2:
						for range 1 + rnd.IntN(4)/3 { // Caddy drops what comes twice
							lines = append(lines, pick("shop_key: ", "shop_key: ", "Shop-Key: ", "shop.key: ", "shop.other: ", "SHOP_KEY: ")+value())
						}
					case 3:
						lines = append(lines, pick(alice, bob, login("bob", "wrong"), "Authorization: Basic", "Authorization: Bearer "+k, "Authorization: "+k, "Authorization: Digest x"))
					case 4:
						lines = append(lines, "Cookie: k="+value(), pick("Cookie: a=b", "Cookie: k=", "Accept: x"))
					case 5:
						lines = append(lines, pick("X-Auth-User: root", "X-Forwarded-For: 192.0.2.1", "Connection: X-Api-Key", "X-HTTP-Method-Override: DELETE"))
					}
				}
				method := pick("GET", "GET", "GET", "GET", "GET", "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS")
				path := pick(strings.Split(strings.Repeat("/shop/v1 ", 12)+"/shop/v1/. /shop//v1", " ")...) +
					pick("/pets", petPath[len("/shop/v1"):], "/pets/a%2Fb", "/pets/findByStatus", "/cookie", "/both", "/both", "/roles", "/under", "/under", "/optional", "/public/ping", "/none", "/secure/mtls") +
					pick("", "", "", "", "", "", "", "?apikey="+value(), "?apikey=", "?a=1&apikey="+value()+"&apikey=x", "?a;b", "?%zz", "?%61pikey="+k)
				about := []any{"%s %s with %q", method, path, lines}
				x := o.explains(mgw.Question{Method: method, Path: path, Headers: headers(lines...), Client: "127.0.0.1", TLS: true})
				verdicts[x.Decision]++
				o.Upstream.Take()
				a := o.Do(method, path, "", lines...)
				sent := o.Upstream.Take()
				if x.Decision == mgw.Denied {
					require.Equal(t, x.Status, a.Status, about...)
					require.Equal(t, x.Challenges, a.Header.Values("Www-Authenticate"), about...)
					require.Empty(t, sent, about...)
					require.True(t, method == http.MethodHead || strings.Contains(a.Body, fmt.Sprintf(`"code":%d,`, x.Code)), about...)
					continue
				}
				require.Equal(t, http.StatusOK, a.Status, about...)
				require.Len(t, sent, 1, about...)
				require.Equal(t, x.Subject, strings.Join(harness.Header(sent[0], "X-Auth-User"), ""), about...)
				told := ""
				if x.Decision == mgw.WouldBeRefused {
					told = fmt.Sprintf("%d; code=%d; reason=%s", x.Status, x.Code, x.Reason)
				}
				require.Equal(t, told, a.Header.Get("X-Would-Be-Refused"), about...)
			}
			require.Greater(t, verdicts[mgw.Passes], 10, "the generator must reach all verdicts")
			require.True(t, option == "" || verdicts[mgw.WouldBeRefused] > 10)
			require.True(t, strings.HasPrefix(option, "report_only"+networks) || verdicts[mgw.Denied] > 10)
		})
	}
}
