package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func newEC(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return key
}

func newEd25519(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func signer(t testing.TB, alg string) crypto.Signer {
	t.Helper()
	switch alg {
	case "ES256":
		return newEC(t, elliptic.P256())
	case "ES384":
		return newEC(t, elliptic.P384())
	case "ES512":
		return newEC(t, elliptic.P521())
	case "EdDSA", "Ed25519":
		return newEd25519(t)
	default:
		return rsaKey()
	}
}

func sign(t testing.TB, alg string, key crypto.Signer) (string, *Token) {
	t.Helper()
	text, err := Sign(Header{Algorithm: alg, KeyID: "k", Type: "t+jwt"}, map[string]any{"sub": "alice", "html": "<&>"}, key)
	require.NoError(t, err)
	tok, err := Parse(text)
	require.NoError(t, err)
	return text, tok
}

func TestSignedTokensVerify(t *testing.T) {
	t.Parallel()
	for alg := range algorithms {
		if Symmetric(alg) {
			continue
		}
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			key := signer(t, alg)
			text, tok := sign(t, alg, key)
			require.Equal(t, Header{Algorithm: alg, KeyID: "k", Type: "t+jwt"}, tok.Header)
			require.Equal(t, map[string]any{"sub": "alice", "html": "<&>"}, tok.Claims.All)
			require.NoError(t, tok.Verify(alg, key.Public()))

			for other := range algorithms {
				if other != alg {
					require.ErrorIs(t, tok.Verify(other, key.Public()), ErrAlgorithm, other)
				}
			}
			header, _, signature, err := split(text)
			require.NoError(t, err)
			forged, err := Parse(header + "." + encode(`{"sub":"admin","html":"<&>"}`) + "." + signature)
			require.NoError(t, err)
			require.ErrorIs(t, forged.Verify(alg, key.Public()), ErrSignature)
			cut, err := Parse(text[:len(text)-4])
			if err == nil {
				err = cut.Verify(alg, key.Public())
			}
			require.Error(t, err)
		})
	}
}

func TestAnotherKeyOfTheKindDoesNotVerify(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"ES256", "ES384", "ES512", "EdDSA"} {
		_, tok := sign(t, alg, signer(t, alg))
		require.ErrorIs(t, tok.Verify(alg, signer(t, alg).Public()), ErrSignature, alg)
	}
}

func TestASignatureOfAnotherAlgorithmUnderTheKeysNameIsWrong(t *testing.T) {
	t.Parallel()
	for header, signed := range map[string]string{"RS256": "PS256", "PS256": "RS256", "RS512": "RS256", "PS384": "PS512"} {
		text, _ := sign(t, signed, rsaKey())
		_, payload, _, err := split(text)
		require.NoError(t, err)
		input := encode(`{"alg":"`+header+`"}`) + "." + payload
		signature, err := algorithms[signed].method.Sign(input, rsaKey())
		require.NoError(t, err)
		tok, err := Parse(input + "." + encode(string(signature)))
		require.NoError(t, err)
		require.ErrorIs(t, tok.Verify(header, rsaKey().Public()), ErrSignature, "%s says it is %s", signed, header)
	}
}

func TestPSSaltIsAsLongAsTheHash(t *testing.T) {
	t.Parallel()
	input := encode(`{"alg":"PS256"}`) + "." + encode(goodPayload)
	digest := sha256.Sum256([]byte(input))
	for salt, want := range map[int]error{sha256.Size: nil, 0: ErrSignature, 20: ErrSignature, 64: ErrSignature} {
		options := &rsa.PSSOptions{SaltLength: salt, Hash: crypto.SHA256}
		if salt == 0 {
			options.SaltLength = rsa.PSSSaltLengthAuto // as long as fits
		}
		signature, err := rsa.SignPSS(rand.Reader, rsaKey(), crypto.SHA256, digest[:], options)
		require.NoError(t, err)
		tok, err := Parse(input + "." + encode(string(signature)))
		require.NoError(t, err)
		require.ErrorIs(t, tok.Verify("PS256", rsaKey().Public()), want, "salt of %d bytes", salt)
	}
}

