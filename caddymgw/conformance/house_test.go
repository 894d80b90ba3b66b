package conformance

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/basic"
	"github.com/caddymgw/gateway/caddymgw/bearer"
	"github.com/caddymgw/gateway/caddymgw/jwks"
	"github.com/caddymgw/gateway/caddymgw/keyring"
	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/mtls"
	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/caddymgw/token"
)

const (
	gatewayIssuer = "https://gw.test"
	tokenIssuer   = "https://idp.test"
	audience      = "https://api.test"
)

var now = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// house is whom the gateways of a test trust, and who makes credentials.
type house struct {
	keys   *apikey.Authority
	past   *apikey.Authority // of the same keyring, but a day ago
	tokens *bearer.Verifier
	idp    *ecdsa.PrivateKey // signs tokens
	certs  *mtls.Verifier
	guard  *basic.Guard
	states map[flaw]*tls.ConnectionState // by what is wrong with the certificate

	mu    sync.Mutex
	texts map[string]string // of credentials that were made
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{guard: basic.NewGuard(), texts: map[string]string{}}
	ring := newRing(t)
	h.keys = newAuthority(t, ring, clock)
	h.past = newAuthority(t, ring, func() time.Time { return now.Add(-24 * time.Hour) })

	var err error
	h.idp, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	set, err := jwks.NewSet([]token.Key{{ID: "k1", Algorithm: "ES256", Public: &h.idp.PublicKey}})
	require.NoError(t, err)
	h.tokens, err = bearer.New(bearer.Config{
		Issuers:     []bearer.Issuer{{Name: tokenIssuer, Keys: jwks.Static{Set: set}, Audiences: []string{audience}}},
		Revocations: caddymgw.NoRevocations{},
		OwnIssuer:   gatewayIssuer,
	})
	require.NoError(t, err)
	h.certs, err = mtls.New(mtls.Config{Constraints: mtls.Constraints{CommonNames: []string{"partner-*"}}})
	require.NoError(t, err)
	h.states = newStates(t)
	return h
}

func newRing(t testing.TB) *keyring.Ring {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	ring, err := keyring.FromPEM(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), "")
	require.NoError(t, err)
	return ring
}

func newAuthority(t testing.TB, ring *keyring.Ring, now func() time.Time) *apikey.Authority {
	t.Helper()
	a, err := apikey.New(apikey.Config{
		Issuer: gatewayIssuer, Audience: audience, Validity: time.Hour,
		Now: now, Rand: rand.Reader,
	})
	require.NoError(t, err)
	a.Open(apikey.Resources{
		Ring: ring, Cache: token.NewCache(0), Ledger: ledger.Memory(ledger.Options{Now: now}), Revocations: caddymgw.NoRevocations{},
	})
	return a
}

// newStates makes what handshakes find out about the certificates of clients.
func newStates(t testing.TB) map[flaw]*tls.ConnectionState {
	t.Helper()
	valid := func(from, to time.Duration) mtlstest.Edit {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(from), now.Add(to) }
	}
	ca := mtlstest.NewAuthority(t, "Partners", valid(-time.Hour*9999, time.Hour*9999))
	state := func(name string, from, to time.Duration) *tls.ConnectionState {
		leaf := ca.Issue(t, name, valid(from, to)).Leaf
		return &tls.ConnectionState{
			PeerCertificates: []*x509.Certificate{leaf},
			VerifiedChains:   [][]*x509.Certificate{{leaf, ca.Cert}},
		}
	}
	unknown := mtlstest.SelfSigned(t, certificateName, valid(-time.Hour, time.Hour)).Leaf
	return map[flaw]*tls.ConnectionState{
		none:      state(certificateName, -time.Hour, time.Hour),
		expired:   state(certificateName, -2*time.Hour, -time.Hour),
		elsewhere: state("stranger", -time.Hour, time.Hour),
		forged:    {PeerCertificates: []*x509.Certificate{unknown}}, // presented, and no chain was built
	}
}

// site is one document, served with the verifiers of a house.
type site struct {
	*house
	doc       *openapi.Document
	gateway   *caddymgw.Gateway
	border    *caddymgw.Border
	passwords map[string]user // by their rights
}

type user struct{ name, password string }

