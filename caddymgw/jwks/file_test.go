package jwks

import (
	"crypto"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/token"
)

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func spki(key crypto.PublicKey) string {
	return pemOf("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(key)))
}

// certificate is expired: what counts is its key.
func certificate(signer crypto.Signer) string {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "apim"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0),
	}
	return pemOf("CERTIFICATE", must(x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)))
}

func secret(n int) token.HMACSecret { return token.HMACSecret(strings.Repeat("s", n)) }

func marshal(v any) string { return string(must(json.Marshal(v))) }

func TestFromFile(t *testing.T) {
	t.Parallel()
	r, e, o := &rsaPrivate().PublicKey, ecPrivate().Public(), edPrivate().Public()
	for name, tc := range map[string]struct {
		content string
		want    []token.Key
	}{
		"RSA":                               {spki(r), []token.Key{{Public: r}}},
		"EC":                                {spki(e), []token.Key{{Public: e}}},
		"Ed25519":                           {spki(o), []token.Key{{Public: o}}},
		"PKCS #1":                           {pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(r)), []token.Key{{Public: r}}},
		"a certificate":                     {certificate(rsaPrivate()), []token.Key{{Public: r}}},
		"what openssl x509 -text prints":    {"Certificate:\n    Data:\n" + certificate(ecPrivate()), []token.Key{{Public: e}}},
		"white space around":                {"\n\n " + spki(e) + "\n\t\n", []token.Key{{Public: e}}},
		"CR LF":                             {strings.ReplaceAll(spki(e), "\n", "\r\n"), []token.Key{{Public: e}}},
		"several":                           {spki(e) + certificate(rsaPrivate()) + spki(o), []token.Key{{Public: e}, {Public: r}, {Public: o}}},
		"a certificate and its key":         {certificate(rsaPrivate()) + spki(r), []token.Key{{Public: r}}},
		"a JWK":                             {marshal(jwkOf("k", e).with("alg", "ES256")), []token.Key{{ID: "k", Algorithm: "ES256", Public: e}}},
		"a JWK without kid":                 {" \n" + marshal(jwkOf("", e).with("kid", nil)) + "\n", []token.Key{{Public: e}}},
		"a JWK Set":                         {string(setOf(jwkOf("a", r), jwkOf("b", r), jwkOf("c", e))), []token.Key{{ID: "a", Public: r}, {ID: "b", Public: r}, {ID: "c", Public: e}}},
		"a JWK Set with keys for others":    {string(setOf(jwkOf("x", e).with("use", "enc"), jwkOf("a", r), jwkOf("y", o).with("crv", "X25519"), jwkOf("z", r).with("alg", "RSA-OAEP"))), []token.Key{{ID: "a", Public: r}}},
		"one key twice":                     {string(setOf(jwkOf("a", r), jwkOf("a", r).with("alg", "RS256"))), []token.Key{{ID: "a", Public: r}, {ID: "a", Algorithm: "RS256", Public: r}}},
		"one kid for two algorithms":        {string(setOf(jwkOf("a", r).with("alg", "RS256"), jwkOf("a", &rsaOther().PublicKey).with("alg", "PS256"))), []token.Key{{ID: "a", Algorithm: "RS256", Public: r}, {ID: "a", Algorithm: "PS256", Public: &rsaOther().PublicKey}}},
		"a secret":                          {marshal(jwkOf("s", secret(32))), []token.Key{{ID: "s", Public: secret(32)}}},
		"a secret for HS512":                {marshal(jwkOf("s", secret(64)).with("alg", "HS512")), []token.Key{{ID: "s", Algorithm: "HS512", Public: secret(64)}}},
		"secrets":                           {string(setOf(jwkOf("a", secret(64)), jwkOf("b", secret(65)))), []token.Key{{ID: "a", Public: secret(64)}, {ID: "b", Public: secret(65)}}},
		"a set of one secret without a kid": {string(setOf(jwkOf("", secret(64)).with("kid", nil))), []token.Key{{Public: secret(64)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := FromFile([]byte(tc.content))
			require.NoError(t, err)
			require.Equal(t, tc.want, s.Keys())
		})
	}
}

