package apikey

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// TestInspectionSaysWhatVerifySays goes through forged, damaged and foreign texts.
func TestInspectionSaysWhatVerifySays(t *testing.T) {
	t.Parallel()
	d, m, foreign := trusting(t)
	other := newSigner(t, "ES256")
	good := d.forge(t, nil, nil, nil)
	signature := good[strings.LastIndexByte(good, '.')+1:]
	for name, tc := range map[string]struct {
		text      string
		signature Signature
		why       string
	}{
		"good":                    {good, SignatureGood, "for every API"},
		"with limits":             {d.forge(t, nil, members{"permittedIPs": []any{"192.0.2.0/24"}, "allowedAPIs": []any{members{"name": "Petstore", "version": "*"}}}, nil), SignatureGood, "allowedAPIs, permittedIPs."},
		"forged":                  {d.forge(t, nil, nil, es256(t, other)), SignatureBad, "signature is wrong"},
		"expired":                 {d.forge(t, nil, members{"exp": start.Unix()}, nil), SignatureGood, "at 2030-01-01T00:00:00Z"},
		"expired and forged":      {d.forge(t, nil, members{"exp": start.Unix()}, es256(t, other)), SignatureBad, "It has expired"},
		"not yet":                 {d.forge(t, nil, members{"nbf": start.Unix() + 60}, nil), SignatureGood, "before 2030-01-01T00:01:00Z"},
		"an unknown kid":          {d.forge(t, members{"kid": "apikey-other"}, nil, nil), SignatureUnknownKey, "No signing key of this gateway"},
		"another alg":             {d.forge(t, members{"alg": "ES384"}, nil, nil), SignatureBad, "alg"},
		"typ JWT":                 {d.forge(t, members{"typ": "JWT"}, nil, nil), SignatureGood, "typ is not apikey+jwt"},
		"another audience":        {d.forge(t, nil, members{"aud": "other"}, nil), SignatureGood, "aud"},
		"an issuer of before":     {d.forge(t, nil, members{"iss": "https://old.test"}, nil), SignatureGood, "under another issuer"},
		"somebody's access token": {d.forge(t, members{"kid": "k1", "typ": "at+jwt"}, members{"iss": "https://idp.test"}, es256(t, other)), SignatureNotJudged, "not judged here"},
		"no jti":                  {d.forge(t, nil, members{"jti": absent{}}, nil), SignatureGood, "jti, sub and iat"},
		"no end":                  {d.forge(t, nil, members{"exp": absent{}}, nil), SignatureGood, "never expires"},
		"no keytype":              {d.forge(t, nil, members{"keytype": absent{}}, nil), SignatureGood, "keytype"},
		"a limit of another form": {d.forge(t, nil, members{"permittedIPs": "192.0.2.0/24"}, nil), SignatureGood, "claim permittedIPs"},
		"an empty limit":          {d.forge(t, nil, members{"operations": []any{}}, nil), SignatureGood, "claim operations"},
		"a trusted key":           {foreign(nil, nil), SignatureGood, "subscribedAPIs"},
		"a trusted key, forged":   {foreign(nil, nil)[:120] + "." + signature, SignatureNotJudged, ""},
		"a trusted key's twin":    {d.forge(t, members{"kid": "apim", "typ": "JWT"}, members{"iss": "https://apim.test"}, es256(t, other)), SignatureBad, "signature is wrong"},
		"a trusted kid is gone":   {foreign(members{"kid": "gone"}, nil), SignatureUnknownKey, "no key of this kid"},
		"a trusted typ":           {foreign(members{"typ": "at+jwt"}, nil), SignatureGood, "typ is not JWT"},
		"a trusted limit":         {foreign(nil, members{"permittedIP": 5}), SignatureGood, "claim permittedIP "},
		"a trusted access token":  {foreign(nil, members{"subscribedAPIs": absent{}}), SignatureGood, "list of APIs"},
		"a trusted client's":      {foreign(nil, members{"client_id": "c"}), SignatureGood, "another kind"},
		"issued in times to come": {foreign(nil, members{"iat": start.Unix() + 3600}), SignatureGood, "issued at 2030-01-01T01:00:00Z"},
		"a long header":           {d.forge(t, members{"x": strings.Repeat("x", token.MaxHeader)}, nil, nil), SignatureNotJudged, "longer than any"},
		"too many values":         {d.forge(t, nil, members{"x": make([]int, 1000)}, nil), SignatureNotJudged, "more values"},
		"opaque":                  {"d7e8f9", SignatureNotJudged, "this has 1"},
		"empty":                   {"", SignatureNotJudged, "It is empty"},
		"cut off":                 {good[:len(good)-1], SignatureNotJudged, "Its signature is"},
		"padded":                  {good + "==", SignatureNotJudged, "padded"},
		"with the word Bearer":    {"Bearer " + good, SignatureNotJudged, "the word Bearer"},
		"in two lines":            {good[:50] + "\n" + good[50:], SignatureNotJudged, "line ends in it"},
		"with a line end":         {good + "\n", SignatureNotJudged, "around it"},
	} {
		t.Run(name, func(t *testing.T) {
			i := d.Inspect(t.Context(), tc.text, start)
			require.Equal(t, d.judge(t, tc.text, request()).Reason, i.Reason)
			require.Equal(t, tc.signature, i.Signature)
			require.Contains(t, i.Why, tc.why)
			requireSilent(t, i, tc.text)
		})
	}
	t.Run("keys that can't be fetched", func(t *testing.T) {
		text := foreign(nil, nil)
		m.err = errors.New("away")
		i := d.Inspect(t.Context(), text, start)
		require.Equal(t, caddymgw.ReasonNotReady, i.Reason)
		require.Equal(t, SignatureNotJudged, i.Signature)
		require.Contains(t, i.Why, "can't be fetched")
	})
}

