package mtls_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/mtls"
	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
)

var scheme = &caddymgw.Scheme{Name: "certificate", Type: caddymgw.MutualTLS}

func newVerifier(t testing.TB, c mtls.Config) *mtls.Verifier {
	t.Helper()
	v, err := mtls.New(c)
	require.NoError(t, err)
	return v
}

func verify(v *mtls.Verifier, state *tls.ConnectionState, now time.Time, headers ...string) caddymgw.Verdict {
	r := &http.Request{TLS: state, Header: http.Header{}}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return v.Verify(context.Background(), &caddymgw.Request{HTTP: r, Now: now}, &caddymgw.Requirement{Scheme: scheme}, credential.Credential{})
}

// outcome is "" for a certificate that is accepted, else why not.
func outcome(t testing.TB, verdict caddymgw.Verdict) string {
	t.Helper()
	switch verdict.Outcome {
	case caddymgw.Satisfied:
		require.NotEmpty(t, verdict.Principal.Subject)
		return ""
	case caddymgw.Absent:
		require.Nil(t, verdict.Principal)
		return "absent"
	}
	require.Equal(t, caddymgw.Refused, verdict.Outcome)
	require.Equal(t, fault.InvalidCredentials, verdict.Fault)
	require.Nil(t, verdict.Principal)
	return string(verdict.Reason)
}

const notAccepted = "certificate_not_accepted"

func parseURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}

