package bearer

import (
	"bytes"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

// choice is one text for a place in a token, and whether a token with it may
// pass, so far as this place is concerned.
type choice struct {
	text string
	good bool
}

// headerChoices and claimChoices are members as JSON, "" for none. What is
// required comes first, so that the input 0 0 0 ... is a good token.
var headerChoices = [][]choice{
	{{`"alg":"ES256"`, true}, {"", false}, {`"alg":"none"`, false}, {`"alg":"RS256"`, false}, {`"alg":"HS256"`, false}, {`"alg":"es256"`, false}, {`"alg":"ES384"`, false}, {`"alg":["ES256"]`, false}},
	{{`"kid":"k1"`, true}, {"", true}, {`"kid":"k2"`, false}, {`"kid":""`, false}, {`"kid":1`, false}, {`"kid":null`, false}},
	{{`"typ":"at+jwt"`, true}, {"", true}, {`"typ":"jwt"`, true}, {`"typ":"application/AT+JWT"`, true}, {`"typ":"apikey+jwt"`, false}, {`"typ":""`, false}, {`"typ":"logout+jwt"`, false}},
	{{"", true}, {`"crit":["exp"]`, false}, {`"crit":[]`, false}, {`"b64":true`, false}, {`"zip":"DEF"`, false}, {`"enc":"A128GCM"`, false}},
	{{"", true}, {`"jwk":{"kty":"EC"}`, true}, {`"jku":"https://evil.test"`, true}, {`"cty":"JWT"`, true}, {`"x":1,"x":1`, false}, {`"KID":"k2"`, true}},
}

func claimChoices() [][]choice {
	now := start.Unix()
	return [][]choice{
		{{`"iss":"` + idp + `"`, true}, {"", false}, {`"iss":"https://evil.test"`, false}, {`"iss":"` + idp + `/"`, false}, {`"iss":["` + idp + `"]`, false}, {`"iss":null`, false}},
		{{`"aud":"gw"`, true}, {`"aud":["x","gw"]`, true}, {"", false}, {`"aud":"other"`, false}, {`"aud":[]`, false}, {`"aud":["gw",1]`, false}, {`"aud":null`, false}},
		{{fmt.Sprintf(`"exp":%d`, now+1), true}, {`"exp":253402300799`, true}, {"", false}, {fmt.Sprintf(`"exp":%d`, now), false}, {`"exp":"9999999999"`, false}, {`"exp":1e18`, false}, {`"exp":-1`, false}, {`"exp":null`, false}},
		{{"", true}, {fmt.Sprintf(`"nbf":%d`, now), true}, {fmt.Sprintf(`"nbf":%d`, now+1), false}, {`"nbf":"0"`, false}},
		{{"", true}, {fmt.Sprintf(`"iat":%d`, now), true}, {fmt.Sprintf(`"iat":%d`, now+1), false}, {`"iat":true`, false}},
		{{`"sub":"alice"`, true}, {`"client_id":"app"`, true}, {`"azp":"spa"`, true}, {"", false}, {`"sub":""`, false}, {`"sub":1`, false}, {`"sub":"","client_id":"app"`, false}},
		{{"", true}, {`"scope":"a b"`, true}, {`"scope":["a"]`, true}, {`"scp":"c"`, true}, {`"scope":1`, false}, {`"scp":null`, false}},
		{{"", true}, {`"roles":["admin"]`, true}, {`"roles":1`, true}, {`"roles":"admin"`, true}},
		{{"", true}, {`"cnf":{}`, false}, {`"cnf":{"jkt":"x"}`, false}, {`"cnf":{"x5t#S256":"` + strings.Repeat("A", 43) + `"}`, false}, {`"cnf":null`, false}},
		{{"", true}, {`"nonce":"n"`, false}, {`"at_hash":"h"`, false}, {`"c_hash":"h"`, false}, {`"events":{}`, false}, {`"NONCE":"n"`, true}},
		{{"", true}, {`"typ":"Bearer"`, true}, {`"typ":"ID"`, false}, {`"typ":"Refresh"`, false}, {`"token_use":"id"`, false}, {`"token_use":"access"`, true}, {`"typ":"offline"`, false}},
		{{"", true}, {`"jti":"j"`, true}, {`"jti":1`, false}, {`"jti":"revoked"`, false}},
		{{"", true}, {`"x":1,"x":1`, false}, {`"s\u0075b":"admin","sub":"a"`, false}, {`"x":-0`, false}, {`"x":{"y":[1,{"z":null}]}`, true}, {`"SUB":"admin"`, true}, {`"x":1e999`, false}},
	}
}

// signatures are how the token is signed at last.
var signatures = []choice{{"", true}, {"another key", false}, {"cut", false}, {"padded", false}, {"payload", false}, {"newline", false}}

// FuzzVerify puts tokens together by the bytes of the input: one passes exactly
// if every part of it may.
func FuzzVerify(f *testing.F) {
	groups := append(append([][]choice{}, headerChoices...), claimChoices()...)
	groups = append(groups, signatures)
	f.Add(make([]byte, len(groups)))
	for i, group := range groups {
		for j := range group {
			input := make([]byte, len(groups))
			input[i] = byte(j)
			f.Add(input)
		}
	}
	d := newDesk(f, nil)
	d.revoked.revoke("revoked")
	evil := newEC(f, elliptic.P256())
	passed := 0
	f.Fuzz(func(t *testing.T, input []byte) {
		good := true
		var picked []string
		for i, group := range groups {
			c := group[0]
			if i < len(input) {
				c = group[int(input[i])%len(group)]
			}
			good = good && c.good
			picked = append(picked, c.text)
		}
		text := assemble(t, d, evil, picked)
		for range 2 {
			v := d.judge(t, text, request())
			if !good {
				require.Equal(t, caddymgw.Refused, v.Outcome, "%q", picked)
				require.NotEmpty(t, v.Reason)
				require.Nil(t, v.Principal)
				continue
			}
			passed++
			require.Equal(t, caddymgw.Satisfied, v.Outcome, "%s: %q", v.Reason, picked)
			require.Contains(t, []string{"alice", "app", "spa"}, v.Principal.Subject)
		}
		d.revoked.asked = nil
	})
}

func assemble(t testing.TB, d *desk, evil any, picked []string) string {
	t.Helper()
	object := func(members []string) string {
		return "{" + strings.Join(compactStrings(members), ",") + "}"
	}
	headers, how := picked[:len(headerChoices)], picked[len(picked)-1]
	header, claims := object(headers), object(picked[len(headers):len(picked)-1])
	var key any = d.key
	if how == "another key" {
		key = evil
	}
	text := compact(t, "ES256", key, header, claims)
	switch how {
	case "cut":
		return text[:len(text)-4]
	case "padded":
		return text + "="
	case "newline":
		return text + "\n"
	case "payload":
		parts := strings.Split(text, ".")
		parts[1] = encode(" " + claims)
		return strings.Join(parts, ".")
	}
	return text
}

func compactStrings(list []string) (kept []string) {
	for _, s := range list {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// echo answers every question with the same body.
type echo struct{ body []byte }

func (e *echo) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(e.body)), Request: r,
	}, nil
}

