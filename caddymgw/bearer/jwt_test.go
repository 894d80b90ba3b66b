package bearer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

func TestThePrincipalOfAToken(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	text := d.forge(t, nil, members{"roles": []string{"admin"}})
	first := d.requireGood(t, text)
	require.Same(t, first, d.requireGood(t, text), "made once and shared")
	require.Equal(t, "alice", first.Claims["sub"])
	p := *first
	p.Claims = nil
	require.Equal(t, caddymgw.Principal{
		Subject: "alice", Issuer: idp, Scheme: "Login", KeyID: "j1", Scopes: []string{"read", "write"}, Roles: []string{"admin"},
		IssuedAt: start.Local(), Expires: start.Add(time.Hour).Local(),
	}, p)
	require.Equal(t, [][3]string{{idp, "j1", "alice"}, {idp, "j1", "alice"}}, d.revoked.asked)
}

func TestTokensOfEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, algorithm := range token.Algorithms() {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			private, public := newKey(t, algorithm)
			unnamed := caddymgw.ReasonNone
			if token.Symmetric(algorithm) {
				unnamed = caddymgw.ReasonAlgorithm
			}
			for name, tc := range map[string]struct {
				allowed []string
				key     token.Key
				reason  caddymgw.Reason
			}{
				"named":                       {[]string{algorithm}, token.Key{ID: "k1", Public: public}, ""},
				"named, by a key for it only": {[]string{algorithm}, token.Key{ID: "k1", Algorithm: algorithm, Public: public}, ""},
				"not named":                   {nil, token.Key{ID: "k1", Public: public}, unnamed},
				"all others named":            {others(algorithm), token.Key{ID: "k1", Public: public}, caddymgw.ReasonAlgorithm},
			} {
				d := newDesk(t, issuerOf(func(i *Issuer) { i.Algorithms = tc.allowed }))
				d.keys.set(nil, tc.key)
				text := forgeBy(t, private, members{"alg": algorithm}, nil)
				if tc.reason != "" {
					d.requireNever(t, text, tc.reason)
					require.Zero(t, d.keys.asked, "the algorithm is checked before any key")
					continue
				}
				first := d.requireGood(t, text)
				require.Same(t, first, d.requireGood(t, text), name)
				at := strings.LastIndexByte(text, '.')
				for _, forged := range []string{text[:at] + "." + encode(strings.Repeat("\x01", 64)), text[:at] + "." + encode("x")} {
					d.requireNever(t, forged, caddymgw.ReasonSignature)
				}
			}
		})
	}
}

func others(algorithm string) (list []string) {
	for _, name := range token.Algorithms() {
		if name != algorithm {
			list = append(list, name)
		}
	}
	return list
}

func TestTokensAreRefusedAndNotRemembered(t *testing.T) {
	t.Parallel()
	now := start.Unix()
	for name, tc := range map[string]struct {
		header, claims members
		reason         caddymgw.Reason
	}{
		"an unknown issuer":             {nil, members{"iss": "https://evil.test"}, caddymgw.ReasonIssuer},
		"the issuer with a slash":       {nil, members{"iss": idp + "/"}, caddymgw.ReasonIssuer},
		"the issuer in capitals":        {nil, members{"iss": strings.ToUpper(idp)}, caddymgw.ReasonIssuer},
		"our own issuer":                {nil, members{"iss": "https://gw.test"}, caddymgw.ReasonIssuer},
		"no issuer":                     {nil, members{"iss": absent{}}, caddymgw.ReasonIssuer},
		"an issuer that is a list":      {nil, members{"iss": []string{idp}}, caddymgw.ReasonClaims},
		"no exp":                        {nil, members{"exp": absent{}}, caddymgw.ReasonClaims},
		"expired":                       {nil, members{"exp": now}, caddymgw.ReasonExpired},
		"exp a string":                  {nil, members{"exp": "9999999999"}, caddymgw.ReasonClaims},
		"exp 1e18":                      {nil, members{"exp": 1e18}, caddymgw.ReasonClaims},
		"exp a fraction":                {nil, members{"exp": float64(now) + 60.5}, caddymgw.ReasonClaims},
		"exp null":                      {nil, members{"exp": nil}, caddymgw.ReasonClaims},
		"nbf to come":                   {nil, members{"nbf": now + 1}, caddymgw.ReasonNotYet},
		"nbf a string":                  {nil, members{"nbf": "0"}, caddymgw.ReasonClaims},
		"iat to come":                   {nil, members{"iat": now + 1}, caddymgw.ReasonNotYet},
		"iat a string":                  {nil, members{"iat": "0"}, caddymgw.ReasonClaims},
		"no aud":                        {nil, members{"aud": absent{}}, caddymgw.ReasonAudience},
		"another aud":                   {nil, members{"aud": "other"}, caddymgw.ReasonAudience},
		"aud in capitals":               {nil, members{"aud": "GW"}, caddymgw.ReasonAudience},
		"an empty list of aud":          {nil, members{"aud": []string{}}, caddymgw.ReasonAudience},
		"others in aud":                 {nil, members{"aud": []string{"g", "gw "}}, caddymgw.ReasonAudience},
		"a number among aud":            {nil, members{"aud": []any{"gw", 1}}, caddymgw.ReasonClaims},
		"aud null":                      {nil, members{"aud": nil}, caddymgw.ReasonClaims},
		"an unknown kid":                {members{"kid": "k2"}, nil, caddymgw.ReasonUnknownKey},
		"a kid that is a number":        {members{"kid": 1}, nil, caddymgw.ReasonMalformed},
		"an empty kid":                  {members{"kid": ""}, nil, caddymgw.ReasonMalformed},
		"crit":                          {members{"crit": []string{"exp"}}, nil, caddymgw.ReasonMalformed},
		"another algorithm of EC":       {members{"alg": "ES384"}, nil, caddymgw.ReasonUnknownKey},
		"an algorithm that is not ours": {members{"alg": "ES256K"}, nil, caddymgw.ReasonAlgorithm},
		"no subject":                    {nil, members{"sub": absent{}, "client_id": absent{}}, caddymgw.ReasonClaims},
		"a scope that is a number":      {nil, members{"scope": 1}, caddymgw.ReasonClaims},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			d.requireNever(t, d.forge(t, tc.header, tc.claims), tc.reason)
			if tc.reason != caddymgw.ReasonUnknownKey {
				require.Zero(t, d.keys.asked, "what is cheap comes first")
			}
			require.Empty(t, d.revoked.asked, "revocation comes last")
		})
	}
}

