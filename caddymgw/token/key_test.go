package token

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var hashes = map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}

// mac returns a token of a secret, whatever its length.
func mac(t testing.TB, alg string, secret []byte) *Token {
	t.Helper()
	input := encode(`{"alg":"`+alg+`"}`) + "." + encode(goodPayload)
	h := hmac.New(hashes[alg], secret)
	h.Write([]byte(input))
	tok, err := Parse(input + "." + encode(string(h.Sum(nil))))
	require.NoError(t, err)
	return tok
}

func TestASecretVerifiesWhatItSignedAndNothingElse(t *testing.T) {
	t.Parallel()
	for alg, size := range map[string]int{"HS256": 32, "HS384": 48, "HS512": 64} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			secret := HMACSecret(strings.Repeat("s", size))
			tok := mac(t, alg, secret)
			require.NoError(t, tok.Verify(alg, secret))
			for other := range algorithms {
				if other != alg {
					require.ErrorIs(t, tok.Verify(other, secret), ErrAlgorithm, other)
				}
			}
			require.ErrorIs(t, tok.Verify(alg, HMACSecret(strings.Repeat("t", size))), ErrSignature)
			require.ErrorIs(t, tok.Verify(alg, []byte(secret)), ErrAlgorithm, "bytes are not meant as a secret")
			require.ErrorIs(t, tok.Verify(alg, string(secret)), ErrAlgorithm)
			require.ErrorIs(t, tok.Verify(alg, nil), ErrAlgorithm)
			tok.signature = tok.signature[:size/2]
			require.ErrorIs(t, tok.Verify(alg, secret), ErrSignature, "half of a MAC")
			tok.signature = nil
			require.ErrorIs(t, tok.Verify(alg, secret), ErrSignature, "no MAC")

			long := HMACSecret(strings.Repeat("s", 1000))
			require.NoError(t, mac(t, alg, long).Verify(alg, long))
			for _, short := range []HMACSecret{nil, {}, secret[:1], secret[:size-1]} {
				require.ErrorIs(t, mac(t, alg, short).Verify(alg, short), ErrKey, "%d bytes", len(short))
			}
		})
	}
}

func TestASecretFitsNoOtherAlgorithmAndNoKeyFitsHMAC(t *testing.T) {
	t.Parallel()
	_, tok := sign(t, "RS256", rsaKey())
	secret := HMACSecret(strings.Repeat("s", 64))
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	require.ErrorIs(t, tok.Verify("RS256", secret), ErrAlgorithm)
	for _, alg := range Algorithms() {
		want := ErrAlgorithm
		if Symmetric(alg) {
			want = nil
			for _, key := range []any{
				&rsaKey().PublicKey, rsaKey(), newEC(t, elliptic.P256()).Public(), newEd25519(t).Public(), newEd25519(t),
				x25519.PublicKey(), ed25519.PublicKey(secret), [64]byte(secret), []byte(secret), json.RawMessage(secret),
			} {
				require.ErrorIs(t, CheckKey(alg, key), ErrAlgorithm, "%T", key)
			}
		}
		require.ErrorIs(t, CheckKey(alg, secret), want, alg)
	}
}

// The attack of THREATS D2, should a public key ever be kept as a secret is
// kept: it is of another type.
func TestAMACByAPublicKeyIsRefused(t *testing.T) {
	t.Parallel()
	spki, err := x509.MarshalPKIXPublicKey(rsaKey().Public())
	require.NoError(t, err)
	for _, secret := range [][]byte{spki, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}), rsaKey().N.Bytes()} {
		for alg := range hashes {
			tok := mac(t, alg, secret)
			for _, pinned := range []string{"", "RS256", alg} {
				k := Key{Algorithm: pinned, Public: &rsaKey().PublicKey}
				require.ErrorIs(t, tok.VerifyKey(k, nil), ErrAlgorithm)
				require.ErrorIs(t, tok.VerifyKey(k, []string{"RS256", alg}), ErrAlgorithm)
			}
		}
	}
}

