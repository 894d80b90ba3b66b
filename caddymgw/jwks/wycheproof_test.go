package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/token"
	"github.com/caddymgw/gateway/internal/shared"
)

type group struct {
	Comment string          `json:"comment"`
	Public  json.RawMessage `json:"public"`
	Private json.RawMessage `json:"private"`
	Tests   []struct {
		ID      int             `json:"tcId"`
		Comment string          `json:"comment"`
		JWS     json.RawMessage `json:"jws"`
		Result  string          `json:"result"`
	} `json:"tests"`
}

func groups(t *testing.T, file string) []group {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(shared.Dir(t, "jose"), file))
	require.NoError(t, err)
	var all struct {
		Groups []group `json:"testGroups"`
	}
	require.NoError(t, json.Unmarshal(content, &all))
	return all.Groups
}

// issuer reads the keys of a group as a published set, and if there is nothing
// public, as a file of secrets.
func (g *group) issuer() (*Set, error) {
	if g.Public == nil {
		return FromFile(g.Private)
	}
	if strings.Contains(string(g.Public), `"keys"`) {
		s, _, err := Parse(g.Public)
		return s, err
	}
	s, _, err := Parse([]byte(`{"keys":[` + string(g.Public) + `]}`))
	return s, err
}

// accepts does what a verifier does, but for the payload being claims: the
// vectors sign "foo".
func accepts(s *Set, text string) bool {
	header, err := token.Peek(text)
	if err != nil {
		return false
	}
	dot := strings.LastIndexByte(text, '.')
	for _, k := range s.Find(header.KeyID, header.Algorithm) {
		if k.Check(header.Algorithm) == nil && verifies(k, header.Algorithm, text[:dot], text[dot+1:]) {
			return true
		}
	}
	return false
}

func verifies(k token.Key, alg, signed, signature string) bool {
	sig, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil {
		return false
	}
	newHash, id := map[string]func() hash.Hash{"256": sha256.New, "384": sha512.New384, "512": sha512.New}[alg[2:]],
		map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[2:]]
	var digest []byte
	if newHash != nil {
		h := newHash()
		h.Write([]byte(signed))
		digest = h.Sum(nil)
	}
	switch key := k.Public.(type) {
	case token.HMACSecret:
		mac := hmac.New(newHash, key)
		mac.Write([]byte(signed))
		return hmac.Equal(mac.Sum(nil), sig)
	case ed25519.PublicKey:
		return ed25519.Verify(key, []byte(signed), sig)
	case *ecdsa.PublicKey:
		half := len(sig) / 2
		return ecdsa.Verify(key, digest, new(big.Int).SetBytes(sig[:half]), new(big.Int).SetBytes(sig[half:]))
	case *rsa.PublicKey:
		if alg[0] == 'P' {
			return rsa.VerifyPSS(key, id, digest, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(key, id, digest, sig) == nil
	}
	return false
}

func TestWycheproofKeys(t *testing.T) {
	t.Parallel()
	judged, accepted := 0, 0
	for _, g := range groups(t, "json_web_key_test.json") {
		s, err := g.issuer()
		for _, v := range g.Tests {
			judged++
			var text string
			require.NoError(t, json.Unmarshal(v.JWS, &text))
			ok := err == nil && accepts(s, text)
			if ok {
				accepted++
			}
			require.Equal(t, v.Result == "valid", ok, "%d %s %s: %v", v.ID, g.Comment, v.Comment, err)
			if v.Result == "invalid" && v.Comment != "rejectsModifiedSignature" {
				require.Error(t, err, "%d is the fault of the key, not of the signature", v.ID)
			}
		}
	}
	require.Equal(t, 26, judged)
	require.Equal(t, 5, accepted)
}

// What is wrong with these keys is told by use, key_ops, alg or the set. The
// other vectors are the business of package token.
func TestWycheproofKeysOfTheOtherFiles(t *testing.T) {
	t.Parallel()
	refused := map[string]string{"jws_rsa_roca_key": "weak", "jws_mixedSymmetryKeyset": "two files", "rsa_encryption": "not for signatures", "ec_key_for_encryption": "not for signatures"}
	for file, want := range map[string]struct{ refused, groups, accepted int }{
		"json_web_crypto_test.json":    {refused: 2, groups: 6, accepted: 4},
		"json_web_signature_test.json": {refused: 4, groups: 23, accepted: 34},
	} {
		refusals, read, accepted := 0, 0, 0
		for _, g := range groups(t, file) {
			if strings.HasPrefix(g.Comment, "jwe_") {
				continue
			}
			read++
			s, err := g.issuer()
			if reason := refused[g.Comment]; reason != "" {
				require.ErrorContains(t, err, reason, g.Comment)
				refusals++
				continue
			}
			if err != nil {
				require.ErrorContains(t, err, `its algorithm "ES521" is none for signatures`, g.Comment)
				continue
			}
			for _, v := range g.Tests {
				var text string
				if v.Result == "valid" && json.Unmarshal(v.JWS, &text) == nil && accepts(s, text) {
					accepted++
				}
			}
		}
		require.Equal(t, want.refused, refusals, file)
		require.Equal(t, want.groups, read, file)
		require.Equal(t, want.accepted, accepted, file)
	}
}

func TestWycheproofKeysForAgreementAreNoKeysForSignatures(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"x25519_jwk_test.json", "x448_jwk_test.json"} {
		content, err := os.ReadFile(filepath.Join(shared.Dir(t, "jose"), file))
		require.NoError(t, err)
		var all struct {
			Groups []struct {
				Tests []struct {
					Public json.RawMessage `json:"public"`
				} `json:"tests"`
			} `json:"testGroups"`
		}
		require.NoError(t, json.Unmarshal(content, &all))
		tried := 0
		for _, g := range all.Groups {
			for _, v := range g.Tests {
				tried++
				if strings.Contains(string(v.Public), `"P-`) { // "uses public key for P-256"
					continue
				}
				_, _, err := Parse([]byte(`{"keys":[` + string(v.Public) + `]}`))
				require.Error(t, err)
				_, err = FromFile(v.Public)
				require.Error(t, err)
			}
		}
		require.Greater(t, tried, 100)
	}
}