func TestTimesAreJudgedWithLeewayOnEveryCall(t *testing.T) {
	t.Parallel()
	now := start.Unix()
	for name, leeway := range map[string]time.Duration{"none": 0, "half a minute": 30 * time.Second, "a minute": MaxLeeway} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, func(c *Config) { c.Leeway = leeway })
			for name, tc := range map[string]struct {
				claims members
				good   time.Duration // from start
				bad    time.Duration
				reason caddymgw.Reason
			}{
				"exp": {members{"exp": now + 100}, 100*time.Second + leeway - 1, 100*time.Second + leeway, caddymgw.ReasonExpired},
				"nbf": {members{"nbf": now + 100}, 100*time.Second - leeway, 100*time.Second - leeway - 1, caddymgw.ReasonNotYet},
				"iat": {members{"iat": now + 100}, 100*time.Second - leeway, 100*time.Second - leeway - 1, caddymgw.ReasonNotYet},
			} {
				text := d.forge(t, nil, tc.claims)
				good, bad := request(), request()
				good.Now, bad.Now = start.Add(tc.good), start.Add(tc.bad)
				for range 2 {
					require.Equal(t, caddymgw.Satisfied, d.judge(t, text, good).Outcome, name)
					require.Equal(t, caddymgw.RefusedFor(tc.reason), d.judge(t, text, bad), name)
				}
			}
		})
	}
}

func TestTokensOfAnIssuerWithoutAudiencesNeedNone(t *testing.T) {
	t.Parallel()
	d := newDesk(t, issuerOf(func(i *Issuer) { i.Audiences = nil }))
	for _, aud := range []any{absent{}, "other", []string{}, []string{"a", "b"}} {
		d.requireGood(t, d.forge(t, nil, members{"aud": aud}))
	}
	d = newDesk(t, issuerOf(func(i *Issuer) { i.Audiences = []string{"a", "b"} }))
	d.requireGood(t, d.forge(t, nil, members{"aud": "b"}))
	d.requireGood(t, d.forge(t, nil, members{"aud": []string{"x", "a"}}))
	d.requireNever(t, d.forge(t, nil, members{"aud": "gw"}), caddymgw.ReasonAudience)
}

func TestKeysThatCannotBeKnownAreUnavailable(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	text := d.forge(t, nil, nil)
	down := errors.New("the key set is down")
	d.keys.set(down, token.Key{ID: "k1", Public: &d.key.PublicKey})
	want := caddymgw.UnavailableFor(caddymgw.ReasonNotReady)
	require.Equal(t, want, d.judge(t, text, request()))
	require.Equal(t, http.StatusServiceUnavailable, want.Fault.Status())
	require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonAudience), d.judge(t, d.forge(t, nil, members{"aud": "x"}), request()), "a bad token is bad all the same")

	d.keys.set(nil, token.Key{ID: "k1", Public: &d.key.PublicKey})
	d.requireGood(t, text)
	d.keys.set(down)
	require.Equal(t, want, d.judge(t, text, request()), "though its signature is remembered")
}