func TestAPublicKeyIsNeverASecret(t *testing.T) {
	t.Parallel()
	public := &rsaKey().PublicKey
	spki, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	members, err := json.Marshal(map[string]string{"kty": "RSA", "e": "AQAB", "n": encode(string(public.N.Bytes()))})
	require.NoError(t, err)
	for name, secret := range map[string]string{
		"PEM": text, "PEM with CR LF": strings.ReplaceAll(text, "\n", "\r\n"), "PEM without the last LF": strings.TrimSpace(text),
		"PEM behind a space": " " + text, "SPKI": string(spki), "PKCS #1": string(x509.MarshalPKCS1PublicKey(public)),
		"JWK": string(members), "modulus": string(public.N.Bytes()), "nothing": "",
	} {
		for _, alg := range []string{"HS256", "hs256", "HS384", "HS512"} {
			input := encode(`{"alg":"`+alg+`"}`) + "." + encode(goodPayload)
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(input))
			tok, err := Parse(input + "." + encode(string(mac.Sum(nil))))
			require.NoError(t, err)
			require.ErrorIs(t, tok.Verify("RS256", public), ErrAlgorithm, name)
			require.ErrorIs(t, tok.Verify(alg, public), ErrAlgorithm, name)
			require.ErrorIs(t, tok.Verify(alg, []byte(secret)), ErrAlgorithm, name)
		}
	}
}

func TestNoneIsNoAlgorithm(t *testing.T) {
	t.Parallel()
	key := newEC(t, elliptic.P256())
	for _, none := range []string{"none", "None", "NONE", "nOnE"} {
		tok, err := Parse(compact(`{"alg":"`+none+`"}`, goodPayload))
		require.NoError(t, err)
		require.ErrorIs(t, tok.Verify("ES256", key.Public()), ErrAlgorithm)
		require.ErrorIs(t, tok.Verify(none, key.Public()), ErrAlgorithm)
		require.ErrorIs(t, tok.Verify(none, nil), ErrAlgorithm)
		_, err = Sign(Header{Algorithm: none}, map[string]any{}, key)
		require.ErrorIs(t, err, ErrAlgorithm)
	}
}

func TestSignRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	for name, claims := range map[string]any{"a function": func() {}, "invalid UTF-8": map[string]string{"sub": "\xff"}} {
		_, err := Sign(Header{Algorithm: "EdDSA"}, claims, newEd25519(t))
		require.Error(t, err, name)
	}
}