func TestVerifyKey(t *testing.T) {
	t.Parallel()
	ed, ec := newEd25519(t), newEC(t, elliptic.P256())
	secret := HMACSecret(strings.Repeat("s", 64))
	_, eddsa := sign(t, "EdDSA", ed)
	_, ed25519 := sign(t, "Ed25519", ed)
	_, es256 := sign(t, "ES256", ec)
	_, rs256 := sign(t, "RS256", rsaKey())
	_, ps256 := sign(t, "PS256", rsaKey())
	hs256 := mac(t, "HS256", secret)
	for name, tc := range map[string]struct {
		tok     *Token
		pinned  string
		key     any
		allowed []string
		err     error
	}{
		"a key for every algorithm that fits":   {rs256, "", rsaKey().Public(), nil, nil},
		"the header chooses":                    {ps256, "", rsaKey().Public(), nil, nil},
		"the key is for this one":               {rs256, "RS256", rsaKey().Public(), nil, nil},
		"the key is for another one":            {ps256, "RS256", rsaKey().Public(), nil, ErrAlgorithm},
		"allowed":                               {rs256, "", rsaKey().Public(), []string{"ES256", "RS256"}, nil},
		"not allowed":                           {ps256, "", rsaKey().Public(), []string{"ES256", "RS256"}, ErrAlgorithm},
		"not allowed though the key is for it":  {ps256, "PS256", rsaKey().Public(), []string{"RS256"}, ErrAlgorithm},
		"allowed does not lift the pin":         {ps256, "RS256", rsaKey().Public(), []string{"PS256"}, ErrAlgorithm},
		"the name is exact":                     {rs256, "", rsaKey().Public(), []string{"rs256"}, ErrAlgorithm},
		"a key of another kind":                 {es256, "", rsaKey().Public(), nil, ErrAlgorithm},
		"a key of another kind, pinned to it":   {es256, "ES256", rsaKey().Public(), nil, ErrAlgorithm},
		"a key that is another one":             {es256, "", newEC(t, elliptic.P256()).Public(), nil, ErrSignature},
		"a pin that nobody knows":               {es256, "ES521", ec.Public(), nil, ErrAlgorithm},
		"no key":                                {es256, "", nil, nil, ErrKey},
		"EdDSA by a key for EdDSA":              {eddsa, "EdDSA", ed.Public(), nil, nil},
		"EdDSA by a key for Ed25519":            {eddsa, "Ed25519", ed.Public(), nil, nil},
		"Ed25519 by a key for EdDSA":            {ed25519, "EdDSA", ed.Public(), nil, nil},
		"Ed25519 by a key for Ed25519":          {ed25519, "Ed25519", ed.Public(), nil, nil},
		"Ed25519 by a key for all":              {ed25519, "", ed.Public(), nil, nil},
		"Ed25519 where EdDSA is allowed":        {ed25519, "", ed.Public(), []string{"EdDSA"}, ErrAlgorithm},
		"EdDSA where Ed25519 is allowed":        {eddsa, "", ed.Public(), []string{"Ed25519"}, ErrAlgorithm},
		"HS256 is not allowed unless named":     {hs256, "", secret, nil, ErrAlgorithm},
		"HS256 is not allowed by an empty list": {hs256, "HS256", secret, []string{}, ErrAlgorithm},
		"HS256 is named":                        {hs256, "", secret, []string{"HS256"}, nil},
		"HS256 by a secret for HS512":           {hs256, "HS512", secret, []string{"HS256", "HS512"}, ErrAlgorithm},
		"HS256 by a secret that is short":       {hs256, "", secret[:31], []string{"HS256"}, ErrKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, tc.tok.VerifyKey(Key{Algorithm: tc.pinned, Public: tc.key}, tc.allowed), tc.err)
		})
	}
}

func TestVerifyWantsTheVeryNameOfTheHeader(t *testing.T) {
	t.Parallel()
	key := newEd25519(t)
	for alg, other := range map[string]string{"EdDSA": "Ed25519", "Ed25519": "EdDSA"} {
		_, tok := sign(t, alg, key)
		require.NoError(t, tok.Verify(alg, key.Public()))
		require.ErrorIs(t, tok.Verify(other, key.Public()), ErrAlgorithm)
	}
}

func TestSignTakesNoSecret(t *testing.T) {
	t.Parallel()
	for alg := range hashes {
		_, err := Sign(Header{Algorithm: alg}, map[string]any{}, rsaKey())
		require.ErrorIs(t, err, ErrAlgorithm)
	}
}

func TestAlgorithms(t *testing.T) {
	t.Parallel()
	all := Algorithms()
	require.Equal(t, []string{
		"ES256", "ES384", "ES512", "Ed25519", "EdDSA", "HS256", "HS384", "HS512",
		"PS256", "PS384", "PS512", "RS256", "RS384", "RS512",
	}, all)
	require.Equal(t, []string{"HS256", "HS384", "HS512"}, slices.Collect(func(yield func(string) bool) {
		for _, alg := range all {
			if Symmetric(alg) && !yield(alg) {
				return
			}
		}
	}))
	for _, alg := range []string{"", "none", "hs256", "HS1"} {
		require.False(t, Symmetric(alg))
	}
}

func TestASecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	secret := HMACSecret("hunter2-and-some-more")
	members, err := json.Marshal(map[string]any{"k": secret, "key": Key{Public: secret}})
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "k", secret)
	texts := []string{string(members), log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o", "%c", "%U"} {
		texts = append(texts, fmt.Sprintf(verb, secret), fmt.Sprintf(verb, Key{ID: "k", Public: secret}))
	}
	for _, text := range texts {
		require.NotContains(t, text, "hunter2")
		require.NotContains(t, strings.ToLower(text), fmt.Sprintf("%x", "hunter2"))
		require.NotContains(t, text, "104 117")
		require.NotContains(t, strings.ToLower(text), "0x68, 0x75")
	}
}