func TestAKeyWithoutAKidIsThatOfEveryToken(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"PEM": certificate(rsaPrivate()) + spki(ecPrivate().Public()),
		"a JWK Set": string(setOf(jwkOf("", &rsaPrivate().PublicKey).with("kid", nil), jwkOf("", ecPrivate().Public()).with("kid", nil),
			jwkOf("", &rsaOther().PublicKey).with("kid", nil, "use", "enc"))),
	} {
		s, err := FromFile([]byte(content))
		require.NoError(t, err, name)
		for _, kid := range []string{"", "gateway_certificate_alias"} {
			require.Equal(t, []token.Key{{Public: &rsaPrivate().PublicKey}}, s.Find(kid, "RS256"), name)
			require.Equal(t, []token.Key{{Public: ecPrivate().Public()}}, s.Find(kid, "ES256"), name)
			require.Empty(t, s.Find(kid, "ES384"), name)
			require.Empty(t, s.Find(kid, "HS256"), name)
		}
	}
	s, err := FromFile([]byte(marshal(jwkOf("k", ecPrivate().Public()))))
	require.NoError(t, err)
	require.Empty(t, s.Find("other", "ES256"), "a key with a kid is that of its own tokens")
	require.Len(t, s.Find("", "ES256"), 1)
}

func TestFromFileRefuses(t *testing.T) {
	t.Parallel()
	r, e := &rsaPrivate().PublicKey, ecPrivate().Public()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	pkcs8 := pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ecPrivate())))
	const private = "private key, and a public one is wanted"
	for name, tc := range map[string]struct{ content, reason string }{
		"nothing":                         {"", "it is empty"},
		"white space":                     {" \r\n\t", "it is empty"},
		"a raw secret":                    {strings.Repeat("hunter2", 10), "neither PEM nor"},
		"DER":                             {string(must(x509.MarshalPKIXPublicKey(e))), "neither PEM nor"},
		"a list of JWKs":                  {"[" + marshal(jwkOf("k", e)) + "]", "neither PEM nor"},
		"PKCS #8":                         {pkcs8, private},
		"PKCS #1 private":                 {pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaPrivate())), private},
		"SEC 1":                           {pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ecPrivate()))), private},
		"an encrypted key":                {pemOf("ENCRYPTED PRIVATE KEY", []byte("hunter2")), private},
		"an OpenSSH key":                  {pemOf("OPENSSH PRIVATE KEY", []byte("hunter2")), private},
		"a certificate with its key":      {certificate(ecPrivate()) + pkcs8, private},
		"a CSR":                           {pemOf("CERTIFICATE REQUEST", []byte("hunter2")), "neither a public key nor a certificate"},
		"a broken public key":             {pemOf("PUBLIC KEY", []byte("hunter2")), "the public key can't be read"},
		"a broken PKCS #1 key":            {pemOf("RSA PUBLIC KEY", []byte("hunter2")), "the public key can't be read"},
		"a broken certificate":            {pemOf("CERTIFICATE", []byte("hunter2")), "the certificate can't be read"},
		"a broken block":                  {strings.Replace(spki(e), "\nM", "\n*", 1), "can't be read"},
		"a broken block before":           {strings.Replace(certificate(rsaPrivate()), "\nM", "\n*", 1) + spki(e), "PEM block that can't be read"},
		"a cut block":                     {spki(e) + "-----BEGIN PUBLIC KEY-----\nMF", "can't be read"},
		"text behind":                     {spki(e) + "hunter2", "something besides PEM"},
		"RSA of 1024 bits":                {spki(&small.PublicKey), "1024 bits"},
		"a certificate of 1024 bits":      {certificate(small), "1024 bits"},
		"P-224":                           {spki(newEC(elliptic.P224()).Public()), "can't be used"},
		"X25519":                          {spki(x25519.PublicKey()), "can't be used"},
		"two keys without kid":            {certificate(rsaPrivate()) + certificate(rsaOther()), "have no kid, or one has none"},
		"two JWKs without kid":            {string(setOf(jwkOf("", r).with("kid", nil), jwkOf("", &rsaOther().PublicKey).with("kid", nil, "alg", "PS256"))), "have no kid, or one has none"},
		"one of two JWKs without kid":     {string(setOf(jwkOf("a", r), jwkOf("", &rsaOther().PublicKey).with("kid", nil))), "have no kid, or one has none"},
		"two keys of one kid":             {string(setOf(jwkOf("a", r), jwkOf("a", &rsaOther().PublicKey))), `have the kid "a"`},
		"two secrets of one kid":          {string(setOf(jwkOf("a", secret(64)), jwkOf("a", secret(65)))), `have the kid "a"`},
		"more than 100 keys":              {strings.Repeat(spki(e), 101), "more than 100"},
		"more than 100 JWKs":              {`{"keys":[` + strings.Repeat("1,", 100) + `1]}`, "more than 100"},
		"secrets and public keys":         {string(setOf(jwkOf("a", secret(64)), jwkOf("b", e))), "two files"},
		"a short secret":                  {marshal(jwkOf("s", secret(31))), "shorter than the hash"},
		"a short secret for its alg":      {marshal(jwkOf("s", secret(63)).with("alg", "HS512")), "shorter than the hash"},
		"no secret":                       {marshal(jwkOf("s", secret(0))), `"k" is missing`},
		"a secret for encryption":         {marshal(jwkOf("s", secret(32)).with("alg", "A256GCM")), "none for signatures"},
		"a secret for RS256":              {marshal(jwkOf("s", secret(64)).with("alg", "RS256")), "does not fit its kind"},
		"a secret for MACs only":          {marshal(jwkOf("s", secret(64)).with("key_ops", []string{"sign"})), `no "verify"`},
		"a private JWK":                   {marshal(jwkOf("k", e).with("d", "hunter2")), private},
		"a set with a private JWK":        {string(setOf(jwkOf("a", r), jwkOf("k", e).with("d", "hunter2"))), private},
		"a JWK for encryption":            {marshal(jwkOf("k", e).with("use", "enc")), "not for signatures"},
		"a JWK of another kind":           {`{"kty":"hunter"}`, "not supported"},
		"a weak JWK":                      {marshal(jwkOf("k", &small.PublicKey)), "1024 bits"},
		"a set with a weak JWK":           {string(setOf(jwkOf("a", e), jwkOf("k", &small.PublicKey))), `key "k": its modulus has 1024 bits`},
		"a set with a broken key":         {string(setOf(jwkOf("a", e), 1)), "not an object"},
		"a set of keys for others":        {string(setOf(jwkOf("k", e).with("use", "enc"))), "no key for signatures"},
		"an empty set":                    {`{"keys":[]}`, "no key"},
		"a set that is none":              {`{"keys":{}}`, `list "keys"`},
		"an empty object":                 {`{}`, `"kty" is missing`},
		"a member twice":                  {`{"kty":"EC",` + marshal(jwkOf("k", e))[1:], "twice"},
		"a JWK and more":                  {marshal(jwkOf("k", e)) + "hunter2", "not a JSON object"},
		"PEM behind a brace":              {"{\n" + spki(e), "not a JSON object"},
		"longer than 1 MiB":               {marshal(jwkOf("k", e)) + strings.Repeat(" ", MaxSize), "longer than"},
		"PEM that is longer than 1 MiB":   {spki(e) + strings.Repeat("\n", MaxSize), "longer than"},
		"Ed25519 that claims to be ECDSA": {marshal(jwkOf("k", edPrivate().Public()).with("alg", "ES256")), "does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := FromFile([]byte(tc.content))
			require.ErrorContains(t, err, tc.reason)
			require.Nil(t, s)
			hides(t, err.Error(), "hunter2", "sss", "c3Nz", "MIG", "MII")
		})
	}
}