// requireSilent wants nothing in an inspection that the token could be put
// together from.
func requireSilent(t *testing.T, i Inspection, text string) {
	t.Helper()
	shown, err := json.Marshal(i)
	require.NoError(t, err)
	parts := strings.Split(strings.TrimSpace(text), ".")
	if last := parts[len(parts)-1]; len(last) > 20 {
		require.NotContains(t, string(shown), last[:20])
	}
	if len(text) > 20 {
		require.NotContains(t, string(shown), text)
	}
}

func TestInspectionShowsWhatATextSaysOfItself(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	good := d.forge(t, nil, members{"big": json.Number("123456789012345678901234567890")}, nil)
	parts := strings.Split(good, ".")
	pad := func(part string) string { return part + strings.Repeat("=", (4-len(part)%4)%4) }
	for name, text := range map[string]string{
		"as it is":            good,
		"padded":              pad(parts[0]) + "." + pad(parts[1]) + "." + parts[2],
		"unsigned":            parts[0] + "." + parts[1] + ".",
		"two parts":           parts[0] + "." + parts[1],
		"after Bearer":        "Bearer " + good,
		"with blanks around":  "  " + good + "\n",
		"broken into lines":   parts[0] + ".\n" + parts[1][:20] + "\r\n" + parts[1][20:] + "." + parts[2],
		"with a fourth part":  good + ".x",
		"with more behind it": parts[0] + "." + raw(`{"iss":"https://gw.test","big":123456789012345678901234567890} {}`) + "." + parts[2],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := d.Inspect(t.Context(), text, start)
			require.Equal(t, "ES256", i.Header["alg"])
			require.Equal(t, "https://gw.test", i.Claims["iss"])
			require.Equal(t, json.Number("123456789012345678901234567890"), i.Claims["big"])
		})
	}
	for name, text := range map[string]string{
		"nothing": "", "no parts": "abc", "no base64": "!!!.???.x", "no object": raw(`[1]`) + "." + raw(`"x"`) + ".x", "too long": strings.Repeat("a.", 64<<10),
		"only dots": "...", "blanks and dots": " . .",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := d.Inspect(t.Context(), text, start)
			require.Nil(t, i.Header)
			require.Nil(t, i.Claims)
			require.Equal(t, caddymgw.ReasonMalformed, i.Reason)
		})
	}
}

func raw(object string) string { return base64.RawURLEncoding.EncodeToString([]byte(object)) }

