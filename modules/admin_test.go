package modules_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/freeport"
	"github.com/caddymgw/gateway/modules/internal/harness"
	"github.com/caddymgw/gateway/modules/mgw"
)

// operator speaks with the admin endpoint of a gateway.
type operator struct {
	*harness.Gateway
	address string
	client  *http.Client
	api     *described
	t       testing.TB
}

// operate starts a gateway with an admin endpoint.
func operate(t testing.TB, caddyfile string) *operator {
	t.Helper()
	o := &operator{
		Gateway: harness.New(t, map[string]string{"shop.yaml": shop, "k.pem": ecKey}),
		address: freeAddress(t), client: harness.Client(false), api: describedAPI(t), t: t,
	}
	o.run(caddyfile)
	return o
}

func freeAddress(t testing.TB) string {
	t.Helper()
	return "127.0.0.1:" + freeport.Take(t)
}

// run replaces the configuration, but for the admin endpoint.
func (o *operator) run(caddyfile string) {
	o.t.Helper()
	require.NoError(o.t, o.Load(strings.Replace(o.Expand(caddyfile), "admin off", "admin "+o.address, 1)))
}

// ask calls the admin API, and holds the answer against its description.
func (o *operator) ask(method, target, body string, headers ...string) harness.Answer {
	o.t.Helper()
	if body != "" && !strings.Contains(strings.Join(headers, "\n"), "Content-Type") {
		headers = append(headers, ofJSON)
	}
	a := o.DoWith(o.client, method, "http://"+o.address+target, body, headers...)
	o.api.check(o.t, method, target, body, a)
	return a
}

// in is the operator in a test of his own.
func (o *operator) in(t testing.TB) *operator {
	other := *o
	other.t = t
	return &other
}

// told is an error of the admin API.
type told struct {
	Error struct {
		Status  int
		Message string
		Pointer string
	}
}

func (o *operator) issue(body string) held {
	o.t.Helper()
	return read[held](o.t, o.ask("POST", "/mgw/keys", body), 201)
}

func (o *operator) state(id string) mgw.Key {
	o.t.Helper()
	return read[mgw.Key](o.t, o.ask("GET", "/mgw/keys/"+id, ""), 200)
}

func TestAnOperatorIssuesKeysToAnybody(t *testing.T) {
	o := operate(t, shopCaddyfile)
	a := o.ask("POST", "/mgw/keys", `{"subject":"ci@example","name":"build","validityTime":"600","apis":[{"name":"Shop"}],"scopes":["write"],"operations":["getPet"],"permittedIPs":["127.0.0.0/8"]}`)
	k := read[held](t, a, 201)
	require.Equal(t, "/mgw/keys/"+k.ID, a.Header.Get("Location"))
	require.Equal(t, 200, o.Get(petPath, k.header()).Status)
	require.Equal(t, 403, o.Get("/shop/v1/pets", k.header()).Status, "another operation")
	c := claims(t, k.APIKey)
	require.Equal(t, "ci@example", c["sub"])
	require.Equal(t, "write", c["scope"])
	require.InDelta(t, c["iat"].(float64)+600, c["exp"], 0)

	shown := o.state(k.ID)
	require.Equal(t, "ci@example", shown.Subject)
	require.Equal(t, "build", shown.Name)
	require.EqualValues(t, "active", shown.State)
	require.NotNil(t, shown.LastUsedAt)
	require.NotContains(t, o.ask("GET", "/mgw/keys", "").Body, k.APIKey[strings.LastIndexByte(k.APIKey, '.'):])

	bound := o.issue(`{"subject":"ci","certificate":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0"}`)
	require.Equal(t, map[string]any{"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0"}, claims(t, bound.APIKey)["cnf"])
	require.Equal(t, 401, o.Get(petPath, bound.header()).Status, "without the certificate")
}

// TestAnOperatorIsNotBoundByWhatAUserMayHave: it is only said.
func TestAnOperatorIsNotBoundByWhatAUserMayHave(t *testing.T) {
	o := operate(t, shopCaddyfile)
	for body, want := range map[string]bool{
		`{"subject":"alice","scopes":["write"]}`:                                          true,
		`{"subject":"alice"}`:                                                             false,
		`{"subject":"bob"}`:                                                               true, // every API
		`{"subject":"bob","apis":[{"name":"Shop"}]}`:                                      true, // every version
		`{"subject":"bob","apis":[{"name":"Shop","version":"1.0.0"}]}`:                    false,
		`{"subject":"bob","apis":[{"name":"Shop","version":"1.0.0"}],"scopes":["chief"]}`: false,
		`{"subject":"nobody","scopes":["write"]}`:                                         false,
	} {
		a := o.ask("POST", "/mgw/keys", body)
		require.Equal(t, 201, a.Status, a.Body)
		require.Equal(t, want, strings.Contains(a.Body, "may have by himself"), body)
		id := read[held](t, a, 201).ID
		if !strings.Contains(body, "bob") {
			continue
		}
		next := read[held](t, o.Do("POST", keysOf+"/"+id+"/rotate", "", bob, asJSON), 200)
		require.Equal(t, []any{map[string]any{"name": "Shop", "version": "1.0.0"}}, claims(t, next.APIKey)["allowedAPIs"], "a rotation by himself cuts it")
	}
}

