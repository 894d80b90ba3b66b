package keyring

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// RSA keys outside of these bounds verify nowhere.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// FromPEM returns a ring of one private key: PKCS #8, SEC 1 or PKCS #1. An
// empty algorithm means that of the key: ES256, ES384, EdDSA or RS256. Errors
// never repeat what was read.
func FromPEM(content []byte, algorithm string) (*Ring, error) {
	var block *pem.Block
	unread := bytes.Count(content, []byte("-----BEGIN "))
	for rest := content; ; unread-- {
		var next *pem.Block
		next, rest = pem.Decode(rest)
		if next == nil {
			if len(bytes.TrimSpace(rest)) > 0 {
				return nil, errors.New("it holds something besides PEM")
			}
			break
		}
		if next.Type == "EC PARAMETERS" {
			continue // `openssl ecparam -genkey` writes it
		}
		if block != nil {
			return nil, errors.New("it holds more than one PEM block: one private key is wanted")
		}
		block = next
	}
	if unread > 0 { // pem.Decode passes over what it can't read
		return nil, errors.New("it holds a PEM block that can't be read")
	}
	if block == nil {
		return nil, errors.New("it holds no PEM")
	}
	signer, err := privateKey(block)
	if err != nil {
		return nil, err
	}
	if algorithm == "" {
		if can := fits(signer); len(can) > 0 {
			algorithm = can[0]
		}
	}
	k, err := newKey("apikey", algorithm, signer)
	if err != nil {
		return nil, err
	}
	return newRing(algorithm, []*Key{k}, nil), nil
}

func privateKey(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":
		return nil, errors.New("the private key is encrypted: write it without a passphrase, readable by this user only")
	case block.Type == "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case block.Type == "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case block.Type == "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case strings.Contains(block.Type, "PRIVATE"):
		return nil, errors.New("a private key of this kind is not supported: EC, Ed25519 or RSA is wanted")
	default:
		return nil, errors.New("it holds no private key but something public")
	}
	if err != nil {
		return nil, errors.New("the private key can't be read")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the private key can't sign")
	}
	return signer, nil
}

func newKey(purpose, algorithm string, signer crypto.Signer) (*Key, error) {
	can := fits(signer)
	if len(can) == 0 {
		return nil, errors.New("a key of this kind is not supported: EC P-256 or P-384, Ed25519 or RSA is wanted")
	}
	if !slices.Contains(can, algorithm) {
		return nil, fmt.Errorf("algorithm %s does not fit the key, which is for %s", algorithm, strings.Join(can, " or "))
	}
	if key, ok := signer.(*rsa.PrivateKey); ok && (key.N.BitLen() < minRSABits || key.N.BitLen() > maxRSABits) {
		return nil, fmt.Errorf("an RSA key of %d bits is of no use: %d to %d are wanted", key.N.BitLen(), minRSABits, maxRSABits)
	}
	id, err := kid(purpose, signer.Public())
	if err != nil {
		return nil, err
	}
	return &Key{ID: id, Algorithm: algorithm, Signer: signer}, nil
}
