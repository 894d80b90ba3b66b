package bearer

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// These are the rows of the table of threats that a verifier of access tokens
// meets, by their number.

func TestThreatsC(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	good := d.forge(t, nil, nil)
	parts := strings.Split(good, ".")
	raw := func(header, claims string) string { return compact(t, "ES256", d.key, header, claims) }
	header, claims := over(t, goodHeader(), nil), over(t, goodClaims(), nil)
	more := func(object, member string) string { return strings.TrimSuffix(object, "}") + "," + member + "}" }
	require.Equal(t, "alice", d.requireGood(t, raw(header, more(claims, `"x":[{}]`))).Subject)

	t.Run("C1 the wrong number of parts", func(t *testing.T) {
		for _, text := range []string{
			parts[0], parts[0] + "." + parts[1], good + "." + parts[2], good + ".a.b", "." + parts[1] + "." + parts[2],
			parts[0] + ".." + parts[2], parts[0] + "." + parts[1] + ".", strings.Repeat(".", 100_000), good + strings.Repeat(".", 100_000),
		} {
			d.requireNever(t, text, caddymgw.ReasonMalformed)
		}
	})
	t.Run("C3 other spellings", func(t *testing.T) {
		for i, part := range parts {
			unused := map[int]int{2: 16, 3: 4}[len(part)%4] // of the last character
			last := strings.IndexByte(alphabet, part[len(part)-1])
			for bits := 1; bits < unused; bits++ {
				other := append([]string{}, parts...)
				other[i] = part[:len(part)-1] + alphabet[last+bits:last+bits+1]
				d.requireNever(t, strings.Join(other, "."), caddymgw.ReasonMalformed)
			}
			for _, suffix := range []string{"=", "==", "\n", "\r\n", " ", "\x00"} {
				other := append([]string{}, parts...)
				other[i] += suffix
				d.requireNever(t, strings.Join(other, "."), caddymgw.ReasonMalformed)
			}
		}
	})
	t.Run("C5 headers that are none", func(t *testing.T) {
		for _, h := range []string{
			"", "x", "[]", `"x"`, "null", "1", "{}", `{"kid":"k1"}`, `{"alg":1}`, `{"alg":["ES256"]}`, `{"alg":null}`, `{"alg":""}`,
			`{"Alg":"ES256","kid":"k1"}`, header + "{}", header + "x", "\ufeff" + header,
		} {
			d.requireNever(t, raw(h, claims), caddymgw.ReasonMalformed)
		}
	})
	t.Run("C7 members given twice", func(t *testing.T) {
		for _, member := range []string{
			`"aud":"gw"`, `"aud":"evil"`, `"exp":9999999999`, `"iss":"` + idp + `"`, `"sub":"admin"`, `"scope":"admin"`, `"s\u0075b":"admin"`,
			`"x":1,"x":2`, `"x":{"y":1,"y":2}`,
		} {
			d.requireNever(t, raw(header, more(claims, member)), caddymgw.ReasonMalformed)
		}
		for _, member := range []string{`"alg":"ES256"`, `"alg":"none"`, `"kid":"k1"`, `"typ":"JWT"`} {
			d.requireNever(t, raw(more(header, member), claims), caddymgw.ReasonMalformed)
		}
		p := d.requireGood(t, raw(header, more(claims, `"SUB":"admin","\u017fub":"admin","Exp":1,"AUD":"x"`)))
		require.Equal(t, "alice", p.Subject, "names are exact")
	})
	t.Run("C9 more than anybody needs", func(t *testing.T) {
		for _, member := range []string{
			`"x":` + strings.Repeat("[", 17) + strings.Repeat("]", 17),
			`"x":` + strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17),
			`"x":1e400`, `"x":-0`, `"x":1E999999`, `"exp2":-0.0`,
			`"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
			`"x":"` + strings.Repeat("x", 1<<20) + `"`,
		} {
			d.requireNever(t, raw(header, more(claims, member)), caddymgw.ReasonMalformed)
		}
		var b strings.Builder
		for i := range 100_000 {
			fmt.Fprintf(&b, `,"x%d":1`, i)
		}
		d.requireNever(t, raw(header, more(claims, b.String()[1:])), caddymgw.ReasonMalformed)
	})
	t.Run("C11 payloads that are elsewhere or not encoded", func(t *testing.T) {
		d.requireNever(t, raw(more(header, `"b64":false,"crit":["b64"]`), claims), caddymgw.ReasonMalformed)
		d.requireNever(t, raw(more(header, `"b64":false`), claims), caddymgw.ReasonMalformed)
		d.requireNever(t, raw(more(header, `"b64":true`), claims), caddymgw.ReasonMalformed)
		d.requireNever(t, parts[0]+".."+parts[2], caddymgw.ReasonMalformed)
		d.requireNever(t, parts[0]+"."+claims+"."+parts[2], caddymgw.ReasonMalformed)
	})
	t.Run("C13 compressed and encrypted", func(t *testing.T) {
		d.requireNever(t, raw(more(header, `"zip":"DEF"`), claims), caddymgw.ReasonMalformed)
		for _, h := range []string{
			`{"alg":"dir","enc":"A128GCM"}`, `{"alg":"RSA-OAEP","enc":"A256GCM"}`, `{"alg":"ECDH-ES","enc":"A128GCM"}`,
			`{"alg":"PBES2-HS256+A128KW","p2c":2147483648,"p2s":"a","enc":"A128GCM"}`,
		} {
			d.requireNever(t, encode(h)+".a.b.c.d", caddymgw.ReasonMalformed)
			d.requireNever(t, raw(h, claims), caddymgw.ReasonMalformed)
		}
	})
	t.Run("C15 odd kids", func(t *testing.T) {
		for _, kid := range []string{"a\x00", "a\r\nb", "../../dev/null", "' OR 1=1 --", "{env.HOME}", "K1", "k1 ", strings.Repeat("k", 1000)} {
			d.requireNever(t, d.forge(t, members{"kid": kid}, nil), caddymgw.ReasonUnknownKey)
		}
		for _, n := range []int{token.MaxHeader, 1 << 20} {
			d.requireNever(t, d.forge(t, members{"kid": strings.Repeat("k", n)}, nil), caddymgw.ReasonMalformed)
		}
	})
}

func TestThreatsD(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	rsaPublic := &rsaKey().PublicKey
	d.keys.set(nil, token.Key{ID: "k1", Public: &d.key.PublicKey}, token.Key{ID: "a1", Algorithm: "RS256", Public: rsaPublic})
	byRSA := func(header, claims members) string {
		return forgeBy(t, rsaKey(), merge(members{"alg": "RS256", "kid": "a1"}, header), claims)
	}
	d.requireGood(t, byRSA(nil, nil))

	t.Run("D2 a public key is no secret", func(t *testing.T) {
		spki, err := x509.MarshalPKIXPublicKey(rsaPublic)
		require.NoError(t, err)
		text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
		secrets := []string{
			text, strings.ReplaceAll(text, "\n", "\r\n"), strings.TrimSpace(text), " " + text, string(spki),
			string(x509.MarshalPKCS1PublicKey(rsaPublic)), string(rsaPublic.N.Bytes()),
			`{"kty":"RSA","n":"` + encode(string(rsaPublic.N.Bytes())) + `","e":"AQAB"}`,
			string(newCertificate(t, d, 1).Raw),
		}
		careless := newDesk(t, issuerOf(func(i *Issuer) { i.Algorithms = token.Algorithms() }))
		careless.issuers[idp].Keys = always{{ID: "a1", Public: rsaPublic}} // whatever is asked for
		for _, secret := range secrets {
			for _, algorithm := range []string{"HS256", "HS384", "HS512"} {
				forged := forgeBy(t, token.HMACSecret(secret), members{"alg": algorithm, "kid": "a1"}, nil)
				d.requireNever(t, forged, caddymgw.ReasonAlgorithm)
				careless.requireNever(t, forged, caddymgw.ReasonAlgorithm)
			}
		}
	})
	t.Run("D4 the algorithm of the key, and of the issuer", func(t *testing.T) {
		for _, algorithm := range []string{"PS256", "RS512", "RS384"} {
			d.requireNever(t, byRSA(members{"alg": algorithm}, nil), caddymgw.ReasonUnknownKey)
		}
		pinned := newDesk(t, issuerOf(func(i *Issuer) { i.Algorithms = []string{"RS256"} }))
		pinned.keys.set(nil, token.Key{ID: "a1", Public: rsaPublic})
		pinned.requireGood(t, byRSA(nil, nil))
		for _, algorithm := range []string{"PS256", "RS512", "ES256", "none", "None", "rs256", "RS256 "} {
			pinned.requireNever(t, byRSA(members{"alg": algorithm}, nil), caddymgw.ReasonAlgorithm)
		}
		pss := compact(t, "PS256", rsaKey(), over(t, goodHeader(), members{"alg": "RS256", "kid": "a1"}), over(t, goodClaims(), nil))
		pinned.requireNever(t, pss, caddymgw.ReasonSignature)
	})
	t.Run("D6 keys that a token brings along", func(t *testing.T) {
		var asked atomic.Int64
		attacker := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
		defer attacker.Close()
		evil := newEC(t, elliptic.P256())
		point, err := evil.PublicKey.Bytes()
		require.NoError(t, err)
		jwk := members{"kty": "EC", "crv": "P-256", "kid": "k1", "x": encode(string(point[1:33])), "y": encode(string(point[33:]))}
		own := newCertificate(t, &desk{key: evil}, 1)
		chain := []string{base64.StdEncoding.EncodeToString(own.Raw)}
		for _, header := range []members{
			{"jwk": jwk},
			{"jku": attacker.URL},
			{"x5u": attacker.URL},
			{"x5c": chain},
			{"x5t#S256": thumbprint(own)},
			{"jwk": jwk, "jku": attacker.URL, "x5u": attacker.URL, "x5c": chain},
		} {
			d.requireNever(t, forgeBy(t, evil, header, nil), caddymgw.ReasonSignature)
			d.requireNever(t, forgeBy(t, evil, merge(members{"kid": "evil"}, header), nil), caddymgw.ReasonUnknownKey)
		}
		require.Zero(t, asked.Load())
	})
	t.Run("D8 the twin of a signature is the same token", func(t *testing.T) {
		text := d.forge(t, nil, members{"jti": "twin"})
		at := strings.LastIndexByte(text, '.') + 1
		signature, err := base64.RawURLEncoding.DecodeString(text[at:])
		require.NoError(t, err)
		s := new(big.Int).SetBytes(signature[32:])
		s.Sub(elliptic.P256().Params().N, s).FillBytes(signature[32:])
		twin := text[:at] + encode(string(signature))
		require.NotEqual(t, text, twin)
		d.requireGood(t, text)
		d.requireGood(t, twin)
		d.revoked.revoke("twin")
		d.requireRefused(t, text, caddymgw.ReasonRevoked)
		d.requireRefused(t, twin, caddymgw.ReasonRevoked)
	})
	t.Run("D10 weak keys", func(t *testing.T) {
		weak, err := rsa.GenerateKey(rand.Reader, 1024)
		require.NoError(t, err)
		d := newDesk(t, nil)
		for _, key := range []*rsa.PublicKey{
			&weak.PublicKey, {N: rsaPublic.N, E: 1}, {N: rsaPublic.N, E: 65536}, {N: new(big.Int).Lsh(big.NewInt(3), 16382), E: 65537},
		} {
			d.issuers[idp].Keys = always{{ID: "k1", Public: key}}
			d.requireNever(t, forgeBy(t, weak, members{"alg": "RS256"}, nil), caddymgw.ReasonAlgorithm)
		}
	})
	t.Run("D14 no kid only where there is no choice", func(t *testing.T) {
		d := newDesk(t, nil)
		text := d.forge(t, members{"kid": absent{}}, nil)
		mine, other := &d.key.PublicKey, &newEC(t, elliptic.P256()).PublicKey
		for name, tc := range map[string]struct {
			keys   []token.Key
			reason caddymgw.Reason
		}{
			"its own key":            {[]token.Key{{ID: "k1", Public: mine}}, ""},
			"one of another kind":    {[]token.Key{{ID: "k1", Public: mine}, {ID: "k2", Public: rsaPublic}}, ""},
			"two":                    {[]token.Key{{ID: "k1", Public: mine}, {ID: "k2", Public: other}}, caddymgw.ReasonUnknownKey},
			"another":                {[]token.Key{{ID: "k2", Public: other}}, caddymgw.ReasonSignature},
			"none":                   {nil, caddymgw.ReasonUnknownKey},
			"its own key once more":  {[]token.Key{{Public: mine}}, ""},
			"two, after it was seen": {[]token.Key{{Public: mine}, {Public: other}}, caddymgw.ReasonUnknownKey},
		} {
			d.keys.set(nil, tc.keys...)
			if tc.reason == "" {
				d.requireGood(t, text)
			} else {
				require.Equal(t, caddymgw.RefusedFor(tc.reason), d.judge(t, text, request()), name)
			}
		}
	})
	t.Run("D14 the kid of another issuer", func(t *testing.T) {
		theirs := newEC(t, elliptic.P256())
		d := newDesk(t, func(c *Config) {
			c.Issuers = append(c.Issuers, Issuer{Name: "https://b.test", Audiences: []string{"gw"}, Keys: &keySet{keys: []token.Key{{ID: "b1", Public: &theirs.PublicKey}}}})
		})
		d.requireGood(t, forgeBy(t, theirs, members{"kid": "b1"}, members{"iss": "https://b.test"}))
		d.requireNever(t, forgeBy(t, theirs, members{"kid": "b1"}, nil), caddymgw.ReasonUnknownKey)
		d.requireNever(t, forgeBy(t, theirs, members{"kid": "k1"}, nil), caddymgw.ReasonSignature)
		d.requireNever(t, d.forge(t, nil, members{"iss": "https://b.test"}), caddymgw.ReasonUnknownKey)
	})
}

func merge(a, b members) members {
	for name, v := range b {
		a[name] = v
	}
	return a
}

func TestThreatsE(t *testing.T) {
	t.Parallel()
	now := start.Unix()
	d := newDesk(t, nil)
	t.Run("E1 exp is required", func(t *testing.T) {
		d.requireNever(t, d.forge(t, nil, members{"exp": absent{}}), caddymgw.ReasonClaims)
	})
	t.Run("E3 the border is exact", func(t *testing.T) {
		lenient := newDesk(t, func(c *Config) { c.Leeway = 30 * time.Second })
		d.requireNever(t, d.forge(t, nil, members{"exp": now - 1}), caddymgw.ReasonExpired)
		d.requireNever(t, d.forge(t, nil, members{"exp": now}), caddymgw.ReasonExpired)
		d.requireGood(t, d.forge(t, nil, members{"exp": now + 1}))
		lenient.requireGood(t, lenient.forge(t, nil, members{"exp": now - 29}))
		lenient.requireNever(t, lenient.forge(t, nil, members{"exp": now - 30}), caddymgw.ReasonExpired)
		d.requireNever(t, d.forge(t, nil, members{"exp": float64(now) + .5}), caddymgw.ReasonClaims)
	})
	t.Run("E5 one audience of many", func(t *testing.T) {
		for _, aud := range []any{"gw", []string{"gw"}, []string{"x", "gw"}} {
			d.requireGood(t, d.forge(t, nil, members{"aud": aud}))
		}
	})
	t.Run("E9 odd subjects", func(t *testing.T) {
		d.requireNever(t, d.forge(t, nil, members{"sub": ""}), caddymgw.ReasonClaims)
		d.requireNever(t, d.forge(t, nil, members{"sub": strings.Repeat("a", 1<<20)}), caddymgw.ReasonMalformed)
	})
	t.Run("E11 expired and forged is expired", func(t *testing.T) {
		evil := newEC(t, elliptic.P256())
		for _, key := range []any{d.key, evil} {
			d.requireNever(t, forgeBy(t, key, nil, members{"exp": now - 1}), caddymgw.ReasonExpired)
		}
		require.Nil(t, d.judge(t, forgeBy(t, evil, nil, nil), request()).Principal)
	})
}

func TestThreatsF(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	t.Run("F1 an ID token", func(t *testing.T) {
		d.requireNever(t, d.forge(t, members{"typ": "JWT"}, members{"aud": "client", "nonce": absent{}}), caddymgw.ReasonAudience)
		d.requireNever(t, d.forge(t, members{"typ": "JWT"}, members{"nonce": "n"}), caddymgw.ReasonType)
		d.requireNever(t, d.forge(t, members{"typ": "JWT"}, members{"at_hash": "h"}), caddymgw.ReasonType)
	})
	t.Run("F3 an API key, even one of the issuer", func(t *testing.T) {
		d.requireNever(t, d.forge(t, members{"typ": "apikey+jwt"}, nil), caddymgw.ReasonType)
		d.requireNever(t, d.forge(t, nil, members{"iss": "https://gw.test"}), caddymgw.ReasonIssuer)
	})
	t.Run("F5 the same name with another key", func(t *testing.T) {
		newDesk(t, nil).requireNever(t, d.forge(t, nil, nil), caddymgw.ReasonSignature)
	})
	t.Run("F7 other tokens, and tokens that need a proof", func(t *testing.T) {
		d.requireNever(t, d.forge(t, nil, members{"typ": "Refresh"}), caddymgw.ReasonType)
		d.requireNever(t, d.forge(t, members{"typ": "logout+jwt"}, nil), caddymgw.ReasonType)
		d.requireNever(t, d.forge(t, nil, members{"events": members{}}), caddymgw.ReasonType)
		d.requireNever(t, d.forge(t, nil, members{"cnf": members{"jkt": strings.Repeat("A", 43)}}), caddymgw.ReasonClaims)
		d.requireRefused(t, d.forge(t, nil, members{"cnf": members{"x5t#S256": strings.Repeat("A", 43)}}), reasonBinding)
	})
	t.Run("F11 only the signature is remembered", func(t *testing.T) {
		text := d.forge(t, nil, nil)
		d.requireGood(t, text)
		other := newDesk(t, func(c *Config) {
			c.Cache, c.Issuers[0].Keys, c.Issuers[0].Audiences = d.cache, d.keys, []string{"other"}
		})
		other.requireRefused(t, text, caddymgw.ReasonAudience)
		d.requireGood(t, text)
	})
	t.Run("F13 invalid tokens fill nothing", func(t *testing.T) {
		d := newDesk(t, nil)
		good := d.forge(t, nil, nil)
		d.requireGood(t, good)
		at := strings.LastIndexByte(good, '.') + 1
		for i := range 1000 {
			d.requireRefused(t, good[:at]+encode(fmt.Sprintf("%064d", i)), caddymgw.ReasonSignature)
		}
		require.Equal(t, 1, d.cache.Len())
		before := d.keys.asked
		d.requireGood(t, good)
		require.Equal(t, before+1, d.keys.asked)
	})
}