func TestWhoIsAccepted(t *testing.T) {
	t.Parallel()
	root := mtlstest.NewAuthority(t, "Root")
	partners := root.Under(t, "Partners", func(c *x509.Certificate) { c.Subject.Country = []string{"CH"} })
	other := root.Under(t, "Other")
	sum := func(b []byte) string { s := sha256.Sum256(b); return "sha256:" + hex.EncodeToString(s[:]) }

	san := partners.Issue(t, "partner-1", func(c *x509.Certificate) {
		c.DNSNames = []string{"API.Partner.example", "*.wild.example"}
		c.EmailAddresses = []string{"Bob@Partner.example"}
		c.IPAddresses = []net.IP{net.ParseIP("10.1.2.3"), net.ParseIP("2001:db8::7")}
		c.URIs = []*url.URL{parseURL(t, "spiffe://td.example/ns/a/sa/b")}
	})
	twoNames := partners.Issue(t, "", func(c *x509.Certificate) {
		c.Subject = pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "mallory"}, {Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "partner-1"}}}
	})
	spiffe := func(uris ...string) tls.Certificate {
		return partners.Issue(t, "partner-1", func(c *x509.Certificate) {
			for _, u := range uris {
				c.URIs = append(c.URIs, parseURL(t, u))
			}
		})
	}
	selfSigned := mtlstest.NewAuthority(t, "self")
	weakKey := partners.IssueFor(t, mtlstest.NewRSA(t, 1024), "partner-1")
	strongKey := partners.IssueFor(t, mtlstest.NewRSA(t, 2048), "partner-1")
	plain := partners.Issue(t, "partner-1")
	pool := mtlstest.Pool(root, selfSigned)
	type rules = mtls.Constraints
	for name, tc := range map[string]struct {
		certificate tls.Certificate
		rules       rules
		accepted    bool
	}{
		"every verified certificate, where nothing is asked": {plain, rules{}, true},
		"a common name":                            {plain, rules{CommonNames: []string{"x", "partner-1"}}, true},
		"its beginning":                            {plain, rules{CommonNames: []string{"partner-*"}}, true},
		"its end":                                  {plain, rules{CommonNames: []string{"*-1"}}, true},
		"the whole of it before a *":               {plain, rules{CommonNames: []string{"partner-1*"}}, true},
		"another":                                  {plain, rules{CommonNames: []string{"partner-2", "partner", "partner-*0"[:8]}}, false},
		"case counts":                              {plain, rules{CommonNames: []string{"Partner-1", "PARTNER-*"}}, false},
		"no common name at all":                    {partners.Issue(t, ""), rules{CommonNames: []string{"partner-*"}}, false},
		"two common names are none":                {twoNames, rules{CommonNames: []string{"partner-1"}}, false},
		"the first of two neither":                 {twoNames, rules{CommonNames: []string{"mallory"}}, false},
		"a DNS name, whatever its case":            {san, rules{SANs: []string{"api.partner.EXAMPLE"}}, true},
		"the end of a DNS name":                    {san, rules{SANs: []string{"*.partner.example"}}, true},
		"a wildcard of a certificate is no match":  {san, rules{SANs: []string{"host.wild.example"}}, false},
		"another DNS name":                         {san, rules{SANs: []string{"partner.example", "*.evil.example"}}, false},
		"an address of mail":                       {san, rules{SANs: []string{"Bob@partner.EXAMPLE"}}, true},
		"its local part has a case":                {san, rules{SANs: []string{"bob@partner.example"}}, false},
		"the domain of mail":                       {san, rules{SANs: []string{"*@partner.example"}}, true},
		"a glob of DNS names matches no mail":      {partners.Issue(t, "x", func(c *x509.Certificate) { c.EmailAddresses = []string{"a@b.evil.example"} }), rules{SANs: []string{"*.evil.example"}}, false},
		"nor a URI":                                {partners.Issue(t, "x", func(c *x509.Certificate) { c.URIs = []*url.URL{parseURL(t, "https://x/.evil.example")} }), rules{SANs: []string{"*.evil.example"}}, false},
		"a glob of mail matches no URI":            {partners.Issue(t, "x", func(c *x509.Certificate) { c.URIs = []*url.URL{parseURL(t, "https://x/@b.example")} }), rules{SANs: []string{"*@b.example"}}, false},
		"an IP address":                            {san, rules{SANs: []string{"10.1.2.3"}}, true},
		"the beginning of an IP address":           {san, rules{SANs: []string{"10.1.*"}}, true},
		"an IP address of version 6":               {san, rules{SANs: []string{"2001:0DB8:0::7"}}, true},
		"the beginning of one":                     {san, rules{SANs: []string{"2001:DB8:*"}}, true},
		"another IP address":                       {san, rules{SANs: []string{"10.1.2.4", "10.2.*"}}, false},
		"a DNS name that looks like an address":    {partners.Issue(t, "x", func(c *x509.Certificate) { c.DNSNames = []string{"10.1.2.3"} }), rules{SANs: []string{"10.1.*"}}, false},
		"a URI":                                    {san, rules{SANs: []string{"spiffe://td.example/ns/a/sa/b"}}, true},
		"the beginning of a URI":                   {san, rules{SANs: []string{"spiffe://td.example/ns/a/*"}}, true},
		"a SPIFFE ID that climbs":                  {spiffe("spiffe://td.example/ns/a/../b/sa/c"), rules{SANs: []string{"spiffe://td.example/ns/a/*"}}, false},
		"one that climbs, encoded":                 {spiffe("spiffe://td.example/ns/a/%2e%2e/b/sa/c"), rules{SANs: []string{"spiffe://td.example/ns/a/*"}}, false},
		"one that stays":                           {spiffe("spiffe://td.example/ns/a/./b"), rules{SANs: []string{"spiffe://td.example/ns/a/*"}}, false},
		"one with a query":                         {spiffe("spiffe://td.example/ns/a/b?c"), rules{SANs: []string{"spiffe://td.example/ns/a/*"}}, false},
		"one of two":                               {spiffe("spiffe://td.example/ns/a/b", "spiffe://td.example/ns/b/c"), rules{SANs: []string{"spiffe://td.example/ns/a/*"}}, false},
		"one beside another URI":                   {spiffe("https://td.example/", "spiffe://td.example/ns/a/b"), rules{SANs: []string{"spiffe://td.example/ns/a/*"}}, false},
		"one of two, to the letter":                {spiffe("spiffe://td.example/ns/a/b", "spiffe://td.example/ns/b/c"), rules{SANs: []string{"spiffe://td.example/ns/a/b"}}, true},
		"two dots in a name are no step":           {spiffe("spiffe://td.example/ns/a/..b"), rules{SANs: []string{"spiffe://td.example/ns/a/*"}}, true},
		"another URI, encoded":                     {spiffe("https://td.example/a/b%20c"), rules{SANs: []string{"https://td.example/a/*"}}, true},
		"another URI":                              {san, rules{SANs: []string{"spiffe://td.example/ns/a", "spiffe://td.example/ns/b/*"}}, false},
		"a common name is no alternative name":     {plain, rules{SANs: []string{"partner-1"}}, false},
		"the name of the issuer":                   {plain, rules{Issuers: []string{"CN=Partners,O=Test,C=CH"}}, true},
		"as Go gives it":                           {plain, rules{Issuers: []string{partners.Cert.Subject.String()}}, true},
		"not of who is above":                      {plain, rules{Issuers: []string{"CN=Root,O=Test"}}, false},
		"another issuer":                           {other.Issue(t, "partner-1"), rules{Issuers: []string{"CN=Partners,O=Test,C=CH"}}, false},
		"the key of the issuer":                    {plain, rules{Issuers: []string{sum(partners.Cert.RawSubjectPublicKeyInfo)}}, true},
		"the key of who is above":                  {plain, rules{Issuers: []string{"spki:" + sum(root.Cert.RawSubjectPublicKeyInfo)}}, true},
		"the key of another":                       {other.Issue(t, "partner-1"), rules{Issuers: []string{sum(partners.Cert.RawSubjectPublicKeyInfo)}}, false},
		"its own key is no issuer's":               {plain, rules{Issuers: []string{sum(plain.Leaf.RawSubjectPublicKeyInfo)}}, false},
		"a certificate is no key":                  {plain, rules{Issuers: []string{sum(partners.Cert.Raw)}}, false},
		"the certificate":                          {plain, rules{Fingerprints: []string{sum(plain.Leaf.Raw)}}, true},
		"its key":                                  {plain, rules{Fingerprints: []string{"spki:" + sum(plain.Leaf.RawSubjectPublicKeyInfo)}}, true},
		"the key of a renewed one":                 {partners.IssueFor(t, plain.PrivateKey.(crypto.Signer), "partner-1"), rules{Fingerprints: []string{"spki:" + sum(plain.Leaf.RawSubjectPublicKeyInfo)}}, true},
		"a renewed one is another certificate":     {partners.IssueFor(t, plain.PrivateKey.(crypto.Signer), "partner-1"), rules{Fingerprints: []string{sum(plain.Leaf.Raw)}}, false},
		"a key is no certificate":                  {plain, rules{Fingerprints: []string{sum(plain.Leaf.RawSubjectPublicKeyInfo), "spki:" + sum(plain.Leaf.Raw)}}, false},
		"the certificate of its issuer":            {plain, rules{Fingerprints: []string{sum(partners.Cert.Raw), "spki:" + sum(partners.Cert.RawSubjectPublicKeyInfo)}}, false},
		"all kinds hold":                           {san, rules{[]string{"partner-1"}, []string{"10.1.2.3"}, []string{"CN=Partners,O=Test,C=CH"}, []string{sum(san.Leaf.Raw)}}, true},
		"all but the name":                         {san, rules{[]string{"partner-2"}, []string{"10.1.2.3"}, []string{"CN=Partners,O=Test,C=CH"}, []string{sum(san.Leaf.Raw)}}, false},
		"all but the alternative name":             {san, rules{[]string{"partner-1"}, []string{"10.1.2.4"}, []string{"CN=Partners,O=Test,C=CH"}, []string{sum(san.Leaf.Raw)}}, false},
		"all but the issuer":                       {san, rules{[]string{"partner-1"}, []string{"10.1.2.3"}, []string{"CN=Others"}, []string{sum(san.Leaf.Raw)}}, false},
		"all but the fingerprint":                  {san, rules{[]string{"partner-1"}, []string{"10.1.2.3"}, []string{"CN=Partners,O=Test,C=CH"}, []string{sum(plain.Leaf.Raw)}}, false},
		"an authority is no client":                {root.TLS(), rules{}, false},
		"nor one below it":                         {tls.Certificate{Certificate: [][]byte{partners.Cert.Raw}}, rules{}, false},
		"nor by its name":                          {root.TLS(), rules{CommonNames: []string{"Root"}}, false},
		"one that signs itself, where it is meant": {selfSigned.TLS(), rules{Fingerprints: []string{sum(selfSigned.Cert.Raw)}}, true},
		"or its key":                               {selfSigned.TLS(), rules{Fingerprints: []string{"spki:" + sum(selfSigned.Cert.RawSubjectPublicKeyInfo)}, CommonNames: []string{"self"}}, true},
		"a short RSA key":                          {weakKey, rules{}, false},
		"even where it is pinned":                  {weakKey, rules{Fingerprints: []string{sum(weakKey.Leaf.Raw)}}, false},
		"an RSA key of usual length":               {strongKey, rules{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVerifier(t, mtls.Config{Constraints: tc.rules})
			state := mtlstest.State(t, pool, tc.certificate)
			for range 2 { // judged, then remembered
				got := outcome(t, verify(v, state, time.Now()))
				require.Equal(t, tc.accepted, got == "", got)
				if !tc.accepted {
					require.Equal(t, notAccepted, got)
				}
			}
		})
	}
}