// open binds the document, by the types of its schemes, to the verifiers. What
// none of them verifies stays closed. The lists are rights of users that there
// shall be, besides those that the document asks for.
func (h *house) open(t testing.TB, doc *openapi.Document, users ...[]string) *site {
	t.Helper()
	s := &site{house: h, doc: doc, gateway: &caddymgw.Gateway{Router: doc, Now: clock}, passwords: map[string]user{}}
	var accounts []basic.User
	known := comparer{}
	for _, rights := range append(users, passwordRights(doc)...) {
		name := listOf(rights)
		if _, ok := s.passwords[name]; ok {
			continue
		}
		u := user{fmt.Sprintf("user%d", len(accounts)), fmt.Sprintf("correct horse %d", len(accounts))}
		hash := fmt.Sprintf("$argon2id$v=19$m=65536,t=3,p=4$%s$%s", b64("salt", len(accounts)), b64("digest", len(accounts)))
		known[hash] = u.password
		s.passwords[name] = u
		accounts = append(accounts, basic.User{Name: u.name, Hash: []byte(hash), Scopes: rights})
	}
	passwords, err := basic.New(basic.Config{
		Users:   accounts,
		Compare: func([]byte) (basic.Comparer, error) { return known, nil },
		Guard:   h.guard,
	})
	require.NoError(t, err)
	verifiers := map[kind]caddymgw.Verifier{key: h.keys, bearerToken: h.tokens, password: passwords, certificate: h.certs}
	caddymgw.Bind(doc.API, func(s *caddymgw.Scheme) caddymgw.Verifier { return verifiers[kindOf(s)] })
	s.border = caddymgw.NewBorder(doc.API, nil, nil, false, apikey.LooksLikeKey)
	return s
}

// comparer has passwords by their hashes.
type comparer map[string]string

func (c comparer) Compare(hash, plaintext []byte) (bool, error) {
	password, ok := c[string(hash)]
	return ok && password == string(plaintext), nil
}

func b64(word string, i int) string {
	return base64.RawStdEncoding.EncodeToString(fmt.Appendf(nil, "%-9s%09d", word, i))
}

// passwordRights lists what users must have who are asked for by the document:
// all that an alternative asks, and all but one.
func passwordRights(doc *openapi.Document) [][]string {
	lists := [][]string{nil}
	for _, op := range doc.API.Operations {
		for _, alt := range op.Alternatives {
			for _, c := range carried(op.API, alt) {
				if c.kind != password {
					continue
				}
				lists = append(lists, c.roles)
				for _, right := range c.roles {
					lists = append(lists, without(c.roles, right))
				}
			}
		}
	}
	return lists
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(other string) bool { return other == s })
}

func listOf(rights []string) string { return strings.Join(rights, "\n") }

// memo makes a text once.
func (h *house) memo(t testing.TB, id string, mint func() string) string {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.texts[id] == "" {
		h.texts[id] = mint()
	}
	return h.texts[id]
}

func (h *house) mintKey(t testing.TB, c sent) string {
	t.Helper()
	g := apikey.Grant{Subject: keyName, Scopes: c.roles}
	if c.api.Name != "" && c.api.Version != "" { // else a key can't list it
		g.APIs = []apikey.AllowedAPI{{Name: c.api.Name, Version: c.api.Version}}
	}
	authority := h.keys
	switch c.flaw {
	case expired:
		authority = h.past
	case elsewhere:
		g.APIs = []apikey.AllowedAPI{{Name: c.api.Name + " 2", Version: cmp.Or(c.api.Version, "1")}}
	case outdated:
		g.APIs = []apikey.AllowedAPI{{Name: cmp.Or(c.api.Name, "An API"), Version: c.api.Version + ".1"}}
	}
	issued, err := authority.Mint(t.Context(), g)
	require.NoError(t, err)
	return issued.Token
}

func (h *house) mintToken(t testing.TB, c sent) string {
	t.Helper()
	claims := map[string]any{
		"iss": tokenIssuer, "aud": audience, "sub": tokenName, "client_id": "app", "jti": "j1",
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(),
		"scope": strings.Join(c.scopes, " "), "roles": append([]string{}, c.roles...),
	}
	switch c.flaw {
	case expired:
		claims["exp"] = now.Unix()
	case elsewhere:
		claims["aud"] = audience + "/another"
	}
	text, err := token.Sign(token.Header{Algorithm: "ES256", KeyID: "k1", Type: "at+jwt"}, claims, h.idp)
	require.NoError(t, err)
	return text
}
