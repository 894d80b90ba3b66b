package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
)

// DefaultAlgorithm is what new keys sign with (RFC 7518 section 3.4).
const DefaultAlgorithm = "ES256"

const rsaBits = 3072

// Key is one signing key.
type Key struct {
	ID        string // kid: purpose and a hash of the public key, in lower case
	Algorithm string // JWS alg
	Signer    crypto.Signer
	Created   time.Time // zero for a key from a PEM file
	SignsFrom time.Time // until then it is only published; zero for a key from a PEM file
}

// Supported reports whether keys of an algorithm can be made: ES256, ES384,
// EdDSA, RS256 or PS256.
func Supported(algorithm string) bool {
	switch algorithm {
	case "ES256", "ES384", "EdDSA", "RS256", "PS256":
		return true
	}
	return false
}

func generate(algorithm string) (signer crypto.Signer, err error) {
	switch algorithm {
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "EdDSA":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case "RS256", "PS256":
		return rsa.GenerateKey(rand.Reader, rsaBits)
	}
	return nil, fmt.Errorf("algorithm %s is not supported", algorithm)
}

// fits returns the algorithms that a key can sign with, the default first.
func fits(signer crypto.Signer) []string {
	switch key := signer.(type) {
	case *ecdsa.PrivateKey:
		switch key.Curve {
		case elliptic.P256():
			return []string{"ES256"}
		case elliptic.P384():
			return []string{"ES384"}
		}
	case ed25519.PrivateKey:
		return []string{"EdDSA"}
	case *rsa.PrivateKey:
		return []string{"RS256", "PS256"}
	}
	return nil
}

// kid names a key by what it is, so that nodes agree without talking. Storages
// fold case, hence base32; 26 characters are 130 bits.
func kid(purpose string, public crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	hash := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])
	return purpose + "-" + strings.ToLower(hash[:26]), nil
}