func TestCheckKey(t *testing.T) {
	t.Parallel()
	odd := func(bits uint) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.Add(n, big.NewInt(1))
	}
	large := int64(1)<<32 + 1
	weak := big.NewInt(1)
	for _, p := range rocaPrimes {
		weak.Mul(weak, big.NewInt(p))
	}
	weak.Lsh(weak, 2000).Add(weak, big.NewInt(65537))
	for name, tc := range map[string]struct {
		alg string
		key crypto.PublicKey
		err error
	}{
		"P-256 is for ES256":                 {"ES256", newEC(t, elliptic.P256()).Public(), nil},
		"P-384 is not for ES256":             {"ES256", newEC(t, elliptic.P384()).Public(), ErrAlgorithm},
		"P-256 is not for ES512":             {"ES512", newEC(t, elliptic.P256()).Public(), ErrAlgorithm},
		"P-256 is not for RS256":             {"RS256", newEC(t, elliptic.P256()).Public(), ErrAlgorithm},
		"P-256 is not for EdDSA":             {"EdDSA", newEC(t, elliptic.P256()).Public(), ErrAlgorithm},
		"P-224 is for nothing":               {"ES256", newEC(t, elliptic.P224()).Public(), ErrAlgorithm},
		"Ed25519 is not for ES256":           {"ES256", newEd25519(t).Public(), ErrAlgorithm},
		"Ed25519 is as long as it is":        {"EdDSA", ed25519.PublicKey("short"), ErrKey},
		"RSA of 2048 bits":                   {"RS256", &rsa.PublicKey{N: odd(2048), E: 3}, nil},
		"RSA of 8192 bits":                   {"PS512", &rsa.PublicKey{N: odd(8192), E: 65537}, nil},
		"RSA of 2047 bits":                   {"RS256", &rsa.PublicKey{N: odd(2047), E: 65537}, ErrKey},
		"RSA of 1024 bits":                   {"RS256", &rsa.PublicKey{N: odd(1024), E: 65537}, ErrKey},
		"RSA of 8193 bits":                   {"RS256", &rsa.PublicKey{N: odd(8193), E: 65537}, ErrKey},
		"RSA of 16384 bits":                  {"RS256", &rsa.PublicKey{N: odd(16384), E: 65537}, ErrKey},
		"RSA with an even exponent":          {"RS256", &rsa.PublicKey{N: odd(2048), E: 65536}, ErrKey},
		"RSA with exponent 1":                {"RS256", &rsa.PublicKey{N: odd(2048), E: 1}, ErrKey},
		"RSA with exponent 0":                {"RS256", &rsa.PublicKey{N: odd(2048)}, ErrKey},
		"RSA with a negative exponent":       {"RS256", &rsa.PublicKey{N: odd(2048), E: -3}, ErrKey},
		"RSA of the chips of CVE-2017-15361": {"RS256", &rsa.PublicKey{N: weak, E: 65537}, ErrKey},
		"RSA with an exponent of 33 bits":    {"RS256", &rsa.PublicKey{N: odd(2048), E: int(large)}, ErrKey},
		"RSA with an even modulus":           {"RS256", &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}, ErrKey},
		"RSA is not for ES256":               {"ES256", &rsa.PublicKey{N: odd(2048), E: 65537}, ErrAlgorithm},
		"RSA is not for EdDSA":               {"EdDSA", &rsa.PublicKey{N: odd(2048), E: 65537}, ErrAlgorithm},
		"a private key is not public":        {"ES256", newEC(t, elliptic.P256()), ErrKey},
		"bytes are no key":                   {"ES256", []byte("secret"), ErrKey},
		"nothing is no key":                  {"ES256", nil, ErrKey},
		"Ed25519 has two names":              {"Ed25519", newEd25519(t).Public(), nil},
		"RSA is not for Ed25519":             {"Ed25519", &rsa.PublicKey{N: odd(2048), E: 65537}, ErrAlgorithm},
		"P-256 is not for Ed25519":           {"Ed25519", newEC(t, elliptic.P256()).Public(), ErrAlgorithm},
		"Ed448 is unknown":                   {"Ed448", newEd25519(t).Public(), ErrAlgorithm},
		"bytes are no secret for HS256":      {"HS256", []byte(strings.Repeat("s", 64)), ErrAlgorithm},
		"a string is no secret for HS256":    {"HS256", strings.Repeat("s", 64), ErrAlgorithm},
		"es256 is unknown":                   {"es256", newEC(t, elliptic.P256()).Public(), ErrAlgorithm},
		"no algorithm":                       {"", newEC(t, elliptic.P256()).Public(), ErrAlgorithm},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, CheckKey(tc.alg, tc.key), tc.err)
		})
	}
}

// The twin is as good a signature as the first: whoever revokes a token must go
// by its jti, and never by its text.
func TestTheTwinOfAnECDSASignatureVerifiesAndIsAnotherText(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"ES256", "ES384", "ES512"} {
		key := signer(t, alg).(*ecdsa.PrivateKey)
		text, tok := sign(t, alg, key)
		half := len(tok.signature) / 2
		s := new(big.Int).SetBytes(tok.signature[half:])
		twin := append([]byte(nil), tok.signature...)
		s.Sub(key.Params().N, s).FillBytes(twin[half:])
		other := tok.signed + "." + encode(string(twin))
		require.NotEqual(t, text, other)
		got, err := Parse(other)
		require.NoError(t, err)
		require.NoError(t, got.Verify(alg, key.Public()))
		require.Equal(t, tok.Claims, got.Claims)
	}
}

func BenchmarkVerifyES256(b *testing.B) {
	key := newEC(b, elliptic.P256())
	_, tok := sign(b, "ES256", key)
	b.ReportAllocs()
	for b.Loop() {
		if err := tok.Verify("ES256", &key.PublicKey); err != nil {
			b.Fatal(err)
		}
	}
}