// TestOnlyWhatTheHandshakeHasVerifiedCounts is the trap of the modes request
// and require, which verify nothing.
func TestOnlyWhatTheHandshakeHasVerifiedCounts(t *testing.T) {
	t.Parallel()
	ca := mtlstest.NewAuthority(t, "CA")
	v := newVerifier(t, mtls.Config{})
	good := mtlstest.State(t, mtlstest.Pool(ca), ca.Issue(t, "a"))
	for name, state := range map[string]*tls.ConnectionState{
		"no TLS":                {},
		"presented only":        {PeerCertificates: good.PeerCertificates},
		"an empty list":         {PeerCertificates: good.PeerCertificates, VerifiedChains: [][]*x509.Certificate{}},
		"an empty chain":        {PeerCertificates: good.PeerCertificates, VerifiedChains: [][]*x509.Certificate{{}}},
		"one chain of two gone": {PeerCertificates: good.PeerCertificates, VerifiedChains: [][]*x509.Certificate{good.VerifiedChains[0], {}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "absent", outcome(t, verify(v, state, time.Now())))
		})
	}
	require.Equal(t, "absent", outcome(t, verify(v, nil, time.Now())))
	require.Empty(t, outcome(t, verify(v, good, time.Now())))
}

func TestAConnectionMayOutliveItsCertificate(t *testing.T) {
	t.Parallel()
	short := func(d time.Duration) mtlstest.Edit {
		return func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Hour + d) }
	}
	root := mtlstest.NewAuthority(t, "Root")
	ca := root.Under(t, "CA", short(20*time.Minute))
	now := time.Now() // the handshake looks at the real clock, and may have to wait
	for name, certificate := range map[string]tls.Certificate{
		"the certificate ends":          root.Issue(t, "a", short(20*time.Minute)),
		"that of its authority ends":    ca.Issue(t, "a"),
		"both, the certificate earlier": ca.Issue(t, "a", short(10*time.Minute)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVerifier(t, mtls.Config{})
			state := mtlstest.State(t, mtlstest.Pool(root), certificate)
			require.Empty(t, outcome(t, verify(v, state, now)))
			require.Equal(t, "expired", outcome(t, verify(v, state, now.Add(time.Hour))))
			require.Empty(t, outcome(t, verify(v, state, now)))
			require.Equal(t, "not_yet_valid", outcome(t, verify(v, state, now.Add(-2*time.Hour))))
		})
	}
}

