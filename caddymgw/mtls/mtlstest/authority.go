package mtlstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority signs certificates.
type Authority struct {
	Cert *x509.Certificate
	Key  crypto.Signer

	above []*x509.Certificate // from this one up, the root left out
}

// Edit changes a certificate before it is signed.
type Edit func(*x509.Certificate)

// NewAuthority makes a root, valid from an hour ago for a day.
func NewAuthority(t testing.TB, name string, edits ...Edit) *Authority {
	t.Helper()
	key := NewKey(t)
	template := authority(t, name, edits)
	return &Authority{Cert: sign(t, template, template, key.Public(), key), Key: key}
}

// Under makes an intermediate authority.
func (a *Authority) Under(t testing.TB, name string, edits ...Edit) *Authority {
	t.Helper()
	key := NewKey(t)
	cert := sign(t, authority(t, name, edits), a.Cert, key.Public(), a.Key)
	return &Authority{Cert: cert, Key: key, above: append([]*x509.Certificate{cert}, a.above...)}
}

func authority(t testing.TB, name string, edits []Edit) *x509.Certificate {
	t.Helper()
	return apply(t, &x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{"Test"}},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, edits)
}

// Issue makes the certificate of a client with a common name, valid from an
// hour ago for a day.
func (a *Authority) Issue(t testing.TB, name string, edits ...Edit) tls.Certificate {
	t.Helper()
	return a.IssueFor(t, NewKey(t), name, edits...)
}

// IssueFor is Issue for a key.
func (a *Authority) IssueFor(t testing.TB, key crypto.Signer, name string, edits ...Edit) tls.Certificate {
	t.Helper()
	leaf := sign(t, client(t, name, edits), a.Cert, key.Public(), a.Key)
	c := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for _, cert := range a.above {
		c.Certificate = append(c.Certificate, cert.Raw)
	}
	return c
}

// SelfSigned makes the certificate of a client that no authority knows.
func SelfSigned(t testing.TB, name string, edits ...Edit) tls.Certificate {
	t.Helper()
	key := NewKey(t)
	template := client(t, name, edits)
	leaf := sign(t, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

func client(t testing.TB, name string, edits []Edit) *x509.Certificate {
	t.Helper()
	return apply(t, &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, edits)
}

func apply(t testing.TB, template *x509.Certificate, edits []Edit) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	require.NoError(t, err)
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = template.NotBefore.Add(24 * time.Hour)
	for _, edit := range edits {
		edit(template)
	}
	return template
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

// NewKey makes a P-256 key.
func NewKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// NewRSA makes an RSA key.
func NewRSA(t testing.TB, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return key
}

// TLS returns the authority's own certificate, as if it were a client's.
func (a *Authority) TLS() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{a.Cert.Raw}, PrivateKey: a.Key, Leaf: a.Cert}
}

// PEM returns certificates in PEM.
func PEM(certs ...*x509.Certificate) string {
	var text []byte
	for _, c := range certs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return string(text)
}

// Pool returns the pool of the authorities.
func Pool(authorities ...*Authority) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, a := range authorities {
		pool.AddCert(a.Cert)
	}
	return pool
}

// State returns what the handshake of a server that trusts the pool finds out
// about a client's certificate.
func State(t testing.TB, pool *x509.CertPool, c tls.Certificate) *tls.ConnectionState {
	t.Helper()
	state := &tls.ConnectionState{}
	intermediates := x509.NewCertPool()
	for _, der := range c.Certificate {
		cert, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		state.PeerCertificates = append(state.PeerCertificates, cert)
		intermediates.AddCert(cert)
	}
	var err error
	state.VerifiedChains, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{
		Roots: pool, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	require.NoError(t, err)
	return state
}