func TestAnOperatorRotatesAndRevokes(t *testing.T) {
	o := operate(t, shopCaddyfile)
	k := o.issue(`{"subject":"carol","operations":["getPet"]}`)
	next := read[held](t, o.ask("POST", "/mgw/keys/"+k.ID+"/rotate", ""), 201)
	require.Equal(t, []any{"getPet"}, claims(t, next.APIKey)["operations"])
	require.Equal(t, 200, o.Get(petPath, k.header()).Status, "in its overlap")
	require.EqualValues(t, "retiring", o.state(k.ID).State)
	refused := read[told](t, o.ask("POST", "/mgw/keys/"+k.ID+"/rotate", ""), 409)
	require.Contains(t, refused.Error.Message, next.ID)

	last := read[held](t, o.ask("POST", "/mgw/keys/"+next.ID+"/rotate", `{"overlap":0}`), 201)
	require.Equal(t, 401, o.Get(petPath, next.header()).Status)
	for range 2 {
		gone := read[mgw.Key](t, o.ask("DELETE", "/mgw/keys/"+last.ID+"?reason=left%20on%20a%20train", ""), 200)
		require.EqualValues(t, "revoked", gone.State)
		require.Equal(t, "left on a train", gone.RevokedFor)
	}
	require.Equal(t, 401, o.Get(petPath, last.header()).Status)
	refused = read[told](t, o.ask("POST", "/mgw/keys/"+last.ID+"/rotate", ""), 409)
	require.Contains(t, refused.Error.Message, "is revoked")
	require.Equal(t, 200, o.ask("DELETE", "/mgw/keys/"+k.ID, "").Status)
	require.Equal(t, "revoked by an administrator", o.state(k.ID).RevokedFor)

	line := auditLine(t, o.Log(), "mgw_key_revoked", last.ID)
	require.Equal(t, "admin", line["via"])
	require.Equal(t, "127.0.0.1", line["remote_ip"])
	require.NotContains(t, line, "user")
}

func auditLine(t *testing.T, log, event, id string) (found map[string]any) {
	t.Helper()
	for line := range strings.Lines(log) {
		var l map[string]any
		if json.Unmarshal([]byte(line), &l) == nil && l["logger"] == "mgw.audit" && l["msg"] == event && l["key_id"] == id && found == nil {
			found = l
		}
	}
	require.NotNil(t, found, "%s of %s is not in the audit trail", event, id)
	return found
}

func TestAnOperatorRevokesMany(t *testing.T) {
	o := operate(t, shopCaddyfile)
	alices, bobs := issue(t, o.Gateway, alice, "{}"), issue(t, o.Gateway, bob, "{}")
	status := func(k held) int { return o.Get(petPath, k.header()).Status }

	require.Equal(t, 204, o.ask("POST", "/mgw/revocations", `{"subject":"alice","issued_before":"2020-01-01T00:00:00Z"}`).Status)
	require.Equal(t, 200, status(alices), "it was issued later")
	for range 2 {
		require.Equal(t, 204, o.ask("POST", "/mgw/revocations", `{"subject":"alice","reason":"she left"}`).Status)
	}
	require.Equal(t, 401, status(alices))
	require.Equal(t, 200, status(bobs))
	require.EqualValues(t, "revoked", o.state(alices.ID).State)
	require.Equal(t, 200, status(issue(t, o.Gateway, alice, "{}")), "a new one, also within the second")

	require.Equal(t, 204, o.ask("POST", "/mgw/revocations", `{"id":"nobody_has_a_record_of_it"}`).Status)
	require.Equal(t, 204, o.ask("POST", "/mgw/revocations", `{"id":"`+bobs.ID+`"}`).Status)
	require.Equal(t, 401, status(bobs))

	others := issue(t, o.Gateway, bob, "{}")
	require.Equal(t, 200, status(others))
	moment := time.Now().UTC().Format(time.RFC3339Nano)
	require.Equal(t, 204, o.ask("POST", "/mgw/revocations", `{"issued_before":"`+moment+`"}`).Status)
	require.Equal(t, 401, status(others))
}

