package modules_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// reportOnly is the shop, with an option that has not everything enforced.
func reportOnly(option string) string {
	return strings.Replace(shopCaddyfile, "\topenapi_auth shop.yaml {", "\thandle /metrics {\n\t\tmetrics\n\t}\n\topenapi_auth shop.yaml {\n\t\t"+option, 1)
}

// lines are the entries of the log with a message.
func logged(t testing.TB, log, msg string) (found []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log) {
		var l map[string]any
		if json.Unmarshal([]byte(line), &l) == nil && l["msg"] == msg {
			found = append(found, l)
		}
	}
	return found
}

func TestAReportedAPIRefusesNobody(t *testing.T) {
	g := harness.Start(t, reportOnly("report_only {\n\t\t\tnetworks 127.0.0.0/8\n\t\t}"), map[string]string{"shop.yaml": shop})
	require.Contains(t, g.Log(), "NOTHING OF THIS API IS ENFORCED")
	require.NotContains(t, g.Log(), "nobody can call some operations")
	forged := "X-Api-Key: " + strings.Repeat("a", 300)
	for name, tc := range map[string]struct {
		method, target string
		lines          []string
		told           string
	}{
		"without a key":            {"GET", petPath, nil, "401; code=900902; reason=missing"},
		"with a bad one":           {"GET", petPath, []string{forged}, "401; code=900901; reason=malformed"},
		"with one of another kind": {"GET", petPath, []string{alice}, "401; code=900917; reason=kind_not_accepted"},
		"without a role":           {"GET", "/shop/v1/roles", []string{alice}, "403; code=900910; reason=scope"},
		"that nobody can call":     {"POST", "/shop/v1/pets", nil, "401; code=900902; reason=missing"},
		"that is not declared":     {"GET", "/shop/v2/none", nil, "404; code=404; reason=no_such_operation"},
		"by another method":        {"PATCH", petPath, nil, "405; code=405; reason=no_such_method"},
		"by no canonical path":     {"GET", "/shop/v1/pets/a%2Fb", nil, "400; code=400; reason=path_not_canonical"},
		"by no canonical query":    {"GET", petPath + "?a=1;b=2", nil, "400; code=400; reason=query_not_canonical"},
		"that is public":           {"GET", "/shop/v1/public/ping", nil, ""},
		"with a role":              {"GET", "/shop/v1/roles", []string{bob}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g.Upstream.Take()
			a := g.Do(tc.method, tc.target, "", append(tc.lines, "X-Auth-User: root", "X-Original-Url: /admin", "Connection: X-Auth-User")...)
			require.Equal(t, 200, a.Status)
			require.Equal(t, "upstream", a.Body)
			require.Equal(t, tc.told, a.Header.Get("X-Would-Be-Refused"))
			require.Empty(t, a.Header.Get("WWW-Authenticate"))
			raw := g.Upstream.Take()[0]
			require.True(t, strings.HasPrefix(raw, tc.method+" "+tc.target+" "), raw)
			require.Empty(t, harness.Header(raw, "X-Original-Url"))
			if tc.told != "" || tc.lines == nil {
				require.Empty(t, harness.Header(raw, "X-Auth-User"), "nobody may call himself")
			} else {
				require.Equal(t, []string{"bob"}, harness.Header(raw, "X-Auth-User"))
			}
			for _, line := range tc.lines {
				require.Contains(t, raw, line, "for whoever guards the API behind")
			}
		})
	}
	k := key(t, g, alice)
	require.Empty(t, g.Get(petPath, "X-Api-Key: "+k).Header.Get("X-Would-Be-Refused"))
	raw := g.Upstream.Take()
	require.Contains(t, raw[len(raw)-1], "X-Api-Key: "+k)
	require.Contains(t, raw[len(raw)-1], "X-Auth-User: alice")

	lines := logged(t, g.Log(), "would be refused")
	require.Len(t, lines, 9)
	roles := 0
	for _, l := range lines {
		require.Equal(t, "info", l["level"])
		if l["operation"] == "roles" {
			roles++
			require.Equal(t, "scope", l["reason"])
			require.Equal(t, "alice", l["subject"])
			require.InDelta(t, 403, l["status"], 0)
		}
	}
	require.Equal(t, 1, roles)
	require.Contains(t, g.Log(), `"mgw_outcome":"would_be_refused"`)
	for _, secret := range []string{k[strings.LastIndexByte(k, '.'):], forged[20:], strings.TrimPrefix(alice, "Authorization: Basic ")} {
		require.NotContains(t, g.Log(), secret)
	}

	metrics := g.Get("/metrics").Body
	for _, want := range []string{
		`caddy_mgw_would_be_refused_total{api="Shop",operation="getPet",reason="missing"} 1`,
		`caddy_mgw_would_be_refused_total{api="Shop",operation="",reason="no_such_operation"} 2`, // and /metrics, for which no handler is before this one
		`caddy_mgw_would_be_refused_total{api="Shop",operation="roles",reason="scope"} 1`,
		`caddy_mgw_decisions_total{api="Shop",operation="roles",outcome="would_be_refused",scheme=""} 1`,
		`caddy_mgw_decisions_total{api="Shop",operation="roles",outcome="pass",scheme="login"} 1`,
	} {
		require.Contains(t, metrics, want)
	}
}