// TestEachChainIsLookedAt: one certificate may have several, and what is asked
// for may be in one of them only. That one must also be valid.
func TestEachChainIsLookedAt(t *testing.T) {
	t.Parallel()
	one, two := mtlstest.NewAuthority(t, "one"), mtlstest.NewAuthority(t, "two", func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(2 * time.Hour) })
	client := one.Issue(t, "a")
	pin := sha256.Sum256(two.Cert.RawSubjectPublicKeyInfo)
	v := newVerifier(t, mtls.Config{Constraints: mtls.Constraints{Issuers: []string{"sha256:" + hex.EncodeToString(pin[:])}}})
	leaf := client.Leaf
	only := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{leaf, one.Cert}}}
	both := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{leaf, one.Cert}, {leaf, two.Cert}}}
	now := time.Now()
	for range 2 { // the same certificate, by turns: what is remembered is that of its chains
		require.Equal(t, notAccepted, outcome(t, verify(v, only, now)))
		require.Empty(t, outcome(t, verify(v, both, now)))
		require.Equal(t, "expired", outcome(t, verify(v, both, now.Add(3*time.Hour))), "the chain that is accepted")
	}
}

func TestPrincipal(t *testing.T) {
	t.Parallel()
	ca := mtlstest.NewAuthority(t, "CA")
	noName := func(c *x509.Certificate) { c.Subject = pkix.Name{} }
	for name, tc := range map[string]struct {
		certificate tls.Certificate
		subject     string
	}{
		"common name": {ca.Issue(t, "alice", func(c *x509.Certificate) { c.DNSNames = []string{"a.example"} }), "alice"},
		"DNS name": {ca.Issue(t, "", noName, func(c *x509.Certificate) {
			c.DNSNames, c.EmailAddresses = []string{"A.example", "b.example"}, []string{"a@b.example"}
		}), "a.example"},
		"address of mail": {ca.Issue(t, "", noName, func(c *x509.Certificate) {
			c.EmailAddresses, c.IPAddresses = []string{"A@B.example"}, []net.IP{net.ParseIP("192.0.2.1")}
		}), "A@b.example"},
		"IP address": {ca.Issue(t, "", noName, func(c *x509.Certificate) {
			c.IPAddresses, c.URIs = []net.IP{net.ParseIP("192.0.2.1")}, []*url.URL{parseURL(t, "spiffe://td/a")}
		}), "192.0.2.1"},
		"URI":                    {ca.Issue(t, "", noName, func(c *x509.Certificate) { c.URIs = []*url.URL{parseURL(t, "spiffe://td/a")} }), "spiffe://td/a"},
		"the whole subject":      {ca.Issue(t, "", func(c *x509.Certificate) { c.Subject.Organization = []string{"Partner, Ltd"} }), `O=Partner\, Ltd`},
		"two common names, both": {ca.Issue(t, "", func(c *x509.Certificate) { c.RawSubject = twoCommonNames(t) }), "CN=b,CN=a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVerifier(t, mtls.Config{})
			leaf := tc.certificate.Leaf
			sum := sha256.Sum256(leaf.Raw)
			p := verify(v, mtlstest.State(t, mtlstest.Pool(ca), tc.certificate), time.Now()).Principal
			require.Equal(t, &caddymgw.Principal{
				Subject: tc.subject, Issuer: "CN=CA,O=Test", Scheme: "certificate", KeyID: hex.EncodeToString(sum[:]),
				IssuedAt: leaf.NotBefore, Expires: leaf.NotAfter,
			}, p)
		})
	}
	t.Run("nothing at all", func(t *testing.T) {
		t.Parallel()
		nameless := ca.Issue(t, "", noName)
		p := verify(newVerifier(t, mtls.Config{}), mtlstest.State(t, mtlstest.Pool(ca), nameless), time.Now()).Principal
		require.Equal(t, "sha256:"+p.KeyID, p.Subject)
	})
}

