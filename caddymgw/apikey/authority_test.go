package apikey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/keyring"
	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/token"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

type revocations struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (r *revocations) revoke(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[id] = true
}

func (r *revocations) Standing(_, id, _ string, _, _ time.Time) caddymgw.Standing {
	r.mu.Lock()
	defer r.mu.Unlock()
	return caddymgw.Standing{Revoked: r.ids[id]}
}

// desk is an open authority with what it stands on.
type desk struct {
	*Authority
	signer  crypto.Signer
	ring    *keyring.Ring
	cache   *token.Cache
	revoked *revocations
	ledger  ledger.Ledger
}

func newDesk(t testing.TB, change func(*Config)) *desk {
	t.Helper()
	d := &desk{signer: newSigner(t, "ES256"), cache: token.NewCache(100), revoked: &revocations{ids: map[string]bool{}}}
	now := func() time.Time { return start }
	d.ledger = ledger.Memory(ledger.Options{Now: now})
	c := Config{
		Issuer: "https://gw.test", Audience: "gw", Validity: 24 * time.Hour, Overlap: time.Hour, Now: now, Rand: rand.Reader,
	}
	if change != nil {
		change(&c)
	}
	var err error
	d.Authority, err = New(c)
	require.NoError(t, err)
	d.ring = newRing(t, d.signer, "")
	d.open()
	return d
}

func (d *desk) open() {
	d.Open(Resources{Ring: d.ring, Cache: d.cache, Ledger: d.ledger, Revocations: d.revoked})
}

func newSigner(t testing.TB, algorithm string) (key crypto.Signer) {
	t.Helper()
	var err error
	switch algorithm {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "EdDSA":
		_, key, err = generateEd25519()
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	require.NoError(t, err)
	return key
}

func generateEd25519() (crypto.PublicKey, crypto.Signer, error) {
	return ed25519.GenerateKey(rand.Reader)
}

func newRing(t testing.TB, key crypto.Signer, algorithm string) *keyring.Ring {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	ring, err := keyring.FromPEM(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), algorithm)
	require.NoError(t, err)
	return ring
}

func (d *desk) mint(t testing.TB, g Grant) Issued {
	t.Helper()
	if g.Subject == "" {
		g.Subject = "alice"
	}
	issued, err := d.Mint(t.Context(), g)
	require.NoError(t, err)
	return issued
}

var (
	place  = credential.Place{In: credential.Header, Name: "X-Api-Key"}
	scheme = &caddymgw.Scheme{Name: "Key", Type: caddymgw.APIKey, Param: "X-API-Key", Place: place, Realm: "Petstore"}
)

// request is one of a client at 192.0.2.1 for Petstore 1.0, GET /pets/{id}.
func request() *caddymgw.Request {
	return &caddymgw.Request{
		HTTP:      &http.Request{Method: http.MethodGet, Header: http.Header{}},
		Client:    netip.MustParseAddr("192.0.2.1"),
		Operation: &caddymgw.Operation{API: &caddymgw.API{Name: "Petstore", Version: "1.0"}, ID: "getPet"},
		Now:       start,
	}
}

func (d *desk) judge(t testing.TB, text string, r *caddymgw.Request) caddymgw.Verdict {
	t.Helper()
	return d.Verify(t.Context(), r, &caddymgw.Requirement{Scheme: scheme, Verifier: d}, credential.Credential{Place: place, Value: credential.Secret(text)})
}

func (d *desk) requireGood(t testing.TB, text string) {
	t.Helper()
	v := d.judge(t, text, request())
	require.Equal(t, caddymgw.Satisfied, v.Outcome, v.Reason)
}

func (d *desk) requireRefused(t testing.TB, text string, reason caddymgw.Reason) {
	t.Helper()
	require.Equal(t, caddymgw.RefusedFor(reason), d.judge(t, text, request()))
}

// members are put over good ones; absent takes one away.
type members map[string]any

type absent struct{}

// forge signs any header and claims with the desk's own key of ES256, unless
// another signature is given.
func (d *desk) forge(t testing.TB, header, claims members, sign func(input string) []byte) string {
	t.Helper()
	h := members{"alg": "ES256", "kid": d.ring.Active(start).ID, "typ": Type}
	c := members{
		"iss": "https://gw.test", "aud": "gw", "sub": "alice", "jti": "j1", "iat": start.Unix(), "exp": start.Unix() + 3600,
		"keytype": "PRODUCTION", "allowedAPIs": []any{},
	}
	input := encode(t, h, header) + "." + encode(t, c, claims)
	if sign == nil {
		sign = es256(t, d.signer)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(sign(input))
}

func encode(t testing.TB, good, changes members) string {
	t.Helper()
	for name, v := range changes {
		if good[name] = v; v == (absent{}) {
			delete(good, name)
		}
	}
	b, err := json.Marshal(good)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(b)
}

func es256(t testing.TB, key crypto.Signer) func(string) []byte {
	return func(input string) []byte {
		digest := sha256.Sum256([]byte(input))
		r, s, err := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), digest[:])
		require.NoError(t, err)
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
}

// twin replaces s of an ES256 signature by n-s, which verifies as well.
func twin(t testing.TB, text string) string {
	t.Helper()
	at := strings.LastIndexByte(text, '.') + 1
	signature, err := base64.RawURLEncoding.DecodeString(text[at:])
	require.NoError(t, err)
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(signature[32:])
	return text[:at] + base64.RawURLEncoding.EncodeToString(signature)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := Config{
		Issuer: "i", Now: time.Now, Rand: rand.Reader,
	}
	_, err := New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*Config){
		"no issuer":         func(c *Config) { c.Issuer = "" },
		"no clock":          func(c *Config) { c.Now = nil },
		"no randomness":     func(c *Config) { c.Rand = nil },
		"negative validity": func(c *Config) { c.Validity = -1 },
		"negative leeway":   func(c *Config) { c.Leeway = -1 },
		"negative overlap":  func(c *Config) { c.Overlap = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good
			change(&c)
			_, err := New(c)
			require.Error(t, err)
		})
	}
}

func TestBeforeOpenNothingIsIssuedOrJudged(t *testing.T) {
	t.Parallel()
	issued := newDesk(t, nil).mint(t, Grant{})
	a, err := New(newDesk(t, nil).config)
	require.NoError(t, err)
	d := &desk{Authority: a}
	_, err = d.Mint(t.Context(), Grant{Subject: "alice"})
	require.ErrorIs(t, err, ErrNotReady)
	v := d.judge(t, issued.Token, request())
	require.Equal(t, caddymgw.Unavailable, v.Outcome)
	require.Equal(t, caddymgw.ReasonNotReady, v.Reason)
	require.Equal(t, http.StatusServiceUnavailable, v.Fault.Status())
	require.Nil(t, v.Principal)
}