func TestNobodyIsToldOfARefusalUnlessConfigured(t *testing.T) {
	for name, option := range map[string]string{"by default": "report_only", "elsewhere": "report_only {\n\t\t\tnetworks 192.0.2.0/24\n\t\t}"} {
		t.Run(name, func(t *testing.T) {
			g := harness.Start(t, reportOnly(option), map[string]string{"shop.yaml": shop})
			a := g.Get(petPath)
			require.Equal(t, 200, a.Status)
			require.NotContains(t, a.Header, "X-Would-Be-Refused")
			require.Len(t, logged(t, g.Log(), "would be refused"), 1)
		})
	}
}

// TestOnlyTheGatewayTellsOfARefusal: neither the upstream does, nor who names himself
// another client.
func TestOnlyTheGatewayTellsOfARefusal(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["x-would-be-refused"] = []string{"200; code=1; reason=upstream"}
		switch {
		case strings.HasSuffix(r.URL.Path, "/ping"):
			w.WriteHeader(http.StatusEarlyHints)
		case strings.HasSuffix(r.URL.Path, "/roles"): // flushed at once
			w.Header().Set("Content-Type", "text/event-stream")
			_ = http.NewResponseController(w).Flush()
		case strings.HasSuffix(r.URL.Path, "/stats"):
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "hello")
	}))
	defer upstream.Close()
	const here, elsewhere = "report_only {\n\t\t\tnetworks 127.0.0.0/8\n\t\t}", "report_only {\n\t\t\tnetworks 192.0.2.0/24\n\t\t}"
	for name, tc := range map[string]struct {
		option, global, target string
		told                   []string
		status                 int
	}{
		"a client that is to know":              {here, "", petPath, []string{"401; code=900902; reason=missing"}, 200},
		"a stream":                              {here, "", "/shop/v1/roles", []string{"401; code=900902; reason=missing"}, 200},
		"of what passes":                        {here, "", "/shop/v1/public/ping", nil, 200},
		"an upstream that fails":                {here, "", "/shop/v1/admin/stats", []string{"401; code=900902; reason=missing"}, 502},
		"another client":                        {elsewhere, "", petPath, nil, 200},
		"another client whose proxy is trusted": {elsewhere, "trusted_proxies static 127.0.0.0/8\n\t\ttrusted_proxies_strict", petPath, []string{"401; code=900902; reason=missing"}, 200},
		"another client whose proxy may lie":    {elsewhere, "trusted_proxies static 127.0.0.0/8", petPath, nil, 200},
	} {
		t.Run(name, func(t *testing.T) {
			caddyfile := strings.NewReplacer("$UPSTREAM", strings.TrimPrefix(upstream.URL, "http://")).Replace(reportOnly(tc.option))
			if tc.global != "" {
				caddyfile = strings.Replace(caddyfile, "\t$GLOBAL\n", "\t$GLOBAL\n\tservers {\n\t\t"+tc.global+"\n\t}\n", 1)
			}
			g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
			a := g.Get(tc.target, "X-Forwarded-For: 192.0.2.1", "X-Real-Ip: 192.0.2.1", "Forwarded: for=192.0.2.1")
			require.Equal(t, tc.status, a.Status)
			require.Equal(t, tc.told, a.Header.Values("X-Would-Be-Refused"))
		})
	}
}