func TestWhyATextIsNoToken(t *testing.T) {
	t.Parallel()
	const header, payload = `{"alg":"ES256","kid":"k"}`, `{"sub":"alice"}`
	deep := strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17)
	for want, text := range map[string]string{
		"longer than any token":                strings.Repeat("a", token.MaxLength+1),
		"five parts":                           "a.b.c.d.e",
		"this has 2":                           "a.b",
		"Its header is empty":                  "." + raw(payload) + ".AA",
		"Its signature is empty":               raw(header) + "." + raw(payload) + ".",
		"Its header is base64 and not":         "ab+/." + raw(payload) + ".AA",
		"Its payload is not base64url":         raw(header) + ".a!b.AA",
		"Its payload is cut off":               raw(header) + "." + raw(payload) + "A.AA",
		"another spelling":                     raw(header) + "." + raw(payload) + ".AB",
		"Its header names a member twice":      raw(`{"alg":"ES256","alg":"none"}`) + "." + raw(payload) + ".AA",
		"Its payload names a member twice":     raw(header) + "." + raw(`{"a":{"b":1,"b":2}}`) + ".AA",
		"Its payload is not UTF-8":             raw(header) + "." + raw("{\"a\":\"\xff\"}") + ".AA",
		"Its payload is JSON, but no object":   raw(header) + "." + raw(`[1]`) + ".AA",
		"Its header is JSON, but no object":    raw("null") + "." + raw(payload) + ".AA",
		"Its payload is not one JSON object":   raw(header) + "." + raw(`{"a":1}{}`) + ".AA",
		"Its payload is nested too deep":       raw(header) + "." + raw(deep) + ".AA",
		"Its payload holds a number":           raw(header) + "." + raw(`{"a":[1e999]}`) + ".AA",
		"Its header holds a number":            raw(`{"alg":"ES256","a":-0}`) + "." + raw(payload) + ".AA",
		"Its header has crit":                  raw(`{"alg":"ES256","crit":["exp"]}`) + "." + raw(payload) + ".AA",
		"Its header has no alg":                raw(`{"kid":"k"}`) + "." + raw(payload) + ".AA",
		"Its header has a kid that is no text": raw(`{"alg":"ES256","kid":1}`) + "." + raw(payload) + ".AA",
		"Its header has a typ that is no text": raw(`{"alg":"ES256","typ":""}`) + "." + raw(payload) + ".AA",
		"has a claim sub that is no text":      raw(header) + "." + raw(`{"sub":1}`) + ".AA",
		"has a claim aud that is neither":      raw(header) + "." + raw(`{"aud":[1]}`) + ".AA",
		"has a claim exp that is no whole":     raw(header) + "." + raw(`{"exp":1.5}`) + ".AA",
		"has a claim nbf that is no whole":     raw(header) + "." + raw(`{"exp":1,"nbf":"1"}`) + ".AA",
		"has a claim iat that is no whole":     raw(header) + "." + raw(`{"iat":253402300800}`) + ".AA",
	} {
		_, err := token.Parse(text)
		require.Error(t, err, want)
		require.Contains(t, flaw(text), want)
	}
}

