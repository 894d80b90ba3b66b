package modules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/mgw"
)

// refusals asks for what can't be had. Nothing of it may change anything.
func refusals(t *testing.T, o *operator) {
	o.run(shopCaddyfile)
	k := o.issue(`{"subject":"alice"}`)
	keys, signing := o.ask("GET", "/mgw/keys", "").Body, o.ask("GET", "/mgw/signing-keys", "").Body
	revoked := strings.Count(o.Log(), `"msg":"mgw_key_revoked"`)
	const (
		one    = "the body must be one JSON object, each member once"
		form   = "Content-Type: application/x-www-form-urlencoded"
		gzip   = "Content-Encoding: gzip"
		typed  = "Content-Type: application/json; charset=utf-8"
		bodies = "/mgw/keys /mgw/keys/$ID/rotate /mgw/revocations /mgw/signing-keys/rotate /mgw/inspect /mgw/explain"
	)
	long := `{"name":"` + strings.Repeat("x", 64<<10) + `"}`
	ahead := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for name, tc := range map[string]struct {
		method, targets, body string
		headers               []string
		status                int
		message, pointer      string
	}{
		"a body too long":             {"POST", bodies, long, nil, 413, "64 KiB", ""},
		"a form":                      {"POST", bodies, "subject=alice", []string{form}, 415, "application/json", ""},
		"an empty form":               {"POST", bodies, "", []string{form}, 415, "application/json", ""},
		"two types":                   {"POST", bodies, "{}", []string{ofJSON, ofJSON}, 415, "application/json", ""},
		"compressed":                  {"POST", bodies, "{}", []string{ofJSON, gzip}, 415, "application/json", ""},
		"no JSON":                     {"POST", bodies, "x", []string{typed}, 400, one, ""},
		"a list":                      {"POST", bodies, "[]", nil, 400, one, ""},
		"null":                        {"POST", bodies, "null", nil, 400, one, ""},
		"two objects":                 {"POST", bodies, "{}{}", nil, 400, one, ""},
		"an unknown member":           {"POST", bodies, `{"Subject":"alice"}`, nil, 400, "known are ", ""},
		"a query":                     {"POST", "/mgw/keys?x /mgw/keys/$ID/rotate?overlap=0 /mgw/revocations?id=$ID /mgw/signing-keys/rotate?at_once=true /mgw/inspect?token=x /mgw/explain?x", "{}", nil, 400, "takes no query", ""},
		"a query of what has none":    {"GET", "/mgw/apis?x=1 /mgw/apis/Shop/1.0.0?x /mgw/keys/$ID?x /mgw/signing-keys?x /mgw/openapi.json?x", "", nil, 400, "takes no query", ""},
		"and of a signing key":        {"DELETE", "/mgw/signing-keys/$ID?x", "", nil, 400, "takes no query", ""},
		"a query that is none":        {"GET", "/mgw/keys?%zz /mgw/keys?a;b", "", nil, 400, "can't be read", ""},
		"and of a deletion":           {"DELETE", "/mgw/keys/$ID?%zz", "", nil, 400, "can't be read", ""},
		"a parameter twice":           {"GET", "/mgw/keys?limit=1&limit=2", "", nil, 400, "must stand once", ""},
		"an unknown parameter":        {"GET", "/mgw/keys?user=alice", "", nil, 400, "subject", ""},
		"and of a revocation":         {"DELETE", "/mgw/keys/$ID?because=x /mgw/keys/$ID?reason=a&reason=b", "", nil, 400, "known is reason", ""},
		"a reason with a line end":    {"DELETE", "/mgw/keys/$ID?reason=a%0Ab", "", nil, 400, "reason: must not hold control", ""},
		"a reason with an escape":     {"POST", "/mgw/revocations", `{"id":"$ID","reason":"\u001b[2J"}`, nil, 400, "control characters", "/reason"},
		"nobody's key":                {"POST", "/mgw/keys", `{}`, nil, 400, "must not be empty", "/subject"},
		"a subject with a line end":   {"POST", "/mgw/keys", `{"subject":"a\nb"}`, nil, 400, "control characters", "/subject"},
		"a subject too long":          {"POST", "/mgw/keys", `{"subject":"` + strings.Repeat("ü", 201) + `"}`, nil, 400, "200 characters", "/subject"},
		"a member twice":              {"POST", "/mgw/keys", `{"subject":"a","subject":"b"}`, nil, 400, one, ""},
		"a subject of another type":   {"POST", "/mgw/keys", `{"subject":1}`, nil, 400, "wrong type", "/subject"},
		"a life of nothing":           {"POST", "/mgw/keys", `{"subject":"a","validityTime":0}`, nil, 400, "1 at least", "/validityTime"},
		"a list that limits nothing":  {"POST", "/mgw/keys", `{"subject":"a","operations":[]}`, nil, 400, "must not be empty", "/operations"},
		"an unknown operation":        {"POST", "/mgw/keys", `{"subject":"a","operations":["getPet","getPets"]}`, nil, 400, "the nearest are getPet", "/operations/1"},
		"an unknown API":              {"POST", "/mgw/keys", `{"subject":"a","apis":[{"name":"Shopp"}]}`, nil, 400, "the nearest are Shop", "/apis/0"},
		"an unknown scope":            {"POST", "/mgw/keys", `{"subject":"a","scopes":["wrote"]}`, nil, 400, "the nearest are write", "/scopes/0"},
		"no certificate":              {"POST", "/mgw/keys", `{"subject":"a","certificate":"x"}`, nil, 400, "x5t#S256", "/certificate"},
		"no address":                  {"POST", "/mgw/keys", `{"subject":"a","permittedIPs":["10.0.0.0/33"]}`, nil, 400, "CIDR", "/permittedIPs/0"},
		"an overlap that is none":     {"POST", "/mgw/keys/$ID/rotate", `{"overlap":-1}`, nil, 400, "0 at least", "/overlap"},
		"a rotation of nothing":       {"POST", "/mgw/keys/nothing/rotate", "", nil, 404, "no key of this id", ""},
		"nothing":                     {"GET", "/mgw/keys/nothing /mgw/keys/a%2Fb /mgw/keys/a%20b /mgw/keys/%E2%98%95", "", nil, 404, "no key of this id", ""},
		"a revocation of nothing":     {"DELETE", "/mgw/keys/nothing", "", nil, 404, "POST /mgw/revocations", ""},
		"no key is named":             {"POST", "/mgw/revocations", `{}`, nil, 400, "say which keys", ""},
		"only why":                    {"POST", "/mgw/revocations", `{"reason":"x"}`, nil, 400, "say which keys", ""},
		"an id and a subject":         {"POST", "/mgw/revocations", `{"id":"$ID","subject":"alice"}`, nil, 400, "stands alone", ""},
		"an id and a moment":          {"POST", "/mgw/revocations", `{"id":"$ID","issued_before":"2030-01-01T00:00:00Z"}`, nil, 400, "stands alone", ""},
		"a key for its id":            {"POST", "/mgw/revocations", `{"id":"` + k.APIKey + `"}`, nil, 400, "claim jti", "/id"},
		"an empty id":                 {"POST", "/mgw/revocations", `{"id":""}`, nil, 400, "claim jti", "/id"},
		"an empty subject":            {"POST", "/mgw/revocations", `{"subject":"","issued_before":"2020-01-01T00:00:00Z"}`, nil, 400, "must not be empty", "/subject"},
		"a moment that is none":       {"POST", "/mgw/revocations", `{"issued_before":"yesterday"}`, nil, 400, "RFC 3339", "/issued_before"},
		"a moment ahead":              {"POST", "/mgw/revocations", `{"subject":"alice","issued_before":"` + ahead + `"}`, nil, 400, "must not lie ahead", "/issued_before"},
		"everyone, ahead":             {"POST", "/mgw/revocations", `{"issued_before":"` + ahead + `"}`, nil, 400, "must not lie ahead", "/issued_before"},
		"no signing key":              {"DELETE", "/mgw/signing-keys/nothing /mgw/signing-keys/a%2Fb", "", nil, 404, "no such signing key", ""},
		"no token":                    {"POST", "/mgw/inspect", `{}`, nil, 400, "must be there", "/token"},
		"no method":                   {"POST", "/mgw/explain", `{"path":"/"}`, nil, 400, "must be a method", "/method"},
		"a method that is none":       {"POST", "/mgw/explain", `{"method":"GET /x","path":"/"}`, nil, 400, "must be a method", "/method"},
		"no path":                     {"POST", "/mgw/explain", `{"method":"GET"}`, nil, 400, "must be like /pets", "/path"},
		"a path with a blank":         {"POST", "/mgw/explain", `{"method":"GET","path":"/a b"}`, nil, 400, "without blanks", "/path"},
		"a path that nobody can read": {"POST", "/mgw/explain", `{"method":"GET","path":"/%zz"}`, nil, 400, "no server can read this", "/path"},
		"a relative path":             {"POST", "/mgw/explain", `{"method":"GET","path":"pets"}`, nil, 400, "no server can read this", "/path"},
		"a header of no name":         {"POST", "/mgw/explain", `{"method":"GET","path":"/","headers":{"a b":["x"]}}`, nil, 400, "none of a header", "/headers"},
		"a header with a line end":    {"POST", "/mgw/explain", `{"method":"GET","path":"/","headers":{"a":["x\ny: z"]}}`, nil, 400, "control characters", "/headers"},
		"a header that is no list":    {"POST", "/mgw/explain", `{"method":"GET","path":"/","headers":{"secret":"x"}}`, nil, 400, "wrong type", "/headers"},
		"a client that is none":       {"POST", "/mgw/explain", `{"method":"GET","path":"/","client":"localhost"}`, nil, 400, "must be an address", "/client"},
		"an API that is not served":   {"POST", "/mgw/explain", `{"method":"GET","path":"/","api":{"name":"Shop","version":"2"}}`, nil, 400, "no API of this name and version", "/api"},
		"no such API":                 {"GET", "/mgw/apis/Shop/2.0 /mgw/apis/shop/1.0.0 /mgw/apis/Shop/", "", nil, 404, "no API of this name and version", ""},
		"nothing there":               {"GET", "/mgw/ /mgw/none /mgw/keys/ /mgw/keys/$ID/ /mgw/keys/$ID/revoke /mgw/apis/Shop /mgw/apis/Shop/1.0.0/x /mgw/openapi.json/", "", nil, 404, "nothing at this path", ""},
		"changing nothing there":      {"DELETE", "/mgw/ /mgw/keys/ /mgw/signing-keys/", "", nil, 404, "nothing at this path", ""},
		"dot segments":                {"GET", "/mgw/apis/%2e%2e/keys /mgw/keys/%2E%2e%2Fapis /mgw/keys/x%2F..%2F$ID /mgw/%2e/keys", "", nil, 400, "dot segments", ""},
		"dot segments, to change":     {"POST", "/mgw/apis/%2e%2e/keys /mgw/keys/$ID%2F..%2Fx/rotate", `{"subject":"alice"}`, nil, 400, "dot segments", ""},
		"dot segments, to revoke":     {"DELETE", "/mgw/keys/%2e%2e%2Fkeys%2F$ID", "", nil, 400, "dot segments", ""},
		"an empty body for a revoker": {"POST", "/mgw/revocations /mgw/keys /mgw/inspect", "", nil, 415, "application/json", ""},
	} {
		for target := range strings.FieldsSeq(tc.targets) {
			t.Run(name+" "+target, func(t *testing.T) {
				fill := strings.NewReplacer("$ID", k.ID)
				a := o.in(t).ask(tc.method, fill.Replace(target), fill.Replace(tc.body), tc.headers...)
				got := read[told](t, a, tc.status).Error
				require.Equal(t, tc.status, got.Status)
				require.Contains(t, got.Message, tc.message)
				require.Equal(t, tc.pointer, got.Pointer)
				require.NotContains(t, a.Body, k.APIKey)
			})
		}
	}
	require.Equal(t, keys, o.ask("GET", "/mgw/keys", "").Body, "nothing was changed")
	require.Equal(t, signing, o.ask("GET", "/mgw/signing-keys", "").Body)
	require.Equal(t, 200, o.Get(petPath, k.header()).Status)
	require.Equal(t, revoked, strings.Count(o.Log(), `"msg":"mgw_key_revoked"`))
}

