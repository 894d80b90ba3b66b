package modules_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/mgw"
)

type explained struct{ Explanations []mgw.Explanation }

// explains asks for one explanation.
func (o *operator) explains(q mgw.Question) mgw.Explanation {
	o.t.Helper()
	all := o.explainsAll(q)
	require.Len(o.t, all, 1)
	return all[0]
}

func (o *operator) explainsAll(q mgw.Question) []mgw.Explanation {
	o.t.Helper()
	body, err := json.Marshal(q)
	require.NoError(o.t, err)
	return read[explained](o.t, o.ask("POST", "/mgw/explain", string(body)), 200).Explanations
}

func headers(lines ...string) map[string][]string {
	all := map[string][]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		all[name] = append(all[name], value)
	}
	return all
}

// TestAnExplanationIsTheDecision compares what is explained with what happens.
func TestAnExplanationIsTheDecision(t *testing.T) {
	o := operate(t, shopCaddyfile)
	k := o.issue(`{"subject":"ci","scopes":["write"],"operations":["getPet","optional"],"permittedIPs":["127.0.0.0/8"]}`)
	gone := o.issue(`{"subject":"ci"}`)
	require.Equal(t, 200, o.ask("DELETE", "/mgw/keys/"+gone.ID, "").Status)
	for name, tc := range map[string]struct {
		method, path string
		lines        []string
		decision     string
		last         string // sentence
	}{
		"a key":                          {"GET", petPath, []string{"x-api-key: " + k.APIKey}, "pass", "The request passes, as ci."},
		"no key":                         {"GET", petPath, nil, "denied", "The request is refused with 401 (code 900902): nothing was presented."},
		"a key that is revoked":          {"GET", petPath, []string{"X-Api-Key: " + gone.APIKey}, "denied", "The request is refused with 401 (code 900901): it is revoked."},
		"a key of another operation":     {"GET", "/shop/v1/pets", []string{"X-Api-Key: " + k.APIKey}, "denied", "The request is refused with 403 (code 900910): it is not for this operation."},
		"a key in the query":             {"GET", petPath + "?full=yes&apikey=" + k.APIKey, nil, "pass", "The request passes, as ci."},
		"two keys":                       {"GET", petPath, []string{"X-Api-Key: " + k.APIKey, "x-API-key: " + k.APIKey}, "denied", "The request is refused with 401 (code 900901): a credential was presented twice at one place."},
		"a login":                        {"GET", "/shop/v1/roles", []string{bob}, "pass", "The request passes, as bob."},
		"a login without a role":         {"GET", "/shop/v1/roles", []string{alice}, "denied", "The request is refused with 403 (code 900910): a scope or role is missing."},
		"a wrong password":               {"GET", "/shop/v1/roles", []string{login("alice", "wrong")}, "denied", "The request is refused with 401 (code 900911): the user or the password is wrong."},
		"nobody, where that is allowed":  {"GET", "/shop/v1/optional", nil, "pass", "The request passes, as nobody."},
		"a bad one, where nobody may":    {"GET", "/shop/v1/optional", []string{"X-Api-Key: x"}, "denied", "The request is refused with 401 (code 900901): it is malformed, or not of the kind that is verified here."},
		"what is public":                 {"GET", "/shop/v1/public/ping", nil, "pass", "The request passes, as nobody."},
		"what nobody can call":           {"POST", "/shop/v1/pets", nil, "denied", "The request is refused with 401 (code 900902): nothing was presented."},
		"another method":                 {"PATCH", petPath, nil, "denied", "The request is refused with 405 (code 405): the document declares the path, but not for this method; the methods are GET, PUT."},
		"another path":                   {"GET", "/shop/v1/none", nil, "denied", "The request is refused with 404 (code 404): the document declares no such path."},
		"a path that is not canonical":   {"GET", "/shop/v1/pets/a%2Fb", nil, "denied", "The request is refused with 400 (code 400): the path can be read in more than one way, or is no path."},
		"a query that is not canonical":  {"GET", petPath + "?a;b", nil, "denied", "The request is refused with 400 (code 400): the query can't be read completely."},
		"one for the path of the issuer": {"GET", "/apikey", nil, "denied", "The request is refused with 404 (code 404): the document declares no such path."},
	} {
		t.Run(name, func(t *testing.T) {
			o := o.in(t)
			o.Upstream.Take()
			x := o.explains(mgw.Question{Method: tc.method, Path: tc.path, Headers: headers(tc.lines...), Client: "127.0.0.1", TLS: true})
			require.Empty(t, o.Upstream.Take())
			require.Equal(t, tc.decision, x.Decision)
			require.Equal(t, tc.last, x.Sentences[len(x.Sentences)-1])
			require.Equal(t, mgw.APIName{Name: "Shop", Version: "1.0.0"}, x.API)
			require.Equal(t, filepath.Join(o.Dir, "shop.yaml"), x.Document)
			require.Len(t, x.Listen, 2, "http and https decide alike")
			if tc.path == "/apikey" {
				return // which is answered by another
			}
			a := o.Do(tc.method, tc.path, "", tc.lines...)
			if tc.decision == "pass" {
				require.Equal(t, 200, a.Status)
				require.Zero(t, x.Status)
				require.Empty(t, x.Reason)
				return
			}
			require.Equal(t, x.Status, a.Status)
			require.Equal(t, x.Challenges, a.Header.Values("Www-Authenticate"))
			require.Equal(t, strings.Join(x.Allow, ", "), a.Header.Get("Allow"))
			require.Contains(t, a.Body, jsonNumber(int(x.Code)))
		})
	}
}