// TestReportedSchemesRefuseNobodyAndOthersDo has keys in the header reported.
func TestReportedSchemesRefuseNobodyAndOthersDo(t *testing.T) {
	g := harness.Start(t, reportOnly("report_only header token"), map[string]string{"shop.yaml": shop})
	require.Contains(t, g.Log(), "NOT ENFORCED, with report_only: header, token. Requests pass without them at listPets, addPet, getPet, putPet, both, optional")
	require.Contains(t, g.Log(), "nobody can call some operations, nothing here verifies the schemes that they need: mtls")
	status := func(method, target string, lines ...string) int { return g.Do(method, target, "", lines...).Status }
	require.Equal(t, 200, status("GET", petPath), "one of both is enough")
	require.Equal(t, 200, status("GET", petPath, "X-Api-Key: bad"))
	require.Equal(t, 401, status("GET", petPath+"?apikey=bad"), "the other one is enforced")
	require.Equal(t, 401, status("GET", "/shop/v1/both"))
	require.Equal(t, 401, status("GET", "/shop/v1/both", "X-Api-Key: bad"))
	require.Equal(t, 401, status("GET", "/shop/v1/both", login("alice", "wrong")))
	require.Equal(t, 401, status("GET", "/shop/v1/cookie"))
	require.Equal(t, 401, status("GET", "/shop/v1/pets/findByStatus"))
	require.Equal(t, 404, status("GET", "/shop/v1/none"))
	require.Equal(t, 405, status("PATCH", petPath))
	require.Equal(t, 400, status("GET", petPath+"?a=1;b=2"))
	require.Equal(t, 200, status("POST", "/shop/v1/pets"), "nothing verifies its tokens")

	g.Upstream.Take()
	require.Equal(t, 200, status("GET", "/shop/v1/both", alice, "X-Api-Key: bad", "X-Auth-User: root"))
	raw := g.Upstream.Take()[0]
	require.Equal(t, []string{"alice"}, harness.Header(raw, "X-Auth-User"), "she was verified")
	require.Equal(t, []string{"bad"}, harness.Header(raw, "X-Api-Key"))
	require.Empty(t, harness.Header(raw, "Authorization"), "it is enforced, and stripped as ever")
	require.Len(t, logged(t, g.Log(), "would be refused"), 4)
}

func TestAReportedAPISignsForWhomItVerified(t *testing.T) {
	g := harness.Start(t, reportOnly("report_only\n\t\tbackend_jwt X-JWT"), map[string]string{"shop.yaml": shop})
	require.Equal(t, 200, g.Get(petPath).Status)
	require.Equal(t, 200, g.Get("/shop/v1/roles", alice).Status)
	require.Equal(t, 200, g.Get("/shop/v1/roles", bob).Status)
	var signed []int
	for _, raw := range g.Upstream.Take() {
		signed = append(signed, len(harness.Header(raw, "X-Jwt")))
	}
	require.Equal(t, []int{0, 0, 1}, signed)
}

