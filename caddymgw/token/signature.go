package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

// algorithm is one of RFC 7518 section 3 or RFC 8037. There is no "none", and
// no HMAC: a public key must never be a secret.
type algorithm struct {
	method jwt.SigningMethod
	curve  elliptic.Curve // of ECDSA
}

var algorithms = map[string]algorithm{
	"ES256": {jwt.SigningMethodES256, elliptic.P256()},
	"ES384": {jwt.SigningMethodES384, elliptic.P384()},
	"ES512": {jwt.SigningMethodES512, elliptic.P521()},
	"EdDSA": {method: jwt.SigningMethodEdDSA},
	"RS256": {method: jwt.SigningMethodRS256},
	"RS384": {method: jwt.SigningMethodRS384},
	"RS512": {method: jwt.SigningMethodRS512},
	"PS256": {method: pss(jwt.SigningMethodPS256)},
	"PS384": {method: pss(jwt.SigningMethodPS384)},
	"PS512": {method: pss(jwt.SigningMethodPS512)},
}

// pss verifies with the salt length of RFC 7518 section 3.5 alone; the
// library's own methods take any.
func pss(m *jwt.SigningMethodRSAPSS) jwt.SigningMethod {
	return &jwt.SigningMethodRSAPSS{SigningMethodRSA: m.SigningMethodRSA, Options: m.Options}
}

// RSA keys outside of these bounds (bits of the modulus) are not used.
const (
	MinRSABits = 2048
	MaxRSABits = 8192
)

// CheckKey reports whether a public key is fit for the algorithm.
func CheckKey(alg string, key crypto.PublicKey) error {
	a, ok := algorithms[alg]
	if !ok {
		return ErrAlgorithm
	}
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if a.curve == nil || key.Curve != a.curve {
			return ErrAlgorithm
		}
	case ed25519.PublicKey:
		if alg != "EdDSA" {
			return ErrAlgorithm
		}
		if len(key) != ed25519.PublicKeySize {
			return ErrKey
		}
	case *rsa.PublicKey:
		if a.curve != nil || alg == "EdDSA" {
			return ErrAlgorithm
		}
		if bits := key.N.BitLen(); bits < MinRSABits || bits > MaxRSABits || key.E < 3 || key.E%2 == 0 || roca(key.N) {
			return ErrKey
		}
	default:
		return ErrKey
	}
	return nil
}

// Verify checks the signature by a key that was found for the token. The
// algorithm is the key's: the header must name the same.
func (t *Token) Verify(alg string, key crypto.PublicKey) error {
	if t.Algorithm != alg {
		return ErrAlgorithm
	}
	if err := CheckKey(alg, key); err != nil {
		return err
	}
	if err := algorithms[alg].method.Verify(t.signed, t.signature, key); err != nil {
		return ErrSignature
	}
	return nil
}

// Sign returns the compact JWS of the claims, which are marshalled as JSON.
func Sign(h Header, claims any, key crypto.Signer) (string, error) {
	if err := CheckKey(h.Algorithm, key.Public()); err != nil {
		return "", err
	}
	header, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid,omitempty"`
		Type      string `json:"typ,omitempty"`
	}{h.Algorithm, h.KeyID, h.Type})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims, jsontext.EscapeForHTML(false))
	if err != nil {
		return "", err
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := algorithms[h.Algorithm].method.Sign(signed, key)
	if err != nil {
		return "", err
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