func jsonNumber(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

func TestAnExplanationGoesStepByStep(t *testing.T) {
	o := operate(t, shopCaddyfile)
	k := o.issue(`{"subject":"ci"}`)
	x := o.explains(mgw.Question{Method: "GET", Path: "/shop/v1/both", Headers: headers("X-Api-Key: "+k.APIKey, alice), Client: "192.0.2.1"})
	require.Equal(t, "192.0.2.1", x.Client)
	require.Equal(t, &mgw.ExplainedOperation{Method: "GET", Template: "/both", OperationID: "both", Security: "key header and login"}, x.Operation)
	require.Len(t, x.Credentials, 2)
	require.Equal(t, "basic", x.Credentials[1].AuthScheme)
	require.Len(t, x.Alternatives, 1)
	first, second := x.Alternatives[0].Requirements[0], x.Alternatives[0].Requirements[1]
	require.Equal(t, k.ID, first.KeyID)
	require.Equal(t, "satisfied", first.Outcome)
	require.NotNil(t, first.Expires)
	require.Equal(t, "alice", second.Subject)
	require.Equal(t, []string{
		"The request is for the operation both (GET /both) of Shop 1.0.0.",
		"It asks for: key header and login.",
		"In the header X-Api-Key there is a credential, which is good.",
		"In the header Authorization there is a credential of the kind basic, which is good.",
		"key header and login holds: header, satisfied by ci (id " + k.ID + ") until " + first.Expires.Format("2006-01-02T15:04:05Z") + "; login, satisfied by alice.",
		"The request passes, as alice.",
	}, x.Sentences)
	require.Equal(t, []mgw.ReadPlace{{In: "header", Name: "X-Api-Key"}, {In: "query", Name: "apikey"}, {In: "cookie", Name: "k"}, {In: "header", Name: "Authorization"}}, x.Reads)
}

// TestExplainingLeavesNoTrace: no key is used by it, nothing is counted, and no
// secret is said again.
func TestExplainingLeavesNoTrace(t *testing.T) {
	o := operate(t, strings.Replace(shopCaddyfile, "\topenapi_auth", "\thandle /metrics {\n\t\tmetrics\n\t}\n\topenapi_auth", 1))
	k := o.issue(`{"subject":"ci"}`)
	secret := k.APIKey[strings.LastIndexByte(k.APIKey, '.')+1:]
	for _, lines := range [][]string{
		{"X-Api-Key: " + k.APIKey},
		{"X-Api-Key: hunter2"},
		{"Authorization: hunter2 is the word"}, // which is no auth-scheme
		{"Authorization: hunter2"},
		{login("alice", "hunter2")},
		{"Cookie: k=hunter2", "Other: hunter2"},
	} {
		for _, path := range []string{petPath, "/shop/v1/roles", "/shop/v1/cookie", petPath + "?apikey=hunter2", "/hunter2", "/shop/v1/pets/hunter2"} {
			body, err := json.Marshal(mgw.Question{Method: "GET", Path: path, Headers: headers(lines...)})
			require.NoError(t, err)
			a := o.ask("POST", "/mgw/explain", string(body))
			require.Equal(t, 200, a.Status)
			require.NotContains(t, a.Body, "hunter2")
			require.NotContains(t, a.Body, secret)
		}
	}
	require.Nil(t, o.state(k.ID).LastUsedAt)
	require.Empty(t, o.Upstream.Take())
	require.NotContains(t, o.Log(), "hunter2")
	require.NotContains(t, o.Log(), secret)
	require.Equal(t, 401, o.Get("/shop/v1/roles", "Authorization: Basic eDp5").Status)
	metrics := o.DoWith(o.client, "GET", "http://"+o.address+"/metrics", "").Body
	require.Contains(t, metrics, `caddy_mgw_decision_seconds_count 1`, "the one that was sent")
}

func TestTheAPIToExplainIsFoundByThePath(t *testing.T) {
	g := `{
	$GLOBAL
	mgw {
		` + users + `
	}
}

$SITE {
	handle /shop/* {
		openapi_auth shop.yaml {
			report_only header
		}
		reverse_proxy $UPSTREAM
	}
	handle {
		openapi_auth k.yaml
		reverse_proxy $UPSTREAM
	}
}
`
	o := operate(t, shopCaddyfile)
	other := strings.NewReplacer("title: Shop", "title: Other", "/shop/v1", "/", "/public/ping", "/shop/v1/pets/{id}").Replace(shop)
	require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "k.yaml"), []byte(other), 0o600))
	o.run(g)
	names := func(q mgw.Question) (all []string) {
		for _, x := range o.explainsAll(q) {
			all = append(all, x.API.Name+" "+x.Decision)
		}
		return all
	}
	require.Equal(t, []string{"Shop would_be_refused", "Other pass"}, names(mgw.Question{Method: "GET", Path: petPath}), "both have it")
	require.Equal(t, []string{"Other denied"}, names(mgw.Question{Method: "GET", Path: "/pets/1"}))
	require.Equal(t, []string{"Shop denied"}, names(mgw.Question{Method: "GET", Path: "/shop/v1/both"}))
	require.Equal(t, []string{"Shop denied", "Other denied"}, names(mgw.Question{Method: "GET", Path: "/none"}))
	require.Equal(t, []string{"Shop denied"}, names(mgw.Question{Method: "GET", Path: "/pets/1", API: &mgw.APIName{Name: "Shop", Version: "1.0.0"}}))

	x := o.explains(mgw.Question{Method: "GET", Path: petPath, API: &mgw.APIName{Name: "Shop", Version: "1.0.0"}})
	require.Equal(t, 401, x.Status)
	require.True(t, x.Alternatives[0].Requirements[0].ReportOnly)
	require.Equal(t, "key header does not hold: nothing was presented (it is not enforced: report_only).", x.Sentences[3])
	require.Equal(t, "The request passes, since that is only reported (report_only). Else it would be refused with 401 (code 900902): nothing was presented.", x.Sentences[len(x.Sentences)-1])
	var shown mgw.ShownAPI
	require.NoError(t, json.Unmarshal([]byte(o.ask("GET", "/mgw/apis/Shop/1.0.0", "").Body), &shown))
	require.False(t, shown.ReportOnly)
	require.True(t, shown.Operations[2].Alternatives[0][0].ReportOnly)
	require.Equal(t, "key header or key query", shown.Operations[2].Security)
	require.Equal(t, mgw.ShownScheme{Name: "query", Type: "apiKey", In: "query", Parameter: "apikey", Verified: shown.Schemes[1].Verified}, shown.Schemes[1])
	require.True(t, *shown.Schemes[1].Verified)
}
