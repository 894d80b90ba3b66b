package bearer

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

func newCertificate(t testing.TB, d *desk, serial int64) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, d.key.Public(), d.key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return certificate
}

func thumbprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return encode(string(sum[:]))
}

func TestATokenBoundToACertificateIsOnlyItsOwners(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	mine, other := newCertificate(t, d, 1), newCertificate(t, d, 2)
	text := d.forge(t, nil, members{"cnf": members{"x5t#S256": thumbprint(mine)}})
	for name, tc := range map[string]struct {
		state *tls.ConnectionState
		good  bool
	}{
		"its owner":                  {&tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{mine, other}}}, true},
		"by the first of two chains": {&tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{mine}, {other}}}, true},
		"no TLS":                     {nil, false},
		"no certificate":             {&tls.ConnectionState{}, false},
		"an empty chain":             {&tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{}}}, false},
		"another certificate":        {&tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{other}}}, false},
		"as somebody's issuer":       {&tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{other, mine}}}, false},
		"not verified":               {&tls.ConnectionState{PeerCertificates: []*x509.Certificate{mine}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request()
			r.HTTP.TLS = tc.state
			for range 2 { // the signature is remembered, the confirmation is not
				v := d.judge(t, text, r)
				if tc.good {
					require.Equal(t, caddymgw.Satisfied, v.Outcome)
				} else {
					require.Equal(t, caddymgw.RefusedFor(reasonBinding), v)
				}
			}
		})
	}
	r := request()
	r.HTTP.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{mine}}}
	require.Equal(t, caddymgw.Satisfied, d.judge(t, d.forge(t, nil, nil), r).Outcome, "a token that is bound to nothing")
}

func TestOtherConfirmationsAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	mine := newCertificate(t, d, 1)
	good := thumbprint(mine)
	r := request()
	r.HTTP.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{mine}}}
	for name, cnf := range map[string]any{
		"nothing":                    nil,
		"an empty object":            members{},
		"a string":                   good,
		"a list":                     []string{good},
		"a key of DPoP":              members{"jkt": good},
		"a key of DPoP besides":      members{"x5t#S256": good, "jkt": good},
		"something unknown besides":  members{"x5t#S256": good, "": nil},
		"a JWK":                      members{"jwk": members{"kty": "EC"}},
		"a kid":                      members{"kid": "k1"},
		"another hash":               members{"x5t": good},
		"the name in small letters":  members{"x5t#s256": good},
		"an empty thumbprint":        members{"x5t#S256": ""},
		"a thumbprint that is null":  members{"x5t#S256": nil},
		"a padded one":               members{"x5t#S256": good + "="},
		"one that is cut":            members{"x5t#S256": good[:42]},
		"one with a line end":        members{"x5t#S256": good[:42] + "\n"},
		"one with a line end within": members{"x5t#S256": good[:20] + "\n" + good[20:]},
		"not base64url":              members{"x5t#S256": strings.Repeat("+", 43)},
		"hexadecimal":                members{"x5t#S256": strings.Repeat("ab", 32)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonClaims), d.judge(t, d.forge(t, nil, members{"cnf": cnf}), r))
		})
	}
	_, ok := token.ReadConfirmation(map[string]any{"cnf": map[string]any{"x5t#S256": strings.Repeat("A", 40) + "\r\n\n"}})
	require.False(t, ok, "base64 skips line ends")
	last := strings.IndexByte(alphabet, good[42])
	for i := 1; i < 4; i++ { // two bits of the last character are unused
		text := d.forge(t, nil, members{"cnf": members{"x5t#S256": good[:42] + alphabet[last+i:last+i+1]}})
		require.Equal(t, caddymgw.RefusedFor(caddymgw.ReasonClaims), d.judge(t, text, r))
	}
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
