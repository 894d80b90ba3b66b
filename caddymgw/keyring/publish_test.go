package keyring

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJWKSHoldsThePublicKeysAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"ES256", "ES384", "EdDSA", "RS256", "PS256"} {
		s := newMemory()
		r, err := Open(t.Context(), s, policy("test", alg, clock))
		require.NoError(t, err)
		content, err := JWKS(r)
		require.NoError(t, err)
		var set struct{ Keys []map[string]string }
		require.NoError(t, json.Unmarshal(content, &set))
		require.Len(t, set.Keys, 1)
		k := set.Keys[0]
		require.Equal(t, r.Active(start).ID, k["kid"])
		require.Equal(t, alg, k["alg"])
		require.Equal(t, "sig", k["use"])
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			require.NotContains(t, k, private)
		}
		member := func(name string) []byte {
			b, err := base64.RawURLEncoding.DecodeString(k[name])
			require.NoError(t, err)
			return b
		}
		switch key := r.Active(start).Signer.Public().(type) {
		case *ecdsa.PublicKey:
			curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384()}[k["crv"]]
			got, err := ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, member("x")...), member("y")...))
			require.NoError(t, err)
			require.True(t, key.Equal(got))
		case ed25519.PublicKey:
			require.True(t, key.Equal(ed25519.PublicKey(member("x"))))
		case *rsa.PublicKey:
			require.True(t, key.Equal(&rsa.PublicKey{N: new(big.Int).SetBytes(member("n")), E: int(new(big.Int).SetBytes(member("e")).Int64())}))
		default:
			require.Fail(t, "which key?")
		}
	}
}