func TestARememberedSignatureIsGoodOnlyUnderAKeyOfTheIssuer(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ES256", "RS256", "EdDSA", "HS256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, issuerOf(func(i *Issuer) { i.Algorithms = []string{"ES256", "RS256", "EdDSA", "HS256"} }))
			private, public := newKey(t, algorithm)
			_, other := newKey(t, algorithm)
			if algorithm == "RS256" {
				key, err := rsa.GenerateKey(rand.Reader, 2048)
				require.NoError(t, err)
				other = &key.PublicKey
			}
			text := forgeBy(t, private, members{"alg": algorithm}, nil)
			set := func(keys ...any) {
				list := make([]token.Key, len(keys))
				for i, k := range keys {
					list[i] = token.Key{ID: "k1", Public: k}
				}
				d.keys.set(nil, list...)
			}
			set(public)
			p := d.requireGood(t, text)
			set()
			d.requireRefused(t, text, caddymgw.ReasonUnknownKey)
			set(other)
			d.requireRefused(t, text, caddymgw.ReasonSignature)
			set(other, clone(public))
			require.Same(t, p, d.requireGood(t, text), "the same material elsewhere is the same key")

			unsigned := text[:strings.LastIndexByte(text, '.')] + "." + encode("x")
			parsed, err := token.Parse(unsigned)
			require.NoError(t, err)
			d.requireNever(t, unsigned, caddymgw.ReasonSignature)
			d.cache.Put(unsigned, &token.Verified{Token: parsed, Key: public})
			d.requireGood(t, unsigned) // what is remembered is not verified again
		})
	}
}

// clone returns the same key at another address, as a set that was read anew.
func clone(key any) any {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		b, _ := k.Bytes()
		again, _ := ecdsa.ParseUncompressedPublicKey(k.Curve, b)
		return again
	case *rsa.PublicKey:
		return &rsa.PublicKey{N: new(big.Int).Set(k.N), E: k.E}
	case token.HMACSecret:
		return slices.Clone(k)
	default:
		return key
	}
}

func TestAKeyThatIsForAnotherAlgorithmNowRefusesTheOldTokens(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	public := &rsaKey().PublicKey
	text := forgeBy(t, rsaKey(), members{"alg": "RS256"}, nil)
	d.keys.set(nil, token.Key{ID: "k1", Algorithm: "RS256", Public: public})
	d.requireGood(t, text)
	d.issuers[idp].Keys = always{{ID: "k1", Algorithm: "PS256", Public: public}}
	d.requireRefused(t, text, caddymgw.ReasonAlgorithm)
}

func TestAllKeysOfAKidAreTried(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	other := newEC(t, elliptic.P256())
	weak := &rsa.PublicKey{N: big.NewInt(15), E: 3}
	d.issuers[idp].Keys = always{{Public: weak}, {Public: &other.PublicKey}, {Public: &d.key.PublicKey}}
	d.requireGood(t, d.forge(t, nil, nil))
	d.issuers[idp].Keys = always{{Public: weak}, {Public: &other.PublicKey}, {Public: weak}}
	d.requireRefused(t, d.forge(t, nil, nil), caddymgw.ReasonSignature)
	d.issuers[idp].Keys = always{{Public: weak}}
	d.requireRefused(t, d.forge(t, nil, nil), caddymgw.ReasonAlgorithm)
}

func TestVerifiersThatShareACacheJudgeForThemselves(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	text := d.forge(t, nil, nil)
	p := d.requireGood(t, text)
	sharing := func(change func(*Issuer)) *desk {
		return newDesk(t, func(c *Config) {
			c.Cache = d.cache
			c.Issuers[0].Keys = d.keys
			change(&c.Issuers[0])
		})
	}
	require.Same(t, p, sharing(func(*Issuer) {}).requireGood(t, text), "read the same way")
	require.Same(t, p, sharing(func(i *Issuer) { i.Audiences = nil }).requireGood(t, text))
	for reason, change := range map[caddymgw.Reason]func(*Issuer){
		caddymgw.ReasonAudience:   func(i *Issuer) { i.Audiences = []string{"other"} },
		caddymgw.ReasonIssuer:     func(i *Issuer) { i.Name = "https://other.test" },
		caddymgw.ReasonAlgorithm:  func(i *Issuer) { i.Algorithms = []string{"RS256"} },
		caddymgw.ReasonUnknownKey: func(i *Issuer) { i.Keys = &keySet{} },
	} {
		other := sharing(change)
		other.requireRefused(t, text, reason)
		require.Same(t, p, d.requireGood(t, text))
	}
	mapped := sharing(func(i *Issuer) { i.ScopeMap = map[string]string{"read": "pets:read"} }).requireGood(t, text)
	require.Equal(t, []string{"pets:read", "write"}, mapped.Scopes)
	require.Equal(t, []string{"read", "write"}, d.requireGood(t, text).Scopes)
}
