package backendjwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/keyring"
	"github.com/caddymgw/gateway/caddymgw/token"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func ring(t *testing.T) *keyring.Ring {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	r, err := keyring.FromPEM(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), "")
	require.NoError(t, err)
	return r
}

var operation = newOperation()

func newOperation() *caddymgw.Operation {
	return &caddymgw.Operation{API: &caddymgw.API{Name: "Pets", Version: "1.0", BasePaths: []string{"/v1"}}, ID: "list"}
}

func decision(p *caddymgw.Principal) caddymgw.Decision {
	d := caddymgw.Decision{Operation: newOperation()}
	if p != nil {
		d.Principals = []*caddymgw.Principal{p}
	}
	return d
}

func open(t *testing.T, c Config) (*Signer, *keyring.Ring) {
	t.Helper()
	c.Rand = rand.Reader
	s, err := New(c)
	require.NoError(t, err)
	r := ring(t)
	s.Open(r)
	return s, r
}

func TestClaims(t *testing.T) {
	t.Parallel()
	s, r := open(t, Config{Issuer: "us", Audience: []string{"backend"}, WSO2: true, Now: func() time.Time { return start }})
	text, err := s.Sign(decision(&caddymgw.Principal{Subject: "alice", Issuer: "idp", Scheme: "oauth", KeyID: "k1", Scopes: []string{"a", "b"}, Claims: map[string]any{"keytype": "SANDBOX"}}))
	require.NoError(t, err)
	parsed, err := token.Parse(text)
	require.NoError(t, err)
	require.NoError(t, parsed.Verify("ES256", r.Active(time.Now()).Signer.Public()))
	require.Equal(t, Type, parsed.Type)
	require.NotEmpty(t, parsed.Claims.ID)
	delete(parsed.Claims.All, "jti")
	require.Equal(t, map[string]any{
		"iss": "us", "sub": "alice", "aud": []any{"backend"}, "iat": token.Number("1893456000"), "exp": token.Number("1893456060"),
		"scheme": "oauth", "operation": "list", "scope": "a b", "key_id": "k1", "original_iss": "idp",
		"api":                               map[string]any{"name": "Pets", "version": "1.0"},
		"http://wso2.org/claims/enduser":    "alice",
		"http://wso2.org/claims/subscriber": "alice",
		"http://wso2.org/claims/apiname":    "Pets",
		"http://wso2.org/claims/apicontext": "/v1",
		"http://wso2.org/claims/version":    "1.0",
		"http://wso2.org/claims/keytype":    "SANDBOX",
	}, parsed.Claims.All)
}

func TestATokenIsUsedAgainForTheSameSubjectAndOperation(t *testing.T) {
	t.Parallel()
	now := start
	s, _ := open(t, Config{Issuer: "us", Now: func() time.Time { return now }})
	d := decision(&caddymgw.Principal{Subject: "alice"})
	first, err := s.Sign(d)
	require.NoError(t, err)
	again, _ := s.Sign(d)
	require.Equal(t, first, again)
	for _, other := range []*caddymgw.Principal{{Subject: "bob"}, {Subject: "alice", Scopes: []string{"a"}}, {Subject: "alice", KeyID: "k"}, {Subject: "alice", Issuer: "i"}, {Subject: "alice", Scheme: "s"}} {
		d2 := d
		d2.Principals = []*caddymgw.Principal{other}
		text, err := s.Sign(d2)
		require.NoError(t, err)
		require.NotEqual(t, first, text)
	}
	elsewhere, _ := s.Sign(decision(&caddymgw.Principal{Subject: "alice"}))
	require.NotEqual(t, first, elsewhere, "another operation")
	now = start.Add(DefaultLife / 2)
	later, _ := s.Sign(d)
	require.NotEqual(t, first, later, "half of its life is over")
	s.Open(ring(t))
	rotated, _ := s.Sign(d)
	require.NotEqual(t, later, rotated, "another key")
}

func TestATokenEndsWithTheCredentialsThatItStandsFor(t *testing.T) {
	t.Parallel()
	now := start
	s, _ := open(t, Config{Issuer: "us", Life: time.Hour, Leeway: 5 * time.Second, Now: func() time.Time { return now }})
	exp := func(principals ...*caddymgw.Principal) int64 {
		d := decision(nil)
		d.Operation = operation
		d.Principals = principals
		text, err := s.Sign(d)
		require.NoError(t, err)
		parsed, err := token.Parse(text)
		require.NoError(t, err)
		return parsed.Claims.Expires.Unix() - start.Unix()
	}
	until := func(seconds int) *caddymgw.Principal {
		return &caddymgw.Principal{Subject: "alice", Expires: start.Add(time.Duration(seconds) * time.Second)}
	}
	require.EqualValues(t, 3600, exp(&caddymgw.Principal{Subject: "alice"}), "one that never ends")
	require.EqualValues(t, 3600, exp(until(7200)))
	require.EqualValues(t, 65, exp(until(60)))
	require.EqualValues(t, 35, exp(until(30)), "another credential of the same subject")
	require.EqualValues(t, 45, exp(until(7200), until(40)), "the first to end of several")
	now = start.Add(64 * time.Second)
	require.EqualValues(t, 65, exp(until(60)), "within the leeway")
	now = start.Add(80 * time.Second)
	require.EqualValues(t, 80, exp(until(60)), "never before now")
}

func TestNobodyAndNotReady(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Issuer: "us", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	text, err := s.Sign(decision(nil))
	require.NoError(t, err)
	require.Empty(t, text)
	_, err = s.Sign(decision(&caddymgw.Principal{Subject: "alice"}))
	require.ErrorIs(t, err, ErrNotReady)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := Config{Issuer: "us", Now: time.Now, Rand: rand.Reader}
	for name, change := range map[string]func(*Config){
		"no issuer":   func(c *Config) { c.Issuer = "" },
		"no clock":    func(c *Config) { c.Now = nil },
		"no chance":   func(c *Config) { c.Rand = nil },
		"a short one": func(c *Config) { c.Life = time.Millisecond },
		"a long one":  func(c *Config) { c.Life = 2 * time.Hour },
	} {
		c := good
		change(&c)
		_, err := New(c)
		require.Error(t, err, name)
	}
}
