package keyring

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
)

// jwk is a public key as RFC 7517 and RFC 8037 write it.
type jwk struct {
	KeyType   string `json:"kty"`
	KeyID     string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
}

// JWKS returns the public keys of the rings as a JWK Set (RFC 7517 section 5),
// in the order of their kids.
func JWKS(rings ...*Ring) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, r := range rings {
		for _, k := range r.keys {
			j, err := k.publish()
			if err != nil {
				return nil, err
			}
			set.Keys = append(set.Keys, j)
		}
	}
	slices.SortFunc(set.Keys, func(a, b jwk) int { return strings.Compare(a.KeyID, b.KeyID) })
	return json.Marshal(set)
}

func (k *Key) publish() (jwk, error) {
	j := jwk{KeyID: k.ID, Use: "sig", Algorithm: k.Algorithm}
	encode := base64.RawURLEncoding.EncodeToString
	switch key := k.Signer.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes() // 0x04, X, Y
		if err != nil {
			return j, err
		}
		size := (len(point) - 1) / 2
		j.KeyType, j.Curve = "EC", key.Params().Name
		j.X, j.Y = encode(point[1:1+size]), encode(point[1+size:])
	case ed25519.PublicKey:
		j.KeyType, j.Curve, j.X = "OKP", "Ed25519", encode(key)
	case *rsa.PublicKey:
		j.KeyType, j.N, j.E = "RSA", encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes())
	}
	return j, nil
}