// FuzzFlaw: whatever is refused is refused for something that can be named, and
// whatever is read is shown.
func FuzzFlaw(f *testing.F) {
	for _, seed := range []string{"", "a.b.c", raw(`{"alg":"ES256"}`) + "." + raw(`{"exp":-1}`) + ".AA", raw(`{"alg":"x","b":1e400}`) + "." + raw("{}") + ".AA"} {
		f.Add(seed)
	}
	for _, object := range []string{`{"alg":"ES256","typ":null}`, `{"alg":"none","enc":1}`, `{"aud":{}}`, `{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, `{"exp":1e3}`, `{"iat":-0}`, "{\"a\":\"\\ud800\"}"} {
		f.Add(raw(object) + "." + raw(object) + ".AA")
	}
	f.Fuzz(func(t *testing.T, text string) {
		header, claims := peruse(text)
		if _, err := token.Parse(text); err != nil {
			require.NotEqual(t, "It is malformed", flaw(text))
			return
		}
		require.NotNil(t, header)
		require.NotNil(t, claims)
	})
}

func TestInspectionKnowsTheRecord(t *testing.T) {
	t.Parallel()
	d := newLifeDesk(t)
	inspect := func(text string) Inspection { return d.Inspect(t.Context(), text, *d.now.Load()) }
	k := d.mint(t, Grant{})
	i := inspect(k.Token)
	require.Equal(t, Active, i.State)
	require.Empty(t, i.Reason)

	next, err := d.Rotate(t.Context(), k.ID, Rotation{})
	require.NoError(t, err)
	i = inspect(k.Token)
	require.Equal(t, Retiring, i.State)
	require.Contains(t, i.Why, "It was replaced, and works until 2030-01-01T01:00:00Z")
	d.pass(2 * time.Hour)
	i = inspect(k.Token)
	require.Equal(t, Revoked, i.State)
	require.Equal(t, caddymgw.ReasonRevoked, i.Reason)
	require.Contains(t, i.Why, "replaced by "+next.ID)

	_, err = d.Revoke(t.Context(), next.ID, "left on a train")
	require.NoError(t, err)
	require.Contains(t, inspect(next.Token).Why, "It was revoked at 2030-01-01T02:00:00Z: left on a train.")

	swept := d.mint(t, Grant{Subject: "bob"})
	d.pass(time.Minute)
	require.NoError(t, d.RevokeIssuedBefore(t.Context(), "bob", *d.now.Load(), ""))
	i = inspect(swept.Token)
	require.Equal(t, caddymgw.ReasonRevoked, i.Reason)
	require.Equal(t, Revoked, i.State)
	require.Contains(t, i.Why, "all that were issued before")

	lost := d.forge(t, nil, members{"jti": "lost", "iat": d.now.Load().Unix() + 1, "exp": d.now.Load().Unix() + 60, "sub": "carol"}, nil)
	i = inspect(lost)
	require.Equal(t, Unrecorded, i.State)
	require.Empty(t, i.Reason)
	require.Contains(t, i.Why, "There is no record of it")
}

// away is a ledger that can't be read.
type away struct{ ledger.Ledger }

func (away) Get(context.Context, string) (ledger.Record, error) {
	return ledger.Record{}, errors.New("away")
}

// forgetful knows no revocation yet.
type forgetful struct{}

func (forgetful) Standing(string, string, string, time.Time, time.Time) caddymgw.Standing {
	return caddymgw.Standing{Unknown: true}
}

func TestInspectionWhereSomethingIsAway(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	k := d.mint(t, Grant{})
	d.Open(Resources{Ring: d.ring, Cache: d.cache, Ledger: away{d.ledger}, Revocations: d.revoked})
	i := d.Inspect(t.Context(), k.Token, start)
	require.Equal(t, Unknown, i.State)
	require.Empty(t, i.Reason)

	d.Open(Resources{Ring: d.ring, Cache: d.cache, Ledger: d.ledger, Revocations: forgetful{}})
	i = d.Inspect(t.Context(), k.Token, start)
	require.Equal(t, caddymgw.ReasonStale, i.Reason)
	require.Equal(t, d.judge(t, k.Token, request()).Reason, i.Reason)
	require.Equal(t, SignatureGood, i.Signature)

	d.Open(Resources{Cache: d.cache, Revocations: d.revoked})
	i = d.Inspect(t.Context(), k.Token, start)
	require.Equal(t, caddymgw.ReasonUnknownKey, i.Reason)
	require.Equal(t, SignatureUnknownKey, i.Signature)
	require.Empty(t, i.State)

	closed, err := New(d.config)
	require.NoError(t, err)
	i = closed.Inspect(t.Context(), k.Token, start)
	require.Equal(t, caddymgw.ReasonNotReady, i.Reason)
	require.Equal(t, "alice", i.Claims["sub"])

	t.Run("a list is asked for", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, func(c *Config) { c.RequireListedAPIs = true })
		i := d.Inspect(t.Context(), d.mint(t, Grant{}).Token, start)
		require.Equal(t, caddymgw.ReasonAPI, i.Reason)
		require.Contains(t, i.Why, "require_listed_apis")
	})
}

// TestInspectionIsNoUse: looking at a key must not make it look used, or known.
func TestInspectionIsNoUse(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	k := d.mint(t, Grant{})
	d.Open(Resources{Ring: d.ring, Cache: d.cache, Ledger: d.ledger, Revocations: d.revoked, Used: func(id string, _ time.Time) { t.Errorf("%s is said to be used", id) }})
	require.Empty(t, d.Inspect(t.Context(), k.Token, start).Reason)
	require.Zero(t, d.cache.Len())
	require.NotContains(t, fmt.Sprint(d.Inspect(t.Context(), k.Token, start)), k.Token)
}