// FuzzAnswer holds that whatever is taken for a good answer says so to every
// other reader too.
func FuzzAnswer(f *testing.F) {
	good, err := json.Marshal(goodAnswer(nil))
	require.NoError(f, err)
	f.Add(good)
	for _, seed := range []string{
		"", "{}", "null", `{"active":false}`, activeJSON, `{"active":true,"active":false}`, `{"active":true,"aud":["gw"],"username":"u","cnf":{}}`,
		`{"active":true,"aud":"gw","sub":"a","exp":1}`, `{"active":true,"aud":"gw","sub":"a","iss":"x"}`, activeJSON + activeJSON,
	} {
		f.Add([]byte(seed))
	}
	says := &echo{}
	d := newDesk(f, issuerOf(func(i *Issuer) {
		i.Introspection = goodIntrospection()
		i.Introspection.Transport = says
		i.Introspection.CacheFor = -1
	}))
	asked := 0
	f.Fuzz(func(t *testing.T, body []byte) {
		says.body = body
		asked++
		v := d.judge(t, fmt.Sprint("opaque", asked), request())
		switch v.Outcome {
		case caddymgw.Satisfied:
			var read map[string]any
			require.NoError(t, json.Unmarshal(body, &read))
			require.Equal(t, true, read["active"])
			if _, says := read["iss"]; says {
				require.Equal(t, idp, read["iss"])
			}
			require.Equal(t, true, v.Principal.Claims["active"])
			require.NotEmpty(t, v.Principal.Subject)
			require.Equal(t, idp, v.Principal.Issuer)
			require.NotContains(t, v.Principal.Claims, "cnf")
			if exp := v.Principal.Expires; !exp.IsZero() {
				require.True(t, start.Before(exp))
			}
		case caddymgw.Refused, caddymgw.Unavailable:
			require.Nil(t, v.Principal)
		default:
			require.Fail(t, "outcome", v.Outcome)
		}
	})
}
