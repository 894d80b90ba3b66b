package modules_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

// twoSites are mtls.test, which wants a certificate of CA1, and open.test and
// localhost, which want none, on one port.
var twoSites = vaultGlobal + vaultAt("mtls.test", required) + vaultAt("open.test", "") + vaultAt("localhost", "")

// startSites waits until every host has its certificate.
func startSites(t testing.TB, caddyfile string, files map[string]string, hosts ...string) *harness.Gateway {
	t.Helper()
	g := harness.Start(t, caddyfile, files)
	for _, host := range hosts {
		require.Eventually(t, func() bool {
			c, err := tls.Dial("tcp", "127.0.0.1:"+g.HTTPS, &tls.Config{InsecureSkipVerify: true, ServerName: host, MaxVersion: tls.VersionTLS13})
			if err == nil {
				_ = c.Close() // TLS 1.3 tells of the missing certificate later
			}
			return err == nil
		}, 20*time.Second, 20*time.Millisecond, host)
	}
	return g
}

// TestAuthoritiesThatCannotBeRead (THREATS K3): nothing loads, the old gateway
// serves on, and the authorities of the system never take their place.
func TestAuthoritiesThatCannotBeRead(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA1")
	files := vaultFiles(ca)
	files["empty.pem"], files["nonsense.pem"] = "", "nonsense"
	files["key.pem"] = ecKey
	files["broken.pem"] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	g := harness.Start(t, vaultGlobal+vaultAt("localhost", ifGiven), files)
	good := ca.Issue(t, "partner-1")
	for file, want := range map[string]string{
		"none.pem": "no such file", "empty.pem": "has a trust_pool without a certificate in it", "nonsense.pem": "has a trust_pool without a certificate in it",
		"key.pem": "has a trust_pool without a certificate in it", "broken.pem": "parsing certificate", ".": "is a directory",
	} {
		err := g.Load(vaultGlobal + vaultAt("localhost", strings.Replace(ifGiven, "ca1.pem", file, 1)))
		require.ErrorContains(t, err, want, file)
		require.Equal(t, 200, call{path: "/cert", certificate: &good}.send(t, g, "h2").Status)
	}
	require.FileExists(t, filepath.Join(g.Dir, "ca1.pem"))
}

// TestOneNameToTLSAndAnotherInTheRequest (THREATS K5, K13): a connection that
// was opened for another host, or for none, does not reach the one that wants a
// certificate; whatever the version of HTTP and the shape of the handshake.
func TestOneNameToTLSAndAnotherInTheRequest(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA1")
	wild := vaultAt("*.wild.test", required) + vaultAt("free.wild.test", "")
	g := startSites(t, twoSites+wild, vaultFiles(ca), "mtls.test", "open.test", "a.wild.test", "free.wild.test")
	good := ca.Issue(t, "partner-1")
	for name, tc := range map[string]struct {
		sni, host   string
		certificate *tls.Certificate
		status      []int
	}{
		"K5 open, then mtls":                  {"open.test", "mtls.test", nil, []int{421}},
		"K5 with a certificate too":           {"open.test", "mtls.test", &good, []int{421}},
		"K5 open, then mtls in capitals":      {"open.test", "MTLS.test", nil, []int{421}},
		"K5 open, then mtls with a dot":       {"open.test", "mtls.test.", nil, []int{421}},
		"K5 open, then mtls with a port":      {"open.test", "mtls.test:443", nil, []int{421}},
		"K5 no name, then mtls":               {"none", "mtls.test", nil, []int{421, 0}},
		"K5 an address, then mtls":            {"127.0.0.1", "mtls.test", nil, []int{421, 0}},
		"K5 unknown, then mtls":               {"nobody.test", "mtls.test", nil, []int{421, 0}},
		"K5 mtls, then open":                  {"mtls.test", "open.test", &good, []int{421}},
		"K13 mtls in capitals":                {"MTLS.Test", "mtls.test", nil, []int{0}},
		"K13 mtls with a dot":                 {"mtls.test.", "mtls.test", nil, []int{0, 421}},
		"K13 a name under the wildcard":       {"a.wild.test", "a.wild.test", nil, []int{0}},
		"K13 the same in capitals":            {"A.WILD.test", "a.wild.test", nil, []int{0}},
		"K13 the wildcard itself":             {"*.wild.test", "a.wild.test", nil, []int{0, 421}},
		"K13 free of it, then under it":       {"free.wild.test", "a.wild.test", nil, []int{421}},
		"K13 free of it":                      {"free.wild.test", "free.wild.test", nil, []int{401}},
		"K13 free of it, though it has one":   {"free.wild.test", "free.wild.test", &good, []int{401}},
		"open.test verifies no certificate":   {"open.test", "open.test", &good, []int{401}},
		"mtls.test, as it is meant":           {"mtls.test", "mtls.test", &good, []int{200}},
		"mtls.test, in capitals":              {"MTLS.test", "mtls.TEST", &good, []int{200}},
		"a name under the wildcard, as meant": {"a.wild.test", "a.wild.test", &good, []int{200}},
	} {
		for _, version := range append(slices.Clone(versions), "h1 in fragments", "h2 in fragments", "h1 TLS 1.2", "h2 TLS 1.2") {
			t.Run(version+" "+name, func(t *testing.T) {
				version, how, _ := strings.Cut(version, " ")
				c := call{sni: tc.sni, host: tc.host, path: "/cert", certificate: tc.certificate}
				switch how {
				case "in fragments":
					c.dial = dialInFragments
				case "TLS 1.2":
					c.maxVersion = tls.VersionTLS12
				}
				g.Upstream.Take()
				status := c.send(t, g, version).Status
				require.Contains(t, tc.status, status)
				if status != 200 {
					require.Empty(t, g.Upstream.Take())
				}
			})
		}
	}
}

