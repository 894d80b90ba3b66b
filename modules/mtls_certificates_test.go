package modules_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
)

// TestCertificatesThatNobodyShouldAccept (THREATS K1), by a site that requires
// them and by one that asks: nothing reaches the upstream.
func TestCertificatesThatNobodyShouldAccept(t *testing.T) {
	ca1, ca2 := mtlstest.NewAuthority(t, "CA1"), mtlstest.NewAuthority(t, "CA2")
	sameName := mtlstest.NewAuthority(t, "CA1")
	sites := vaultGlobal + vaultAt("mtls.test", required) + vaultAt("localhost", ifGiven)
	g := startSites(t, sites, vaultFiles(ca1, ca2), "mtls.test")
	// The key of an authority from whom only clients should come.
	notCA := ca1.Issue(t, "partner-0")
	impostor := &mtlstest.Authority{Cert: notCA.Leaf, Key: notCA.PrivateKey.(crypto.Signer)}
	byImpostor := impostor.Issue(t, "partner-1")
	byImpostor.Certificate = append(byImpostor.Certificate, notCA.Leaf.Raw)
	stolen := ca1.Issue(t, "partner-1")
	stolen.PrivateKey = mtlstest.NewKey(t)
	const alert = 0 // TLS refuses it; otherwise the gateway does
	for name, tc := range map[string]struct {
		certificate tls.Certificate
		status      int
	}{
		"of another authority":            {ca2.Issue(t, "partner-1"), alert},
		"of another of the same name":     {sameName.Issue(t, "partner-1"), alert},
		"self-signed":                     {mtlstest.SelfSigned(t, "partner-1"), alert},
		"expired":                         {ca1.Issue(t, "partner-1", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), alert},
		"not yet valid":                   {ca1.Issue(t, "partner-1", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), alert},
		"for servers only":                {ca1.Issue(t, "partner-1", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), alert},
		"signed with SHA-1":               {ca1.Issue(t, "partner-1", func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }), alert},
		"a DSA key":                       {withDSA(t, ca1), alert},
		"signed by a client":              {byImpostor, alert},
		"of an authority that has ended":  {ca1.Under(t, "Below", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }).Issue(t, "partner-1"), alert},
		"outside of its name constraints": {ca1.Under(t, "Below", onlyExample).Issue(t, "partner-1", func(c *x509.Certificate) { c.DNSNames = []string{"a.evil.test"} }), alert},
		"a critical extension": {ca1.Issue(t, "partner-1", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}), alert},
		"without the key":                  {stolen, alert},
		"an RSA key of 16,384 bits":        {withHugeRSA(t, ca1), alert},
		"an RSA key of 1,024 bits":         {ca1.IssueFor(t, mtlstest.NewRSA(t, 1024), "partner-1"), 401},
		"the authority itself":             {ca1.TLS(), 401},
		"an authority below it":            {ca1.Under(t, "partner-1").TLS(), 401},
		"another name":                     {ca1.Issue(t, "mallory"), 401},
		"a name that begins otherwise":     {ca1.Issue(t, "xpartner-1"), 401},
		"two names, one of them good":      {ca1.Issue(t, "", twoNames("mallory", "partner-1")), 401},
		"a good name as alternative name":  {ca1.Issue(t, "mallory", func(c *x509.Certificate) { c.DNSNames = []string{"partner-1"} }), 401},
		"a good name as an organisation's": {ca1.Issue(t, "", func(c *x509.Certificate) { c.Subject = pkix.Name{Organization: []string{"CN=partner-1"}} }), 401},
	} {
		for _, version := range versions {
			for _, host := range []string{"mtls.test", "localhost"} {
				t.Run(version+" "+host+" "+name, func(t *testing.T) {
					require.Equal(t, tc.status, call{sni: host, host: host, path: "/cert", certificate: &tc.certificate}.send(t, g, version).Status)
					require.Empty(t, g.Upstream.Take())
				})
			}
		}
	}
	for _, version := range versions {
		good := ca1.Issue(t, "partner-1")
		require.Equal(t, 0, call{sni: "mtls.test", host: "mtls.test", path: "/cert"}.send(t, g, version).Status, "none at all")
		require.Equal(t, 0, call{sni: "mtls.test", host: "mtls.test", path: "/public"}.send(t, g, version).Status, "not even for what is public")
		require.Empty(t, g.Upstream.Take())
		require.Equal(t, 200, call{sni: "mtls.test", host: "mtls.test", path: "/cert", certificate: &good}.send(t, g, version).Status, version)
		require.Len(t, g.Upstream.Take(), 1)
	}
}

func onlyExample(c *x509.Certificate) {
	c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"partner.example"}
}

func twoNames(names ...string) mtlstest.Edit {
	return func(c *x509.Certificate) {
		c.Subject = pkix.Name{}
		for _, n := range names {
			c.Subject.ExtraNames = append(c.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: n})
		}
	}
}

// resign replaces the public key of a certificate and signs it again.
func resign(t testing.TB, ca *mtlstest.Authority, key []byte) []byte {
	t.Helper()
	leaf := ca.Issue(t, "partner-1").Leaf
	var parts []asn1.RawValue
	_, err := asn1.Unmarshal(leaf.RawTBSCertificate, &parts)
	require.NoError(t, err)
	for i := range parts {
		if string(parts[i].FullBytes) == string(leaf.RawSubjectPublicKeyInfo) {
			parts[i] = asn1.RawValue{FullBytes: key}
		}
	}
	tbs, err := asn1.Marshal(parts)
	require.NoError(t, err)
	digest := crypto.SHA256.New()
	digest.Write(tbs)
	signature, err := ca.Key.Sign(nil, digest.Sum(nil), crypto.SHA256)
	require.NoError(t, err)
	der, err := asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: tbs}, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}, asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
	require.NoError(t, err)
	return der
}

// withDSA has a DSA key, which Go can read and not use.
func withDSA(t testing.TB, ca *mtlstest.Authority) tls.Certificate {
	t.Helper()
	number, err := asn1.Marshal(new(big.Int).Lsh(big.NewInt(1), 1023))
	require.NoError(t, err)
	parameters, err := asn1.Marshal([]*big.Int{new(big.Int).Lsh(big.NewInt(1), 1023), new(big.Int).Lsh(big.NewInt(1), 159), big.NewInt(2)})
	require.NoError(t, err)
	key, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, Parameters: asn1.RawValue{FullBytes: parameters}}, asn1.BitString{Bytes: number, BitLength: 8 * len(number)}})
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{resign(t, ca, key)}, PrivateKey: mtlstest.NewKey(t)}
}

// hugeRSA signs nonsense in no time.
type hugeRSA struct{ key *rsa.PublicKey }

func (h hugeRSA) Public() crypto.PublicKey { return h.key }
func (h hugeRSA) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, h.key.Size()), nil
}

func withHugeRSA(t testing.TB, ca *mtlstest.Authority) tls.Certificate {
	t.Helper()
	n := new(big.Int).Lsh(big.NewInt(1), 16383)
	return ca.IssueFor(t, hugeRSA{&rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537}}, "partner-1")
}