func TestAnOperatorListsKeys(t *testing.T) {
	o := operate(t, shopCaddyfile)
	for range 3 {
		o.issue(`{"subject":"carol"}`)
	}
	dave := o.issue(`{"subject":"dave"}`)
	page := read[mgw.Page](t, o.ask("GET", "/mgw/keys?limit=3", ""), 200)
	require.Len(t, page.Keys, 3)
	rest := read[mgw.Page](t, o.ask("GET", "/mgw/keys?limit=3&after="+page.Next, ""), 200)
	require.Len(t, rest.Keys, 1)
	page = read[mgw.Page](t, o.ask("GET", "/mgw/keys?subject=dave", ""), 200)
	require.Len(t, page.Keys, 1)
	require.Equal(t, dave.ID, page.Keys[0].ID)
	require.Empty(t, read[mgw.Page](t, o.ask("GET", "/mgw/keys?unused_for=1h", ""), 200).Keys)
}

// TestTheSecurityTable compares what is shown with what is enforced.
func TestTheSecurityTable(t *testing.T) {
	o := operate(t, shopCaddyfile)
	type listed struct {
		Name, Version, OpenAPI, Document string
		Bases                            []string `json:"base_paths"`
		Operations, Public               int
		Nobody                           int `json:"nobody_can_call"`
	}
	all := read[[]listed](t, o.ask("GET", "/mgw/apis", ""), 200)
	require.Equal(t, []listed{{"Shop", "1.0.0", "3.1", filepath.Join(o.Dir, "shop.yaml"), []string{"/shop/v1"}, 13, 2, 2}}, all)

	type table struct {
		Operations []struct {
			Method, Template string
			Paths            []string
			OperationID      string `json:"operation_id"`
			Public           bool
			NobodyCanCall    bool `json:"nobody_can_call"`
			Alternatives     [][]struct {
				Scheme, Type string
				Scopes       []string
				Verified     bool
			}
		}
	}
	shown := read[table](t, o.ask("GET", "/mgw/apis/Shop/1.0.0", ""), 200)
	require.Len(t, shown.Operations, 13)
	seen := 0
	for _, op := range shown.Operations {
		path := strings.NewReplacer("{petId}", "1", "{rest}", "x").Replace(op.Paths[0])
		require.Equal(t, []string{"/shop/v1" + op.Template}, op.Paths)
		status := o.Do(op.Method, path, "").Status
		switch op.OperationID {
		case "optional":
			require.Empty(t, op.Alternatives[1], "{} is shown, and last")
			require.Equal(t, 200, status)
		case "ping", "rest":
			require.True(t, op.Public)
			require.Empty(t, op.Alternatives)
			require.Equal(t, 200, status)
		case "addPet":
			require.True(t, op.NobodyCanCall)
			require.Equal(t, "token", op.Alternatives[0][0].Scheme)
			require.Equal(t, "oauth2", op.Alternatives[0][0].Type)
			require.Equal(t, []string{"write"}, op.Alternatives[0][0].Scopes)
			require.False(t, op.Alternatives[0][0].Verified)
		case "both":
			require.Len(t, op.Alternatives, 1)
			require.Len(t, op.Alternatives[0], 2, "both must hold")
			seen++
		case "getPet":
			require.Len(t, op.Alternatives, 2, "one of both")
			require.True(t, op.Alternatives[0][0].Verified)
			seen++
		default:
			require.False(t, op.Public, op.OperationID)
			require.Equal(t, 401, status, op.OperationID)
		}
	}
	require.Equal(t, 2, seen)
}

func TestNamesOfAPIsAreEscaped(t *testing.T) {
	o := operate(t, shopCaddyfile)
	for _, id := range [][2]string{
		{"Pets & more", "1.0"}, {"a/b", "1/2"}, {"100%", "%2F"}, {"Ünïcode ☕", "v1"}, {"a?b#c", "1;2"}, {"a//b", "1"}, {"keys", "rotate"}, {"Shop", ""}, {"a+b", " "}, {"{$}", "{name}"},
	} {
		document, err := json.Marshal(map[string]any{
			"openapi": "3.1.0", "info": map[string]string{"title": id[0], "version": id[1]},
			"paths": map[string]any{"/x": map[string]any{"get": map[string]any{"security": []any{}}}},
		})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "shop.yaml"), document, 0o600))
		o.run(shopCaddyfile)
		a := o.ask("GET", "/mgw/apis/"+url.PathEscape(id[0])+"/"+url.PathEscape(id[1]), "")
		require.Equal(t, 200, a.Status, "%q %s", id, a.Body)
		var shown struct{ Name, Version string }
		require.NoError(t, json.Unmarshal([]byte(a.Body), &shown))
		require.Equal(t, id[0]+" "+id[1], shown.Name+" "+shown.Version)
	}
}