// fragments writes the first record, the ClientHello, as many small ones.
type fragments struct {
	net.Conn
	once sync.Once
}

func dialInFragments(address string) (net.Conn, error) {
	c, err := net.Dial("tcp", address)
	return &fragments{Conn: c}, err
}

func (f *fragments) Write(p []byte) (n int, err error) {
	first := false
	f.once.Do(func() { first = true })
	if !first || len(p) < 6 {
		return f.Conn.Write(p)
	}
	length := 5 + int(p[3])<<8 + int(p[4])
	for rest := p[5:length]; len(rest) > 0 && err == nil; {
		size := min(40, len(rest))
		_, err = f.Conn.Write(append([]byte{p[0], p[1], p[2], 0, byte(size)}, rest[:size]...))
		rest = rest[size:]
	}
	if err == nil && length < len(p) {
		_, err = f.Conn.Write(p[length:])
	}
	return len(p), err
}

// TestEachOperationDecidesForItself (THREATS K7).
func TestEachOperationDecidesForItself(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA1")
	g := harness.Start(t, vaultGlobal+vaultAt("localhost", ifGiven), vaultFiles(ca))
	good := ca.Issue(t, "partner-1")
	for _, version := range versions {
		require.Equal(t, 401, call{path: "/cert"}.send(t, g, version).Status)
		require.Equal(t, 401, call{path: "/login", certificate: &good}.send(t, g, version).Status)
		require.Empty(t, g.Upstream.Take())
		require.Equal(t, 200, call{path: "/cert", certificate: &good}.send(t, g, version).Status)
		require.Equal(t, 200, call{path: "/login", certificate: &good, headers: []string{bob}}.send(t, g, version).Status)
		require.Equal(t, 200, call{path: "/login", headers: []string{bob}}.send(t, g, version).Status)
		require.Len(t, g.Upstream.Take(), 3)
	}
}

// certificateHeaders are those in which proxies send certificates.
var certificateHeaders = []string{
	"X-Forwarded-Client-Cert", "X-SSL-Cert", "X-SSL-Client-Cert", "X-Client-Cert", "SSL-Client-Cert",
}

// TestACertificateIsPublic (THREATS K9, I20): to know one, or its fingerprint,
// opens nothing.
func TestACertificateIsPublic(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA1")
	good, mallory := ca.Issue(t, "partner-1"), ca.Issue(t, "mallory")
	site := strings.Replace(vaultAt("localhost", ifGiven), "common_name partner-* *.partner.example", "fingerprints sha256:"+fingerprint(good), 1)
	g := harness.Start(t, vaultGlobal+site, vaultFiles(ca))
	encoded := base64.StdEncoding.EncodeToString(good.Leaf.Raw)
	for _, version := range versions {
		g.Upstream.Take()
		for _, name := range certificateHeaders {
			for _, value := range []string{encoded, ":" + encoded + ":", url.QueryEscape(mtlstest.PEM(good.Leaf)), fingerprint(good)} {
				for _, as := range []*tls.Certificate{nil, &mallory} {
					c := call{path: "/cert", certificate: as, headers: []string{name + ": " + value, "X-Client-Fingerprint: " + fingerprint(good)}}
					require.Equal(t, 401, c.send(t, g, version).Status, name)
					require.Empty(t, g.Upstream.Take())
				}
			}
			c := call{path: "/public", headers: []string{name + ": " + encoded}}
			require.Equal(t, 200, c.send(t, g, version).Status)
			require.NotContains(t, g.Upstream.Take()[0], encoded, name)
		}
		require.Equal(t, 200, call{path: "/cert", certificate: &good}.send(t, g, version).Status)
	}
}

