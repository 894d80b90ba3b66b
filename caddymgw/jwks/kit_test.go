package jwks

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/token"
)

var (
	rsaPrivate = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	rsaOther   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecPrivate  = sync.OnceValue(func() *ecdsa.PrivateKey { return newEC(elliptic.P256()) })
	edPrivate  = sync.OnceValue(func() ed25519.PrivateKey { return newEd() })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newEC(curve elliptic.Curve) *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(curve, rand.Reader))
}

func newEd() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return must(key, err)
}

var encode = base64.RawURLEncoding.EncodeToString

type members map[string]any

// jwkOf writes a public key by hand, so that Parse is not held to our own
// writing of it.
func jwkOf(kid string, key crypto.PublicKey) members {
	m := members{"kid": kid}
	switch key := key.(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(key.Bytes())
		half := len(point) / 2
		m["kty"], m["crv"], m["x"], m["y"] = "EC", key.Curve.Params().Name, encode(point[1:half+1]), encode(point[half+1:])
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", encode(key)
	case token.HMACSecret:
		m["kty"], m["k"] = "oct", encode(key)
	}
	return m
}

// with returns a copy with other members; nil takes one away.
func (m members) with(pairs ...any) members {
	c := members{}
	for k, v := range m {
		c[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		if name := pairs[i].(string); pairs[i+1] == nil {
			delete(c, name)
		} else {
			c[name] = pairs[i+1]
		}
	}
	return c
}

func setOf(keys ...any) []byte {
	if keys == nil {
		keys = []any{}
	}
	return must(json.Marshal(map[string]any{"keys": keys}))
}

// ec returns a set of one fresh key for each kid.
func ec(kids ...string) []byte {
	var list []any
	for _, kid := range kids {
		list = append(list, jwkOf(kid, newEC(elliptic.P256()).Public()))
	}
	return setOf(list...)
}

func kidsOf(keys []token.Key) []string {
	ids := []string{}
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids
}

// answering serves what handle says, and counts the requests.
type answering struct {
	*httptest.Server
	requests atomic.Int64
	handle   atomic.Pointer[http.HandlerFunc]
}

func serve(t testing.TB, handle http.HandlerFunc) *answering {
	t.Helper()
	a := &answering{}
	a.handle.Store(&handle)
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.requests.Add(1)
		(*a.handle.Load())(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *answering) with(handle http.HandlerFunc) { a.handle.Store(&handle) }

func body(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// offline is a transport without a network, for bubbles of synctest.
type offline func(*http.Request) (*http.Response, error)

func (f offline) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func response(r *http.Request, content []byte, header ...string) *http.Response {
	w := httptest.NewRecorder()
	for i := 0; i < len(header); i += 2 {
		w.Header().Add(header[i], header[i+1])
	}
	_, _ = w.Write(content)
	answer := w.Result()
	answer.Request = r
	return answer
}

// diary is an Observer that keeps what it was told.
type diary struct {
	mu       sync.Mutex
	fetched  []int
	warnings [][]string
	failed   []error
	store    []error
}

func (d *diary) Fetched(_ string, keys int, warnings []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fetched = append(d.fetched, keys)
	d.warnings = append(d.warnings, warnings)
}

func (d *diary) Failed(_ string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failed = append(d.failed, err)
}

func (d *diary) StoreFailed(_ string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.store = append(d.store, err)
}

func (d *diary) failures() []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]error(nil), d.failed...)
}

func (d *diary) storeFailures() []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]error(nil), d.store...)
}

func (d *diary) fetches() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.fetched)
}

// shelf is a Store in memory.
type shelf struct {
	mu     sync.Mutex
	values map[string][]byte
	err    error
}

func (s *shelf) Load(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	v, ok := s.values[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return v, nil
}

func (s *shelf) Store(_ context.Context, key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.values == nil {
		s.values = map[string][]byte{}
	}
	s.values[key] = value
	return nil
}

func (s *shelf) get(key string) []byte {
	v, _ := s.Load(context.Background(), key)
	return v
}

// hand is a clock that moves when it is told to.
type hand struct{ at atomic.Int64 }

func newHand() *hand {
	h := &hand{}
	h.at.Store(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	return h
}

func (h *hand) now() time.Time          { return time.Unix(0, h.at.Load()) }
func (h *hand) advance(d time.Duration) { h.at.Add(int64(d)) }

func remote(t testing.TB, c Config) *Remote {
	t.Helper()
	if c.Issuer == "" {
		c.Issuer = "https://idp.test"
	}
	r, err := New(c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func opened(t testing.TB, c Config) *Remote {
	t.Helper()
	r := remote(t, c)
	require.NoError(t, r.Open(t.Context()))
	return r
}

// eventually is for what another goroutine does soon.
func eventually(t testing.TB, what func() bool, message string) {
	t.Helper()
	require.Eventually(t, what, 10*time.Second, 2*time.Millisecond, message)
}

func hides(t testing.TB, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		require.NotContains(t, text, secret)
	}
}

var quiet = log.New(io.Discard, "", 0)
