package bearer

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/token"
)

const idp = "https://idp.test"

var (
	start  = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	scheme = &caddymgw.Scheme{Name: "Login", Type: caddymgw.OAuth2, Place: authorization, Realm: "Petstore"}
)

// keySet is the Keys of a test; it may change at any time.
type keySet struct {
	mu    sync.Mutex
	keys  []token.Key
	err   error
	asked int
}

func (s *keySet) Find(_ context.Context, kid, algorithm string) (found []token.Key, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	for _, k := range s.keys {
		if (kid == "" || k.ID == kid) && k.Check(algorithm) == nil {
			found = append(found, k)
		}
	}
	return found, s.err
}

func (s *keySet) set(err error, keys ...token.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.err = keys, err
}

// always is a Keys that returns all of its keys, fit or not.
type always []token.Key

func (a always) Find(context.Context, string, string) ([]token.Key, error) { return a, nil }

type revocations struct {
	mu    sync.Mutex
	lost  map[string]bool
	asked [][3]string
}

func (r *revocations) revoke(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost[id] = true
}

func (r *revocations) Standing(issuer, id, subject string, _, _ time.Time) caddymgw.Standing {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, [3]string{issuer, id, subject})
	return caddymgw.Standing{Revoked: r.lost[id]}
}

// desk is a verifier of one issuer, whose key of ES256 is k1, with what it
// stands on.
type desk struct {
	*Verifier
	key     *ecdsa.PrivateKey
	keys    *keySet
	cache   *token.Cache
	revoked *revocations
}

func newDesk(t testing.TB, change func(*Config)) *desk {
	t.Helper()
	d := &desk{key: newEC(t, elliptic.P256()), keys: &keySet{}, cache: token.NewCache(100), revoked: &revocations{lost: map[string]bool{}}}
	d.keys.set(nil, token.Key{ID: "k1", Public: &d.key.PublicKey})
	c := Config{
		Issuers: []Issuer{{Name: idp, Keys: d.keys, Audiences: []string{"gw"}}},
		Cache:   d.cache, Revocations: d.revoked, OwnIssuer: "https://gw.test",
	}
	if change != nil {
		change(&c)
	}
	var err error
	d.Verifier, err = New(c)
	require.NoError(t, err)
	return d
}

// issuerOf changes the one issuer of a desk.
func issuerOf(change func(*Issuer)) func(*Config) {
	return func(c *Config) { change(&c.Issuers[0]) }
}

func newEC(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return key
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// newKey returns a key for an algorithm: the one that signs, and the one that
// verifies.
func newKey(t testing.TB, algorithm string) (private, public any) {
	t.Helper()
	switch algorithm {
	case "ES256", "ES384", "ES512":
		curve := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}[algorithm]
		key := newEC(t, curve)
		return key, &key.PublicKey
	case "EdDSA", "Ed25519":
		public, private, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		return private, public
	case "HS256", "HS384", "HS512":
		secret := make(token.HMACSecret, 64)
		_, _ = rand.Read(secret)
		return secret, secret
	default:
		return rsaKey(), &rsaKey().PublicKey
	}
}

// sign returns the JWS signature of an algorithm; any unknown one is ES256.
func sign(t testing.TB, algorithm string, key any, input string) []byte {
	t.Helper()
	hash := crypto.SHA256
	switch {
	case strings.HasSuffix(algorithm, "384"):
		hash = crypto.SHA384
	case strings.HasSuffix(algorithm, "512"):
		hash = crypto.SHA512
	}
	h := hash.New()
	h.Write([]byte(input))
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, h.Sum(nil))
		require.NoError(t, err)
		size := (key.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	case ed25519.PrivateKey:
		return ed25519.Sign(key, []byte(input))
	case *rsa.PrivateKey:
		var options crypto.SignerOpts = hash
		if strings.HasPrefix(algorithm, "PS") {
			options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
		}
		signature, err := key.Sign(rand.Reader, h.Sum(nil), options)
		require.NoError(t, err)
		return signature
	case token.HMACSecret:
		m := hmac.New(hash.New, key)
		m.Write([]byte(input))
		return m.Sum(nil)
	}
	require.FailNow(t, "no such key", "%T", key)
	return nil
}

// members are put over good ones; absent takes one away.
type members map[string]any

type absent struct{}

// over returns the good members with the changes, as JSON.
func over(t testing.TB, good, changes members) string {
	t.Helper()
	for name, v := range changes {
		if good[name] = v; v == any(absent{}) {
			delete(good, name)
		}
	}
	b, err := json.Marshal(good)
	require.NoError(t, err)
	return string(b)
}

func goodHeader() members { return members{"alg": "ES256", "kid": "k1", "typ": "at+jwt"} }

func goodClaims() members {
	return members{
		"iss": idp, "aud": "gw", "sub": "alice", "client_id": "app", "jti": "j1",
		"iat": start.Unix(), "exp": start.Unix() + 3600, "scope": "read write",
	}
}

// forge signs any header and claims, by default with the desk's own key.
func (d *desk) forge(t testing.TB, header, claims members) string {
	t.Helper()
	return forgeBy(t, d.key, header, claims)
}

func forgeBy(t testing.TB, key any, header, claims members) string {
	t.Helper()
	algorithm, _ := header["alg"].(string)
	return compact(t, algorithm, key, over(t, goodHeader(), header), over(t, goodClaims(), claims))
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func compact(t testing.TB, algorithm string, key any, header, claims string) string {
	t.Helper()
	input := encode(header) + "." + encode(claims)
	return input + "." + encode(string(sign(t, algorithm, key, input)))
}

func request() *caddymgw.Request {
	return &caddymgw.Request{HTTP: &http.Request{Method: http.MethodGet, Header: http.Header{}}, Now: start}
}

func bearerOf(text string) credential.Credential {
	return credential.Credential{Place: authorization, AuthScheme: "bearer", Value: credential.Secret(text)}
}

func (d *desk) judge(t testing.TB, text string, r *caddymgw.Request) caddymgw.Verdict {
	t.Helper()
	return d.Verify(t.Context(), r, &caddymgw.Requirement{Scheme: scheme, Verifier: d}, bearerOf(text))
}

func (d *desk) requireGood(t testing.TB, text string) *caddymgw.Principal {
	t.Helper()
	v := d.judge(t, text, request())
	require.Equal(t, caddymgw.Satisfied, v.Outcome, v.Reason)
	require.Zero(t, v.Fault)
	require.Empty(t, v.Reason)
	return v.Principal
}

func (d *desk) requireRefused(t testing.TB, text string, reason caddymgw.Reason) {
	t.Helper()
	require.Equal(t, caddymgw.RefusedFor(reason), d.judge(t, text, request()))
}

// requireNever is requireRefused twice, and nothing may be remembered.
func (d *desk) requireNever(t testing.TB, text string, reason caddymgw.Reason) {
	t.Helper()
	before := d.cache.Len()
	d.requireRefused(t, text, reason)
	d.requireRefused(t, text, reason)
	require.Equal(t, before, d.cache.Len())
}
