package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"maps"
	"math"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

// algorithm is one of RFC 7518 section 3, RFC 8037 or RFC 9864. There is no
// "none". A public key is never a secret: HMAC takes an HMACSecret alone, which
// no other algorithm takes.
type algorithm struct {
	method jwt.SigningMethod
	kty    string         // of its keys, RFC 7518 section 6.1
	curve  elliptic.Curve // of ECDSA
	secret int            // of HMAC: the least length in bytes
}

var algorithms = map[string]algorithm{
	"ES256":   {method: jwt.SigningMethodES256, kty: "EC", curve: elliptic.P256()},
	"ES384":   {method: jwt.SigningMethodES384, kty: "EC", curve: elliptic.P384()},
	"ES512":   {method: jwt.SigningMethodES512, kty: "EC", curve: elliptic.P521()},
	"EdDSA":   {method: jwt.SigningMethodEdDSA, kty: "OKP"},
	"Ed25519": {method: jwt.SigningMethodEdDSA, kty: "OKP"},
	"RS256":   {method: jwt.SigningMethodRS256, kty: "RSA"},
	"RS384":   {method: jwt.SigningMethodRS384, kty: "RSA"},
	"RS512":   {method: jwt.SigningMethodRS512, kty: "RSA"},
	"PS256":   {method: pss(jwt.SigningMethodPS256), kty: "RSA"},
	"PS384":   {method: pss(jwt.SigningMethodPS384), kty: "RSA"},
	"PS512":   {method: pss(jwt.SigningMethodPS512), kty: "RSA"},
	"HS256":   {method: jwt.SigningMethodHS256, kty: "oct", secret: sha256.Size},
	"HS384":   {method: jwt.SigningMethodHS384, kty: "oct", secret: sha512.Size384},
	"HS512":   {method: jwt.SigningMethodHS512, kty: "oct", secret: sha512.Size},
}

// Algorithms returns the names of all algorithms that tokens may have, sorted.
func Algorithms() []string { return slices.Sorted(maps.Keys(algorithms)) }

// Symmetric reports whether an algorithm is verified by a secret: HS256, HS384
// or HS512.
func Symmetric(alg string) bool { return algorithms[alg].kty == "oct" }

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

// CheckKey reports whether a public key or an HMACSecret is fit for the
// algorithm. Errors: ErrAlgorithm for a key of another kind, ErrKey for one
// that is weak or broken.
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
		if a.kty != "OKP" {
			return ErrAlgorithm
		}
		if len(key) != ed25519.PublicKeySize {
			return ErrKey
		}
	case *rsa.PublicKey:
		if a.kty != "RSA" {
			return ErrAlgorithm
		}
		return checkRSA(key)
	case HMACSecret:
		if a.kty != "oct" {
			return ErrAlgorithm
		}
		if len(key) < a.secret {
			return ErrKey
		}
	default:
		if a.kty == "oct" {
			return ErrAlgorithm
		}
		return ErrKey
	}
	return nil
}

func checkRSA(key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < MinRSABits || bits > MaxRSABits || key.N.Bit(0) == 0 {
		return ErrKey
	}
	if key.E < 3 || key.E > math.MaxInt32 || key.E%2 == 0 || roca(key.N) {
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
	return t.verify(key)
}

// verify goes by a key that was checked for the algorithm of the header.
func (t *Token) verify(key crypto.PublicKey) error {
	if secret, ok := key.(HMACSecret); ok {
		key = []byte(secret)
	}
	if err := algorithms[t.Algorithm].method.Verify(t.signed, t.signature, key); err != nil {
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
	payload, err := json.Marshal(claims, jsontext.EscapeForHTML(false), json.Deterministic(true))
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
