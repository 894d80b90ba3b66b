package apikey

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/token"
)

func TestThePrincipalOfAKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	issued := d.mint(t, Grant{APIs: []AllowedAPI{{"Petstore", "1.0"}}, Scopes: []string{"read", "write:pets"}})
	for range 2 {
		v := d.judge(t, issued.Token, request())
		require.Equal(t, caddymgw.Satisfied, v.Outcome)
		require.Equal(t, issued.ID, v.Principal.Claims["jti"])
		p := *v.Principal
		p.Claims = nil
		v.Principal = &p
		require.Equal(t, caddymgw.Verdict{Outcome: caddymgw.Satisfied, Principal: &caddymgw.Principal{
			Subject: "alice", Issuer: "https://gw.test", Scheme: "Key", KeyID: issued.ID,
			Scopes: []string{"read", "write:pets"}, Roles: []string{"read", "write:pets"},
			IssuedAt: start.Local(), Expires: issued.Expires.Local(),
		}}, v)
		_, remembered := d.cache.Get(issued.Token)
		require.True(t, remembered)
	}
}

func TestForgedKeysAreRefusedAndNotRemembered(t *testing.T) {
	t.Parallel()
	d, other := newDesk(t, nil), newSigner(t, "ES256")
	d.requireGood(t, d.forge(t, nil, nil, nil))
	d.cache = token.NewCache(100)
	d.open()
	spki, err := x509.MarshalPKIXPublicKey(d.signer.Public())
	require.NoError(t, err)
	mac := func(secret []byte) func(string) []byte {
		return func(input string) []byte {
			m := hmac.New(sha256.New, secret)
			m.Write([]byte(input))
			return m.Sum(nil)
		}
	}
	public := other.Public().(*ecdsa.PublicKey)
	point, err := public.Bytes()
	require.NoError(t, err)
	jwk := members{
		"kty": "EC", "crv": "P-256", "kid": d.ring.Active(start).ID, "alg": "ES256",
		"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
	}
	for name, tc := range map[string]struct {
		header, claims members
		sign           func(string) []byte
		reason         caddymgw.Reason
	}{
		"alg none":                      {header: members{"alg": "none"}, reason: caddymgw.ReasonAlgorithm},
		"HS256 with the public key":     {header: members{"alg": "HS256"}, sign: mac(spki), reason: caddymgw.ReasonAlgorithm},
		"HS256 with the public PEM":     {header: members{"alg": "HS256"}, sign: mac(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})), reason: caddymgw.ReasonAlgorithm},
		"another alg of the curve":      {header: members{"alg": "ES384"}, reason: caddymgw.ReasonAlgorithm},
		"no alg":                        {header: members{"alg": absent{}}, reason: caddymgw.ReasonMalformed},
		"a foreign key with our kid":    {sign: es256(t, other), reason: caddymgw.ReasonSignature},
		"a foreign key that it brings":  {header: members{"jwk": jwk}, sign: es256(t, other), reason: caddymgw.ReasonSignature},
		"a foreign key at an address":   {header: members{"jku": "https://evil.test", "x5u": "https://evil.test"}, sign: es256(t, other), reason: caddymgw.ReasonSignature},
		"a foreign key without our kid": {header: members{"kid": absent{}, "jwk": jwk}, sign: es256(t, other), reason: caddymgw.ReasonUnknownKey},
		"a signature of nothing":        {sign: func(string) []byte { return make([]byte, 64) }, reason: caddymgw.ReasonSignature},
		"a short signature":             {sign: func(string) []byte { return []byte{1} }, reason: caddymgw.ReasonSignature},
		"no kid":                        {header: members{"kid": absent{}}, reason: caddymgw.ReasonUnknownKey},
		"an unknown kid":                {header: members{"kid": "apikey-other"}, reason: caddymgw.ReasonUnknownKey},
		"a kid that is a path":          {header: members{"kid": "../../dev/null"}, reason: caddymgw.ReasonUnknownKey},
		"typ JWT":                       {header: members{"typ": "JWT"}, reason: caddymgw.ReasonType},
		"typ of an access token":        {header: members{"typ": "at+jwt"}, reason: caddymgw.ReasonType},
		"typ in capitals":               {header: members{"typ": "APIKEY+JWT"}, reason: caddymgw.ReasonType},
		"no typ":                        {header: members{"typ": absent{}}, reason: caddymgw.ReasonType},
		"crit":                          {header: members{"crit": []string{"exp"}}, reason: caddymgw.ReasonMalformed},
		"another issuer":                {claims: members{"iss": "https://gw.test/"}, reason: caddymgw.ReasonIssuer},
		"no issuer":                     {claims: members{"iss": absent{}}, reason: caddymgw.ReasonIssuer},
		"another audience":              {claims: members{"aud": []string{"GW", "gw2"}}, reason: caddymgw.ReasonAudience},
		"no audience":                   {claims: members{"aud": absent{}}, reason: caddymgw.ReasonAudience},
		"no jti":                        {claims: members{"jti": absent{}}, reason: caddymgw.ReasonClaims},
		"an empty jti":                  {claims: members{"jti": ""}, reason: caddymgw.ReasonClaims},
		"no sub":                        {claims: members{"sub": absent{}}, reason: caddymgw.ReasonClaims},
		"an empty sub":                  {claims: members{"sub": ""}, reason: caddymgw.ReasonClaims},
		"no iat":                        {claims: members{"iat": absent{}}, reason: caddymgw.ReasonClaims},
		"no exp":                        {claims: members{"exp": absent{}}, reason: caddymgw.ReasonClaims},
		"exp a string":                  {claims: members{"exp": "9999999999"}, reason: caddymgw.ReasonClaims},
		"expired":                       {claims: members{"exp": start.Unix()}, reason: caddymgw.ReasonExpired},
		"expired and forged":            {claims: members{"exp": start.Unix()}, sign: es256(t, other), reason: caddymgw.ReasonExpired},
		"not valid yet":                 {claims: members{"nbf": start.Unix() + 1}, reason: caddymgw.ReasonNotYet},
		"no keytype":                    {claims: members{"keytype": absent{}}, reason: caddymgw.ReasonClaims},
		"an empty keytype":              {claims: members{"keytype": ""}, reason: caddymgw.ReasonClaims},
		"keytype a number":              {claims: members{"keytype": 1}, reason: caddymgw.ReasonClaims},
	} {
		t.Run(name, func(t *testing.T) {
			text := d.forge(t, tc.header, tc.claims, tc.sign)
			for range 2 {
				d.requireRefused(t, text, tc.reason)
			}
			require.Zero(t, d.opened.Load().Cache.Len())
		})
	}
}

func TestAllThatIsNotAKeyIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for _, text := range []string{"", ".", "..", "a.b.c", "hunter2", strings.Repeat(".", 100_000), strings.Repeat("A", 1<<20)} {
		d.requireRefused(t, text, caddymgw.ReasonMalformed)
	}
}

func TestARevokedKeyIsRefusedAtOnceInEverySpelling(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	issued, kept := d.mint(t, Grant{}), d.mint(t, Grant{})
	mirrored := twin(t, issued.Token)
	require.NotEqual(t, issued.Token, mirrored)
	for _, text := range []string{issued.Token, mirrored, kept.Token} {
		d.requireGood(t, text)
	}
	d.revoked.revoke(issued.ID)
	d.requireRefused(t, issued.Token, caddymgw.ReasonRevoked)
	d.requireRefused(t, mirrored, caddymgw.ReasonRevoked)
	d.requireGood(t, kept.Token)

	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, text := range []string{issued.Token, mirrored, kept.Token} {
		end := len(text) - 1
		last := strings.IndexByte(alphabet, text[end])
		for i := 1; i < 16; i++ { // 64 bytes leave four bits of the last character unused
			d.requireRefused(t, text[:end]+alphabet[last+i:last+i+1], caddymgw.ReasonMalformed)
		}
		for _, other := range []string{text + "=", text + "==", text + "\n", text + "\r\n", text[:end] + "\n" + text[end:], " " + text} {
			d.requireRefused(t, other, caddymgw.ReasonMalformed)
		}
	}
}

func TestAKeyExpiresByTheClockThoughItIsRemembered(t *testing.T) {
	t.Parallel()
	for name, leeway := range map[string]time.Duration{"without leeway": 0, "with leeway": 30 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, func(c *Config) { c.Leeway = leeway })
			issued := d.mint(t, Grant{Life: time.Hour})
			d.requireGood(t, issued.Token)
			r := request()
			r.Now = start.Add(time.Hour + leeway - time.Nanosecond)
			require.Equal(t, caddymgw.Satisfied, d.judge(t, issued.Token, r).Outcome)
			r.Now = start.Add(time.Hour + leeway)
			require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonExpired), d.judge(t, issued.Token, r))
		})
	}
}

func TestKeysOfARingThatWasReplacedAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	issued := d.mint(t, Grant{})
	d.requireGood(t, issued.Token)
	d.Renew(newRing(t, newSigner(t, "ES256"), ""))
	d.requireRefused(t, issued.Token, caddymgw.ReasonUnknownKey)

	d.Renew(newRing(t, d.signer, ""))
	d.requireGood(t, issued.Token)
}

func TestAKeyThatChangedItsAlgorithmRefusesTheOldTokens(t *testing.T) {
	t.Parallel()
	d, key := newDesk(t, nil), newSigner(t, "RS256")
	d.Renew(newRing(t, key, "RS256"))
	issued := d.mint(t, Grant{})
	d.requireGood(t, issued.Token)
	d.Renew(newRing(t, key, "PS256"))
	d.requireRefused(t, issued.Token, caddymgw.ReasonAlgorithm)
}

func TestWhatAnotherKeyVerifiedIsVerifiedAnew(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	text := d.forge(t, nil, nil, es256(t, newSigner(t, "ES256")))
	parsed, err := token.Parse(text)
	require.NoError(t, err)
	d.cache.Put(text, &token.Verified{Token: parsed, Key: "another issuer's", Derived: &limits{}})
	d.requireRefused(t, text, caddymgw.ReasonSignature)
}

func TestTheAudienceIsAskedOnlyIfConfigured(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *Config) { c.Audience = "" })
	for _, aud := range []any{absent{}, "other", []string{"a", "b"}} {
		d.requireGood(t, d.forge(t, nil, members{"aud": aud}, nil))
	}
	d = newDesk(t, nil)
	for _, aud := range []any{"gw", []string{"gw"}, []string{"x", "gw"}} {
		d.requireGood(t, d.forge(t, nil, members{"aud": aud}, nil))
	}
}

func TestKeysWithoutEndAreTakenWhereTheyAreIssued(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *Config) { c.Validity = 0 })
	r := request()
	r.Now = start.AddDate(1000, 0, 0)
	require.Equal(t, caddymgw.Satisfied, d.judge(t, d.mint(t, Grant{}).Token, r).Outcome)
}

func TestOwnsAndLooksLikeKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	key := d.mint(t, Grant{}).Token
	for name, tc := range map[string]struct {
		text        string
		owns, looks bool
	}{
		"a key":           {key, true, true},
		"a forged key":    {d.forge(t, nil, nil, func(string) []byte { return []byte("x") }), true, true},
		"another token":   {d.forge(t, members{"typ": "JWT"}, nil, nil), true, false},
		"two dots":        {"..", true, false},
		"a short word":    {"eyJ.a.b", true, false},
		"an opaque value": {"hunter2", false, false},
		"a JWE":           {key + ".a.b", false, false},
		"nothing":         {"", false, false},
	} {
		require.Equal(t, tc.owns, d.Owns(scheme, credential.Credential{Place: place, Value: credential.Secret(tc.text)}), name)
		require.Equal(t, tc.looks, LooksLikeKey(tc.text), name)
	}
}

func TestChallengeNamesThePlace(t *testing.T) {
	t.Parallel()
	got := newDesk(t, nil).Challenge(&caddymgw.Requirement{Scheme: scheme})
	require.Equal(t, `ApiKey realm="Petstore", in="header", name="X-API-Key"`, got)
	require.Equal(t, http.StatusUnauthorized, caddymgw.RefusedFor(caddymgw.ReasonRevoked).Fault.Status())
	require.Equal(t, fault.InvalidCredentials, caddymgw.RefusedFor(caddymgw.ReasonExpired).Fault)
}

func BenchmarkVerifySeen(b *testing.B) {
	benchmarkVerify(b, token.DefaultCacheSize, 1)
}

// More keys than are remembered come one after the other.
func BenchmarkVerifyUnseen(b *testing.B) {
	benchmarkVerify(b, 1, 512)
}

func benchmarkVerify(b *testing.B, size, keys int) {
	d := newDesk(b, nil)
	d.cache = token.NewCache(size)
	d.open()
	credentials := make([]credential.Credential, keys)
	for i := range credentials {
		credentials[i] = credential.Credential{Place: place, Value: credential.Secret(d.mint(b, full).Token)}
	}
	r, req := request(), &caddymgw.Requirement{Scheme: scheme, Verifier: d}
	r.HTTP.Header.Set("Referer", "https://www.example.com/app/")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if v := d.Verify(b.Context(), r, req, credentials[i%keys]); v.Outcome != caddymgw.Satisfied {
			b.Fatal(v.Reason)
		}
	}
}
