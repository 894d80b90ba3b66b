package keyring

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func ec(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return key
}

func sec1(t testing.TB, key *ecdsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	return block("EC PRIVATE KEY", der)
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return key
}

func TestFromPEM(t *testing.T) {
	t.Parallel()
	p256, p384, rsa2048 := ec(t, elliptic.P256()), ec(t, elliptic.P384()), rsaKey(t, 2048)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	pkcs1 := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsa2048))
	for name, tc := range map[string]struct {
		content   string
		algorithm string
		want      string
		public    crypto.PublicKey
	}{
		"PKCS #8 of P-256":          {pkcs8(t, p256), "", "ES256", p256.Public()},
		"PKCS #8 of P-384":          {pkcs8(t, p384), "ES384", "ES384", p384.Public()},
		"PKCS #8 of Ed25519":        {pkcs8(t, ed), "", "EdDSA", ed.Public()},
		"PKCS #8 of RSA":            {pkcs8(t, rsa2048), "", "RS256", rsa2048.Public()},
		"PKCS #1":                   {pkcs1, "RS256", "RS256", rsa2048.Public()},
		"PKCS #1 for PS256":         {pkcs1, "PS256", "PS256", rsa2048.Public()},
		"SEC 1":                     {sec1(t, p256), "", "ES256", p256.Public()},
		"SEC 1 of P-384":            {sec1(t, p384), "", "ES384", p384.Public()},
		"SEC 1 with parameters":     {parameters + sec1(t, p256), "", "ES256", p256.Public()},
		"with CR LF":                {strings.ReplaceAll(sec1(t, p256), "\n", "\r\n"), "", "ES256", p256.Public()},
		"with white space around":   {"\n" + sec1(t, p256) + "\n \t\n", "", "ES256", p256.Public()},
		"with the text of openssl":  {"Bag Attributes\n    friendlyName: mgw\n" + pkcs8(t, p256), "", "ES256", p256.Public()},
		"without the last new line": {strings.TrimSpace(pkcs8(t, ed)), "EdDSA", "EdDSA", ed.Public()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ring, err := FromPEM([]byte(tc.content), tc.algorithm)
			require.NoError(t, err)
			key := ring.Active(start)
			require.Equal(t, tc.want, key.Algorithm)
			require.Equal(t, tc.public, key.Signer.Public())
			require.Zero(t, key.Created)
			require.Regexp(t, `^apikey-[a-z2-7]{26}$`, key.ID)
			found, ok := ring.Lookup(key.ID)
			require.True(t, ok)
			require.Same(t, key, found)
		})
	}
}

func TestAKeyHasOneIDInEveryForm(t *testing.T) {
	t.Parallel()
	key := ec(t, elliptic.P256())
	a, err := FromPEM([]byte(pkcs8(t, key)), "")
	require.NoError(t, err)
	b, err := FromPEM([]byte(parameters+sec1(t, key)), "ES256")
	require.NoError(t, err)
	require.Equal(t, a.Active(start).ID, b.Active(start).ID)
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

func TestTheAlgorithmIsPartOfTheFingerprint(t *testing.T) {
	t.Parallel()
	content := []byte(pkcs8(t, rsaKey(t, 2048)))
	a, err := FromPEM(content, "RS256")
	require.NoError(t, err)
	b, err := FromPEM(content, "PS256")
	require.NoError(t, err)
	require.NotEqual(t, a.Fingerprint(), b.Fingerprint())
}

func TestFromPEMRefuses(t *testing.T) {
	t.Parallel()
	p256 := ec(t, elliptic.P256())
	key := pkcs8(t, p256)
	spki, err := x509.MarshalPKIXPublicKey(p256.Public())
	require.NoError(t, err)
	certificate, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)},
		&x509.Certificate{}, p256.Public(), p256)
	require.NoError(t, err)
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, _ := pem.Decode([]byte(key))
	encrypted := &pem.Block{Type: "EC PRIVATE KEY", Bytes: der.Bytes, Headers: map[string]string{
		"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00112233445566778899AABBCCDDEEFF",
	}}
	rsa2048, rsa1024 := pkcs8(t, rsaKey(t, 2048)), rsaKey(t, 1024)
	for name, tc := range map[string]struct {
		content   string
		algorithm string
		want      string
	}{
		"nothing":                 {"", "", "no PEM"},
		"white space":             {" \n", "", "no PEM"},
		"garbage":                 {"garbage", "", "something besides PEM"},
		"DER":                     {string(der.Bytes), "", "something besides PEM"},
		"a cut block":             {key[:len(key)/2], "", "something besides PEM"},
		"only parameters":         {parameters, "", "no PEM"},
		"a public key":            {block("PUBLIC KEY", spki), "", "something public"},
		"a certificate":           {block("CERTIFICATE", certificate), "", "something public"},
		"a key and a certificate": {key + block("CERTIFICATE", certificate), "", "more than one"},
		"two keys":                {key + key, "", "more than one"},
		"a broken key and a key":  {strings.Replace(key, "\n", "\n!", 1) + key, "", "can't be read"},
		"a key and a broken key":  {key + strings.Replace(key, "\n", "\n!", 1), "", "besides PEM"},
		"text behind":             {key + "secret", "", "something besides PEM"},
		"encrypted PKCS #8":       {block("ENCRYPTED PRIVATE KEY", der.Bytes), "", "encrypted"},
		"encrypted SEC 1":         {string(pem.EncodeToMemory(encrypted)), "", "encrypted"},
		"bytes that are no key":   {block("PRIVATE KEY", []byte("no key at all")), "", "can't be read"},
		"PKCS #8 called SEC 1":    {block("EC PRIVATE KEY", der.Bytes), "", "can't be read"},
		"PKCS #8 called PKCS #1":  {block("RSA PRIVATE KEY", der.Bytes), "", "can't be read"},
		"DSA":                     {block("DSA PRIVATE KEY", der.Bytes), "", "not supported"},
		"OpenSSH":                 {block("OPENSSH PRIVATE KEY", der.Bytes), "", "not supported"},
		"X25519":                  {pkcs8(t, x25519), "", "can't sign"},
		"P-224":                   {sec1(t, ec(t, elliptic.P224())), "", "not supported"},
		"P-521":                   {pkcs8(t, ec(t, elliptic.P521())), "", "not supported"},
		"P-521 for ES512":         {pkcs8(t, ec(t, elliptic.P521())), "ES512", "not supported"},
		"RSA of 1024 bits":        {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsa1024)), "", "1024 bits"},
		"P-256 for RS256":         {key, "RS256", "does not fit the key, which is for ES256"},
		"P-256 for ES384":         {key, "ES384", "does not fit"},
		"P-256 for HS256":         {key, "HS256", "does not fit"},
		"RSA for ES256":           {rsa2048, "ES256", "which is for RS256 or PS256"},
		"RSA for RS512":           {rsa2048, "RS512", "does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ring, err := FromPEM([]byte(tc.content), tc.algorithm)
			require.Nil(t, ring)
			require.ErrorContains(t, err, tc.want)
			requireKeepsSecret(t, err, tc.content)
		})
	}
}

func TestAnRSAKeyThatNoVerifierTakesIsRefused(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint]string{2047: "2047 bits", 2048: "", 8192: "", 8193: "8193 bits"} {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		_, err := newKey("apikey", "RS256", &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: 65537}})
		if want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
}
