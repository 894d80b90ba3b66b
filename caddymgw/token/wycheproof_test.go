package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/shared"
)

// jwk holds the members that the vectors use, or a key set.
type jwk struct {
	Type      string   `json:"kty"`
	Algorithm string   `json:"alg"`
	KeyID     string   `json:"kid"`
	Use       string   `json:"use"`
	Ops       []string `json:"key_ops"`
	Curve     string   `json:"crv"`
	N         string   `json:"n"`
	E         string   `json:"e"`
	X         string   `json:"x"`
	Y         string   `json:"y"`
	K         string   `json:"k"`
	Keys      []jwk    `json:"keys"`
}

type vectors struct {
	Groups []struct {
		Comment string `json:"comment"`
		Public  *jwk   `json:"public"`
		Private *jwk   `json:"private"`
		Tests   []struct {
			ID     int             `json:"tcId"`
			JWS    json.RawMessage `json:"jws"` // a string, or the JSON serialization
			Result string          `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

const (
	outside   = "a character outside of the alphabet"
	noPayload = "an empty payload is no claims set"
	otherAlg  = "the key names another algorithm than the header"
	noSuchAlg = "the key names an algorithm that RFC 7518 does not have"
	keyUse    = "use and key_ops are judged by whoever reads a key set"
	sameText  = "the text is that of 357, which is valid: the padding that it speaks of is not there"
	mixedSet  = "a set of secrets and public keys is refused by whoever reads it"
)

// Valid vectors that are refused all the same.
var strictness = map[string]map[int]string{
	"json_web_signature_test.json": {
		372: outside, 373: outside,
		259: noPayload, 264: noPayload, 268: noPayload, 272: noPayload, 320: noPayload, 325: noPayload,
		346: otherAlg, 350: otherAlg, 347: noSuchAlg, 351: noSuchAlg,
	},
}

// Invalid vectors with good signatures, that are not this package's to refuse.
var elsewhere = map[string]map[int]string{
	"json_web_signature_test.json": {353: keyUse, 354: keyUse, 355: keyUse, 356: keyUse, 367: sameText, 370: sameText},
	"json_web_crypto_test.json":    {47: mixedSet},
}

func TestWycheproof(t *testing.T) {
	t.Parallel()
	dir := shared.Dir(t, "jose")
	for file, want := range map[string]struct{ judged, verified int }{
		"json_web_signature_test.json": {judged: 395, verified: 34},
		"json_web_crypto_test.json":    {judged: 48, verified: 4},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join(dir, file))
			require.NoError(t, err)
			var all vectors
			require.NoError(t, json.Unmarshal(content, &all))
			judged, verified := 0, 0
			texts := map[int]string{}
			for _, g := range all.Groups {
				if strings.HasPrefix(g.Comment, "jwe_") {
					continue
				}
				key := g.Public
				if key == nil {
					key = g.Private
				}
				for _, v := range g.Tests {
					var text string
					if json.Unmarshal(v.JWS, &text) != nil {
						text = string(v.JWS)
					}
					texts[v.ID] = text
					if reason := elsewhere[file][v.ID]; reason != "" {
						if reason == sameText {
							require.Equal(t, texts[357], text)
						}
						continue
					}
					judged++
					reason := strictness[file][v.ID]
					tok, err := parseBytes(text)
					if err == nil {
						k := key.choose(tok.KeyID)
						err = tok.Verify(k.Algorithm, k.public(t))
						if reason == otherAlg || reason == noSuchAlg {
							require.NoError(t, tok.Verify(tok.Algorithm, k.public(t)), "with its own algorithm, %d", v.ID)
						}
					}
					if err == nil {
						verified++
					}
					if good := v.Result == "valid" && reason == ""; good != (err == nil) {
						t.Errorf("%s %d is %s, but: %v", g.Comment, v.ID, v.Result, err)
					}
				}
			}
			require.Equal(t, want.judged, judged)
			require.Equal(t, want.verified, verified)
		})
	}
}

// parseBytes does what Parse does, but for the payload being JSON: the vectors
// sign "foo".
func parseBytes(s string) (*Token, error) {
	header, payload, signature, err := split(s)
	if err != nil {
		return nil, err
	}
	tok := &Token{signed: header + "." + payload}
	if tok.Header, err = parseHeader(header); err != nil {
		return nil, err
	}
	if _, err = decode(payload); err != nil {
		return nil, err
	}
	tok.signature, err = decode(signature)
	return tok, err
}

func (k *jwk) choose(kid string) *jwk {
	for i := range k.Keys {
		if k.Keys[i].KeyID == kid {
			return &k.Keys[i]
		}
	}
	return k
}

func (k *jwk) public(t *testing.T) any {
	integer := func(s string) *big.Int {
		b, err := decode(s)
		require.NoError(t, err)
		return new(big.Int).SetBytes(b)
	}
	switch k.Type {
	case "RSA":
		return &rsa.PublicKey{N: integer(k.N), E: int(integer(k.E).Int64())}
	case "EC":
		curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-521": elliptic.P521()}[k.Curve]
		size := (curve.Params().BitSize + 7) / 8
		point := append([]byte{4}, integer(k.X).FillBytes(make([]byte, size))...)
		public, err := ecdsa.ParseUncompressedPublicKey(curve, append(point, integer(k.Y).FillBytes(make([]byte, size))...))
		require.NoError(t, err)
		return public
	default:
		secret, err := decode(k.K)
		require.NoError(t, err)
		return HMACSecret(secret)
	}
}