func twoCommonNames(t testing.TB) []byte {
	t.Helper()
	cn := func(v string) pkix.RelativeDistinguishedNameSET {
		return pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: v}}
	}
	raw, err := asn1.Marshal(pkix.RDNSequence{cn("a"), cn("b")})
	require.NoError(t, err)
	return raw
}

// TestTheOrderOfANameMayBeItsOwn: openssl writes names as it is told, Go in one
// order; both texts name the issuer. An issuer with two common names is known
// by the one that says so.
func TestTheOrderOfANameMayBeItsOwn(t *testing.T) {
	t.Parallel()
	attribute := func(last int, v string) pkix.RelativeDistinguishedNameSET {
		return pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{2, 5, 4, last}, Value: v}}
	}
	raw, err := asn1.Marshal(pkix.RDNSequence{attribute(3, "Partner CA"), attribute(8, "Bern"), attribute(7, "Thun"), attribute(10, "Partner")})
	require.NoError(t, err)
	ours := mtlstest.NewAuthority(t, "", func(c *x509.Certificate) { c.RawSubject = raw })
	twice := mtlstest.NewAuthority(t, "", func(c *x509.Certificate) { c.RawSubject = twoCommonNames(t) })
	for name, accepted := range map[string]bool{
		"O=Partner,L=Thun,ST=Bern,CN=Partner CA": true,
		"CN=Partner CA,O=Partner,L=Thun,ST=Bern": true,
		"CN=Partner CA,L=Thun,ST=Bern,O=Partner": false,
		"CN=Partner CA":                          false,
	} {
		v := newVerifier(t, mtls.Config{Constraints: mtls.Constraints{Issuers: []string{name}}})
		got := outcome(t, verify(v, mtlstest.State(t, mtlstest.Pool(ours), ours.Issue(t, "a")), time.Now()))
		require.Equal(t, accepted, got == "", name)
	}
	for name, accepted := range map[string]bool{"CN=b,CN=a": true, "CN=b": false, "CN=a": false} {
		v := newVerifier(t, mtls.Config{Constraints: mtls.Constraints{Issuers: []string{name}}})
		got := outcome(t, verify(v, mtlstest.State(t, mtlstest.Pool(twice), twice.Issue(t, "a")), time.Now()))
		require.Equal(t, accepted, got == "", name)
	}
}