// TestAdminMethods: what changes something is never asked for by GET, and what is
// not there is told with what is.
func TestAdminMethods(t *testing.T) {
	o := operate(t, shopCaddyfile)
	k := o.issue(`{"subject":"alice"}`)
	allowed := map[string]string{
		"/mgw/apis": "GET, HEAD", "/mgw/apis/Shop/1.0.0": "GET, HEAD", "/mgw/keys": "GET, HEAD, POST", "/mgw/keys/" + k.ID: "DELETE, GET, HEAD",
		"/mgw/keys/" + k.ID + "/rotate": "POST", "/mgw/revocations": "POST", "/mgw/signing-keys": "GET, HEAD", "/mgw/signing-keys/rotate": "POST",
		"/mgw/signing-keys/x": "DELETE", "/mgw/inspect": "POST", "/mgw/explain": "POST", "/mgw/openapi.json": "GET, HEAD",
	}
	for target, allow := range allowed {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get"} {
			if strings.Contains(", "+allow+",", ", "+method+",") {
				continue
			}
			a := o.ask(method, target, "")
			require.Equal(t, 405, a.Status, "%s %s", method, target)
			require.Equal(t, allow, a.Header.Get("Allow"))
			if method != "HEAD" {
				require.Equal(t, 405, read[told](t, a, 405).Error.Status)
			}
		}
	}
	for _, method := range []string{"X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override"} {
		require.Equal(t, 200, o.ask("GET", "/mgw/keys/"+k.ID, "", method+": DELETE").Status)
	}
	require.EqualValues(t, "active", o.state(k.ID).State)
	a := o.ask("HEAD", "/mgw/keys/"+k.ID, "")
	require.Equal(t, 200, a.Status)
	require.Empty(t, a.Body)
	require.Len(t, read[mgw.Page](t, o.ask("GET", "/mgw/keys", ""), 200).Keys, 1)
}
