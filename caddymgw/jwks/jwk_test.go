package jwks

import (
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// Appendix A.1 of RFC 7517 and appendix A.2 of RFC 8037.
const rfcKeys = `{"keys":[
	{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"},
	{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"},
	{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`

func TestParseReadsTheKeysOfTheRFCs(t *testing.T) {
	t.Parallel()
	s, warnings, err := Parse([]byte(rfcKeys))
	require.NoError(t, err)
	require.Equal(t, []string{`key "1" is left out: it is not for signatures: "use" is something else`}, warnings)
	require.Equal(t, []string{"2011-04-29", ""}, kidsOf(s.Keys()))
	require.Equal(t, "RS256", s.Keys()[0].Algorithm)

	// RFC 8037 appendix A.4
	signed, signature := "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
	require.True(t, verifies(s.Find("", "EdDSA")[0], "EdDSA", signed, signature))
}

func TestKeysThatVerify(t *testing.T) {
	t.Parallel()
	r, e, o := jwkOf("k", &rsaPrivate().PublicKey), jwkOf("k", ecPrivate().Public()), jwkOf("k", edPrivate().Public())
	modulus := rsaPrivate().N.Bytes()
	for name, tc := range map[string]struct {
		key members
		alg string
	}{
		"RSA":                     {r, ""},
		"EC":                      {e, ""},
		"P-521":                   {jwkOf("k", newEC(elliptic.P521()).Public()), ""},
		"Ed25519":                 {o, ""},
		"for one algorithm":       {r.with("alg", "PS384"), "PS384"},
		"for EdDSA":               {o.with("alg", "EdDSA"), "EdDSA"},
		"for Ed25519":             {o.with("alg", "Ed25519"), "Ed25519"},
		"for signatures":          {e.with("use", "sig"), ""},
		"for verifying":           {e.with("key_ops", []string{"verify"}), ""},
		"for more than that":      {e.with("use", "sig", "key_ops", []string{"sign", "verify", "x"}), ""},
		"unknown members":         {e.with("exp", 1, "x-azure", map[string]any{"a": nil}), ""},
		"certificates unread":     {e.with("x5c", []int{1}, "x5u", "http://169.254.169.254/", "x5t", 7, "jku", "file:///etc/passwd"), ""},
		"a zero before a modulus": {r.with("n", encode(append([]byte{0}, modulus...))), ""},
		"exponent 3":              {r.with("e", "Aw"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, warnings, err := Parse(setOf(tc.key))
			require.NoError(t, err)
			require.Empty(t, warnings)
			require.Equal(t, tc.alg, s.Find("k", "")[0].Algorithm)
		})
	}
}

// weak has the shape of CVE-2017-15361 to every prime that is looked at.
func weak() *big.Int {
	n := big.NewInt(1)
	for _, p := range []int64{97, 37, 79, 11, 61, 73, 127, 151, 13, 17, 19, 53, 71, 103, 107, 109, 157} {
		n.Mul(n, big.NewInt(p))
	}
	return n.Lsh(n, 2000).Add(n, big.NewInt(65537))
}

// THREATS D10, D12. A good key stands beside each.
func TestKeysThatAreLeftOut(t *testing.T) {
	t.Parallel()
	r, e, o := jwkOf("k", &rsaPrivate().PublicKey), jwkOf("k", ecPrivate().Public()), jwkOf("k", edPrivate().Public())
	rsaOf := func(n *big.Int) members { return jwkOf("k", &rsa.PublicKey{N: n, E: 65537}) }
	bits := func(n uint) *big.Int { one := big.NewInt(1); return one.Add(new(big.Int).Lsh(one, n-1), one) }
	x, y := e["x"].(string), e["y"].(string)
	raw := must(base64.RawURLEncoding.DecodeString(x))
	for name, tc := range map[string]struct {
		key    any
		reason string
	}{
		"null":                              {nil, "not an object"},
		"a string":                          {"k", "not an object"},
		"a list":                            {[]any{e}, "not an object"},
		"kid is a number":                   {e.with("kid", 1), `"kid" is not a string`},
		"kid is null":                       {e.with("kid", []any(nil)), `"kid" is not a string`},
		"alg is a list":                     {e.with("alg", []string{"ES256"}), `"alg" is not a string`},
		"no kty":                            {e.with("kty", nil), `"kty" is missing`},
		"kty in lower case":                 {r.with("kty", "rsa"), `kind "rsa" is not supported`},
		"kty of another":                    {e.with("kty", "RSA"), `"n" is missing`},
		"an unknown kty":                    {members{"kid": "k", "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}, `kind "AKP" is not supported`},
		"for encryption":                    {e.with("use", "enc"), "not for signatures"},
		"for something new":                 {e.with("use", "SIG"), "not for signatures"},
		"use is a number":                   {e.with("use", 1), `"use" is not a string`},
		"for encrypting":                    {e.with("key_ops", []string{"encrypt"}), `"key_ops" has no "verify"`},
		"for signing":                       {e.with("key_ops", []string{"sign"}), `"key_ops" has no "verify"`},
		"for nothing":                       {e.with("key_ops", []string{}), `"key_ops" has no "verify"`},
		"key_ops is a string":               {e.with("key_ops", "verify"), "not a list of strings"},
		"key_ops is null":                   {e.with("key_ops", []any(nil)), "not a list of strings"},
		"key_ops hold a number":             {e.with("key_ops", []any{"verify", 1}), "not a list of strings"},
		"use and key_ops disagree":          {e.with("use", "enc", "key_ops", []string{"verify"}), "not for signatures"},
		"private EC":                        {e.with("d", "c2VjcmV0"), "PRIVATE KEY"},
		"private RSA":                       {r.with("d", "c2VjcmV0"), "PRIVATE KEY"},
		"private RSA by its primes":         {r.with("p", "c2VjcmV0"), "PRIVATE KEY"},
		"private RSA by dp":                 {r.with("dp", 1), "PRIVATE KEY"},
		"private Ed25519":                   {o.with("d", "c2VjcmV0"), "PRIVATE KEY"},
		"private and for encryption":        {e.with("d", "c2VjcmV0", "use", "enc"), "PRIVATE KEY"},
		"private of an unknown kind":        {e.with("kty", "AKP", "priv", "c2VjcmV0"), "PRIVATE KEY"},
		"symmetric":                         {jwkOf("k", token.HMACSecret(strings.Repeat("s", 64))), "symmetric"},
		"symmetric with an alg of a public": {jwkOf("k", token.HMACSecret(strings.Repeat("s", 64))).with("alg", "ES256"), "symmetric"},
		"RSA of 512 bits":                   {rsaOf(bits(512)), "512 bits"},
		"RSA of 1024 bits":                  {rsaOf(bits(1024)), "1024 bits"},
		"RSA of 2047 bits":                  {rsaOf(bits(2047)), "2047 bits"},
		"RSA of 8193 bits":                  {rsaOf(bits(8193)), "8193 bits"},
		"RSA of 16384 bits":                 {rsaOf(bits(16384)), "16384 bits"},
		"RSA of 1024 bits, padded":          {r.with("n", encode(append(make([]byte, 128), bits(1024).Bytes()...))), "1024 bits"},
		"RSA of zero":                       {r.with("n", "AA"), "0 bits"},
		"RSA with an even modulus":          {rsaOf(new(big.Int).Lsh(big.NewInt(1), 2047)), "weak"},
		"RSA of bad chips":                  {rsaOf(weak()), "weak"},
		"RSA with exponent 0":               {r.with("e", "AA"), "weak"},
		"RSA with exponent 1":               {r.with("e", "AQ"), "weak"},
		"RSA with exponent 2":               {r.with("e", "Ag"), "weak"},
		"RSA with an even exponent":         {r.with("e", "AQAC"), "weak"},
		"RSA with exponent 2^65":            {r.with("e", encode(bits(66).Bytes())), "exponent is too large"},
		"RSA with exponent 2^31+1":          {r.with("e", encode(bits(32).Bytes())), "exponent is too large"},
		"RSA without exponent":              {r.with("e", nil), `"e" is missing`},
		"RSA with an exponent that is 3":    {r.with("e", 3), `"e" is missing or not a string`},
		"RSA without modulus":               {r.with("n", ""), `"n" is missing`},
		"RSA for ES256":                     {r.with("alg", "ES256"), "ES256 does not fit its kind"},
		"RSA for HS256":                     {r.with("alg", "HS256"), "HS256 does not fit its kind"},
		"RSA for encryption by alg":         {r.with("alg", "RSA-OAEP"), "none for signatures"},
		"RSA for nothing":                   {r.with("alg", "none"), "none for signatures"},
		"P-256 for ES384":                   {e.with("alg", "ES384"), "ES384 does not fit its kind"},
		"P-256 for ES521":                   {e.with("alg", "ES521"), "none for signatures"},
		"Ed25519 for ES256":                 {o.with("alg", "ES256"), "ES256 does not fit its kind"},
		"an unknown curve":                  {e.with("crv", "secp256k1"), `curve "secp256k1" is not supported`},
		"P-224":                             {jwkOf("k", newEC(elliptic.P224()).Public()), `curve "P-224" is not supported`},
		"another curve":                     {e.with("crv", "P-384"), "wrong length"},
		"X25519":                            {o.with("crv", "X25519"), `curve "X25519" is not supported`},
		"Ed448":                             {o.with("crv", "Ed448"), `curve "Ed448" is not supported`},
		"EC without curve":                  {e.with("crv", nil), `"crv" is missing`},
		"OKP without curve":                 {o.with("crv", nil), `"crv" is missing`},
		"EC without y":                      {e.with("y", nil), `"y" is missing`},
		"OKP without x":                     {o.with("x", nil), `"x" is missing`},
		"a point beside the curve":          {e.with("x", y, "y", x), "not on the curve"},
		"the point at infinity":             {e.with("x", encode(make([]byte, 32)), "y", encode(make([]byte, 32))), "not on the curve"},
		"a coordinate that is short":        {e.with("x", encode(raw[:31])), "wrong length"},
		"a coordinate with a zero before":   {e.with("x", encode(append([]byte{0}, raw...))), "wrong length"},
		"Ed25519 that is short":             {o.with("x", encode(raw[:31])), "wrong length"},
		"padding":                           {e.with("x", x+"="), "not base64url"},
		"a line break":                      {e.with("x", x[:9]+"\n"+x[9:]), "not base64url"},
		"CR LF at the end":                  {e.with("x", x+"\r\n"), "not base64url"},
		"unused bits":                       {e.with("x", x[:42]+string(x[42]+1)), "not base64url"},
		"a character too much":              {r.with("e", "AQABA"), "not base64url"},
		"plain base64":                      {r.with("n", "+/+/"), "not base64url"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, warnings, err := Parse(setOf(tc.key, jwkOf("good", edPrivate().Public())))
			require.NoError(t, err)
			require.Equal(t, []string{"good"}, kidsOf(s.Keys()))
			require.Len(t, warnings, 1)
			require.Contains(t, warnings[0], tc.reason)
			if m, ok := tc.key.(members); ok && m["kid"] == "k" {
				require.Contains(t, warnings[0], `key "k" is left out: `)
			} else {
				require.Contains(t, warnings[0], "key 1, which has no kid, is left out: ")
			}
			hides(t, warnings[0], "c2VjcmV0", "sss", "c3Nz", x, y, r["n"].(string))

			_, again, err := Parse(setOf(tc.key))
			require.ErrorContains(t, err, "no usable key: "+warnings[0], "alone it is an error")
			require.Equal(t, warnings, again)
		})
	}
}

func TestAKidIsQuotedAndCut(t *testing.T) {
	t.Parallel()
	for kid, want := range map[string]string{
		"\x1b[31m\r\nlevel=info": `"\x1b[31m\r\nlevel=info"`,
		"a\u2028\u202eb":         `"a\u2028\u202eb"`,
		strings.Repeat("ü", 1e5): `"` + strings.Repeat(`\u00fc`, 64) + `..."`,
	} {
		_, warnings, err := Parse(setOf(jwkOf(kid, ecPrivate().Public()).with("use", "enc")))
		require.Error(t, err)
		require.Equal(t, []string{"key " + want + ` is left out: it is not for signatures: "use" is something else`}, warnings)
	}
}

func TestAllWarningsAreKept(t *testing.T) {
	t.Parallel()
	var list []any
	for i := range 99 {
		list = append(list, jwkOf(fmt.Sprint(i), ecPrivate().Public()).with("use", "enc"))
	}
	s, warnings, err := Parse(setOf(append(list, jwkOf("good", ecPrivate().Public()))...))
	require.NoError(t, err)
	require.Equal(t, 1, s.Len())
	require.Len(t, warnings, 99)
}