func TestAnOperatorRotatesSigningKeys(t *testing.T) {
	o := operate(t, shopCaddyfile)
	type signingKey struct {
		KeyID     string `json:"kid"`
		Algorithm string
		State     string
		SignsFrom time.Time `json:"signs_from"`
		Ends      *time.Time
	}
	list := func() []signingKey { return read[[]signingKey](t, o.ask("GET", "/mgw/signing-keys", ""), 200) }
	k := issue(t, o.Gateway, alice, "{}")
	first := list()
	require.Len(t, first, 1)
	require.Equal(t, "active", first[0].State)
	require.Equal(t, first[0].KeyID, o.state(k.ID).SigningKey)
	refused := read[told](t, o.ask("DELETE", "/mgw/signing-keys/"+first[0].KeyID, ""), 409)
	require.Contains(t, refused.Error.Message, "rotate at once first")

	next := read[signingKey](t, o.ask("POST", "/mgw/signing-keys/rotate", ""), 201)
	require.Equal(t, "next", next.State)
	require.True(t, next.SignsFrom.After(time.Now().Add(mgw.JWKSLifetime)))
	require.Equal(t, next.KeyID, read[signingKey](t, o.ask("POST", "/mgw/signing-keys/rotate", `{"at_once":false}`), 201).KeyID, "it waits already")
	require.Contains(t, o.Get("/apikey/jwks.json").Body, next.KeyID)

	// A key that signs from this very second on is followed by one of the next.
	at := read[signingKey](t, o.ask("POST", "/mgw/signing-keys/rotate", `{"at_once":true}`), 201)
	require.Eventually(t, func() bool {
		for _, s := range list() {
			if s.KeyID == at.KeyID {
				return s.State == "active"
			}
		}
		return false
	}, 10*time.Second, 50*time.Millisecond)
	require.Equal(t, 200, o.Get(petPath, k.header()).Status, "what the old key signed is good")
	require.Equal(t, at.KeyID, o.state(issue(t, o.Gateway, alice, "{}").ID).SigningKey)
	require.Equal(t, 204, o.ask("DELETE", "/mgw/signing-keys/"+first[0].KeyID, "").Status)
	require.Equal(t, 401, o.Get(petPath, k.header()).Status, "and is not any more")
	require.Equal(t, 404, o.ask("DELETE", "/mgw/signing-keys/"+first[0].KeyID, "").Status)
	require.Len(t, list(), 2)
	require.Contains(t, o.Log(), "a signing key was retired")

	t.Run("a file of the operator", func(t *testing.T) {
		o.run(withKeys("signing_key {file.$DIR/k.pem}"))
		require.Len(t, list(), 1)
		for _, a := range []harness.Answer{o.ask("POST", "/mgw/signing-keys/rotate", ""), o.ask("DELETE", "/mgw/signing-keys/"+list()[0].KeyID, "")} {
			require.Contains(t, read[told](t, a, 409).Error.Message, "file of your own")
		}
	})
}

func TestAnOperatorInspectsTokens(t *testing.T) {
	o := operate(t, shopCaddyfile)
	type inspection struct {
		Accepted                      bool
		Reason, Why, Signature, State string
		Header, Claims                map[string]any
	}
	inspect := func(text string) inspection {
		body, err := json.Marshal(map[string]string{"token": text})
		require.NoError(t, err)
		a := o.ask("POST", "/mgw/inspect", string(body))
		if len(text) > 20 {
			require.NotContains(t, a.Body, text[len(text)-20:])
		}
		return read[inspection](t, a, 200)
	}
	k := issue(t, o.Gateway, alice, "{}")
	i := inspect(k.APIKey)
	require.True(t, i.Accepted)
	require.Equal(t, "good", i.Signature)
	require.Equal(t, "active", i.State)
	require.Equal(t, "alice", i.Claims["sub"])
	require.Equal(t, "ES256", i.Header["alg"])
	require.Nil(t, o.state(k.ID).LastUsedAt, "looking at it is no use")

	require.Equal(t, 204, o.Do("DELETE", keysOf+"/"+k.ID, "", alice).Status)
	i = inspect(k.APIKey)
	require.False(t, i.Accepted)
	require.Equal(t, "revoked", i.Reason)
	require.Contains(t, i.Why, "revoked by its owner")

	i = inspect(strings.Repeat("no token ", 50))
	require.Equal(t, "malformed", i.Reason)
	require.Nil(t, i.Header)
	require.Equal(t, "not_judged", i.Signature)
	require.NotContains(t, o.Log(), k.APIKey[strings.LastIndexByte(k.APIKey, '.')+1:], "it is not logged")
}
