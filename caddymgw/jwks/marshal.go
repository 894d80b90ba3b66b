package jwks

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"math/big"

	"github.com/go-json-experiment/json"
)

// jwk is a public key as it is published.
type jwk struct {
	Kty string `json:"kty"`
	Kid string `json:"kid,omitempty"`
	Use string `json:"use"`
	Alg string `json:"alg,omitempty"`
	Crv string `json:"crv,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
}

// MarshalJSON writes the JWK Set that Parse reads as this one. A set with a
// secret is not written.
func (s *Set) MarshalJSON() ([]byte, error) {
	list := make([]jwk, len(s.keys))
	encode := base64.RawURLEncoding.EncodeToString
	for i, k := range s.keys {
		j := jwk{Kid: k.ID, Use: "sig", Alg: k.Algorithm}
		switch key := k.Public.(type) {
		case *rsa.PublicKey:
			j.Kty, j.N, j.E = "RSA", encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes())
		case *ecdsa.PublicKey:
			point, err := key.Bytes()
			if err != nil {
				return nil, err
			}
			half := len(point) / 2
			j.Kty, j.Crv, j.X, j.Y = "EC", key.Curve.Params().Name, encode(point[1:1+half]), encode(point[1+half:])
		case ed25519.PublicKey:
			j.Kty, j.Crv, j.X = "OKP", "Ed25519", encode(key)
		default:
			return nil, errSymmetric
		}
		list[i] = j
	}
	return json.Marshal(map[string][]jwk{"keys": list})
}