// TestAStreamGoesOnWhereItsKeyIsNotEnforced, though the key is revoked.
func TestAStreamGoesOnWhereItsKeyIsNotEnforced(t *testing.T) {
	address, ended := steady(t)
	g := harness.New(t, petsFile())
	require.NoError(t, g.Load(strings.NewReplacer("$UPSTREAM", address, "openapi_auth pets.yaml {", "openapi_auth pets.yaml {\n\t\treport_only").Replace(trusting())))
	k := issue(t, g, alice, "{}")
	res := open(t, g, true, "/v1/key?mode=events", k.header())
	_, err := io.ReadFull(res.Body, make([]byte, 5*len(tickText)))
	require.NoError(t, err)
	require.Equal(t, 204, g.Do("DELETE", keysOf+"/"+k.ID, "", alice).Status)
	_, err = io.ReadFull(res.Body, make([]byte, 30*len(tickText))) // it would be looked at each second
	require.NoError(t, err)
	require.Empty(t, ended)
	require.Equal(t, 200, g.Get("/v1/key?mode=upload", k.header()).Status)
	require.Contains(t, g.Log(), `"reason":"revoked"`)
}

func TestReportOnlyIsParsed(t *testing.T) {
	site := func(option string) string {
		return "http://localhost {\n\topenapi_auth pets.yaml {\n\t\t" + option + "\n\t}\n}\n"
	}
	for option, want := range map[string]string{
		"report_only":            `"report_only":{}`,
		"report_only key login":  `"report_only":{"schemes":["key","login"]}`,
		"report_only key {\n}\n": `"report_only":{"schemes":["key"]}`,
		"report_only {\n\t\t\tnetworks 10.0.0.0/8 ::1/128\n\t\t}": `"report_only":{"networks":["10.0.0.0/8","::1/128"]}`,
		"report_only {\n\t\t\tnetworks private_ranges\n\t\t}":     `"report_only":{"networks":["192.168.0.0/16",`,
	} {
		config, err := harness.Adapt(filepath.Join(t.TempDir(), "Caddyfile"), site(option))
		require.NoError(t, err, option)
		require.Contains(t, strings.NewReplacer("\t", "", "\n", "", ": ", ":").Replace(string(config)), want)
	}
	for option, want := range map[string]string{
		"report_only\n\t\treport_only":                                         "Caddyfile:4: report_only is given twice",
		"report_only {\n\t\t\theader X\n\t\t}":                                 "Caddyfile:4: unrecognized option of report_only: header",
		"report_only {\n\t\t\tnetworks\n\t\t}":                                 "Caddyfile:4: wrong argument count",
		"report_only {\n\t\t\tnetworks 10.0.0.x\n\t\t}":                        `Caddyfile:4: networks "10.0.0.x": must be like 10.0.0.0/8 or 10.0.0.1, or private_ranges`,
		"report_only {\n\t\t\tnetworks ::1/128\n\t\t\tnetworks ::1/128\n\t\t}": "Caddyfile:5: networks is given twice",
	} {
		_, err := harness.Adapt("Caddyfile", site(option))
		place, message, _ := strings.Cut(want, ": ")
		require.ErrorContains(t, err, place)
		require.ErrorContains(t, err, message)
	}
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	require.NoError(t, g.Validate("{\n\t$GLOBAL\n}\n"+strings.Replace(site("report_only {\n\t\t\tnetworks private_ranges 10.0.0.1\n\t\t}"), "pets.yaml", "shop.yaml", 1)))
	for option, want := range map[string]string{
		"report_only heder":         "report_only heder: the document ",
		"report_only header header": "report_only header: the scheme is named twice",
	} {
		require.ErrorContains(t, g.Validate(reportOnly(option)), want)
	}
	config, err := g.Adapt(reportOnly("report_only {\n\t\t\tnetworks 10.0.0.0/8\n\t\t}"))
	require.NoError(t, err)
	require.ErrorContains(t, harness.ValidateJSON([]byte(strings.Replace(string(config), "10.0.0.0/8", "10.0.0", 1))), `report_only: networks "10.0.0": must be like 10.0.0.0/8`)
}