func TestACertificateIsNoCredential(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, mtls.Config{})
	require.False(t, v.Owns(scheme, credential.Credential{}))
	require.Empty(t, v.Challenge(&caddymgw.Requirement{Scheme: scheme}))
	require.Empty(t, v.Header())
}

// TestASeenCertificateIsCheap holds the budget of a credential seen before.
func TestASeenCertificateIsCheap(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA")
	v := newVerifier(t, mtls.Config{Constraints: mtls.Constraints{CommonNames: []string{"a*"}, Issuers: []string{"CN=CA,O=Test"}}})
	r := &caddymgw.Request{HTTP: &http.Request{TLS: mtlstest.State(t, mtlstest.Pool(ca), ca.Issue(t, "a"))}, Now: time.Now()}
	req := &caddymgw.Requirement{Scheme: scheme}
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		if v.Verify(t.Context(), r, req, credential.Credential{}).Outcome != caddymgw.Satisfied {
			t.Fatal("refused")
		}
	}), 1.0)
}

func BenchmarkVerify(b *testing.B) {
	ca := mtlstest.NewAuthority(b, "CA")
	v := newVerifier(b, mtls.Config{Constraints: mtls.Constraints{CommonNames: []string{"a*"}, Issuers: []string{"CN=CA,O=Test"}}})
	client := ca.Issue(b, "a")
	state := mtlstest.State(b, mtlstest.Pool(ca), client)
	req := &caddymgw.Requirement{Scheme: scheme}
	b.Run("a connection seen before", func(b *testing.B) {
		r := &caddymgw.Request{HTTP: &http.Request{TLS: state}, Now: time.Now()}
		b.ReportAllocs()
		for b.Loop() {
			v.Verify(b.Context(), r, req, credential.Credential{})
		}
	})
	b.Run("a new one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			leaf := *client.Leaf
			fresh := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{&leaf, ca.Cert}}}
			v.Verify(b.Context(), &caddymgw.Request{HTTP: &http.Request{TLS: fresh}, Now: time.Now()}, req, credential.Credential{})
		}
	})
}