// oneSession gives whatever session it has for every host.
type oneSession struct{ session *tls.ClientSessionState }

func (o *oneSession) Get(string) (*tls.ClientSessionState, bool) { return o.session, o.session != nil }

func (o *oneSession) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		o.session = s
	}
}

// TestNoSessionStandsForACertificate (THREATS K11): a ticket of another host, of
// another authority, or of one that is gone, leads to a full handshake.
func TestNoSessionStandsForACertificate(t *testing.T) {
	ca1, ca2 := mtlstest.NewAuthority(t, "CA1"), mtlstest.NewAuthority(t, "CA2")
	second := vaultAt("second.test", strings.Replace(required, "ca1", "ca2", 1))
	g := startSites(t, twoSites+second, vaultFiles(ca1, ca2), "mtls.test", "open.test", "second.test")
	good := ca1.Issue(t, "partner-1")
	for _, maxVersion := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, version := range []string{"h1", "h2"} {
			open, one := &oneSession{}, &oneSession{}
			require.Equal(t, 200, call{sni: "open.test", host: "open.test", path: "/public", sessions: open, maxVersion: maxVersion}.send(t, g, version).Status)
			require.NotNil(t, open.session, "open.test gives tickets")
			require.Equal(t, 200, call{sni: "mtls.test", host: "mtls.test", path: "/cert", certificate: &good, sessions: one, maxVersion: maxVersion}.send(t, g, version).Status)
			require.Nil(t, one.session, "mtls.test gives none")
			g.Upstream.Take()
			require.Equal(t, 0, call{sni: "mtls.test", host: "mtls.test", path: "/cert", sessions: open, maxVersion: maxVersion}.send(t, g, version).Status)
			require.Equal(t, 0, call{sni: "second.test", host: "second.test", path: "/cert", certificate: &good, sessions: open, maxVersion: maxVersion}.send(t, g, version).Status)
			require.Equal(t, 421, call{sni: "open.test", host: "mtls.test", path: "/cert", sessions: open, maxVersion: maxVersion}.send(t, g, version).Status)
			require.Empty(t, g.Upstream.Take())
		}
	}
}

// TestHandshakesAreBounded (THREATS K15).
func TestHandshakesAreBounded(t *testing.T) {
	root := mtlstest.NewAuthority(t, "CA1")
	g := harness.Start(t, vaultGlobal+vaultAt("localhost", ifGiven), vaultFiles(root))
	long := root
	for i := range 9 {
		long = long.Under(t, fmt.Sprint("Below ", i))
	}
	manyNames := func(c *x509.Certificate) {
		for i := range 1000 {
			c.DNSNames = append(c.DNSNames, fmt.Sprintf("a%d.partner.example", i))
		}
	}
	constrained := root.Under(t, "Constrained", func(c *x509.Certificate) {
		for i := range 1000 {
			c.ExcludedDNSDomains = append(c.ExcludedDNSDomains, fmt.Sprintf("x%d.example", i))
		}
	})
	for name, certificate := range map[string]tls.Certificate{
		"a chain of ten":      long.Issue(t, "partner-1"),
		"a thousand names":    root.Issue(t, "partner-1", manyNames),
		"times a thousand":    constrained.Issue(t, "partner-1", manyNames),
		"a key of 16 Kibit":   withHugeRSA(t, root),
		"a hundred strangers": withStrangers(t, root),
	} {
		for _, version := range versions {
			start := time.Now()
			status := call{path: "/cert", certificate: &certificate}.send(t, g, version).Status
			require.Contains(t, []int{0, 200}, status, name)
			require.Less(t, time.Since(start), 5*time.Second, "%s by %s", name, version)
		}
	}
}

// withStrangers sends a hundred authorities along that all bear one name and
// sign one another.
func withStrangers(t testing.TB, root *mtlstest.Authority) tls.Certificate {
	t.Helper()
	stranger := mtlstest.NewAuthority(t, "Stranger")
	c := stranger.Issue(t, "partner-1")
	for range 100 {
		stranger = stranger.Under(t, "Stranger")
		c.Certificate = append(c.Certificate, stranger.Cert.Raw)
	}
	c.Certificate = append(c.Certificate, root.Cert.Raw)
	return c
}

// fingerprint is the SHA-256 of a certificate in base64.
func fingerprint(c tls.Certificate) string {
	digest := crypto.SHA256.New()
	digest.Write(c.Leaf.Raw)
	return base64.StdEncoding.EncodeToString(digest.Sum(nil))
}
