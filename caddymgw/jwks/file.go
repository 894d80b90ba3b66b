package jwks

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// FromFile reads the keys that the operator names: public keys or certificates
// in PEM, of a certificate its key alone, whoever signed it and whenever it
// expires; a JWK; or a JWK Set. Unlike a published set, a JWK or JWK Set may
// hold symmetric secrets ("kty": "oct"), but then no public keys beside them.
//
// Keys of a set that are for something else are passed over. Whatever is wrong
// with a key is an error, so is a private key, and so are two keys that a token
// can't tell apart: without kid, or of one kid, and fit for one algorithm.
// Where no key has a kid, as in PEM, the kid of a token does not matter. Errors
// never repeat what was read.
func FromFile(content []byte) (*Set, error) {
	trimmed := bytes.TrimSpace(content)
	var keys []token.Key
	var err error
	switch {
	case len(content) > MaxSize:
		return nil, fmt.Errorf("it is longer than %d bytes", MaxSize)
	case len(trimmed) == 0:
		return nil, errors.New("it is empty")
	case trimmed[0] == '{':
		keys, err = fromJSON(content)
	case bytes.Contains(content, []byte("-----BEGIN ")):
		keys, err = fromPEM(trimmed)
	default:
		return nil, errors.New("it is neither PEM nor a JWK nor a JWK Set")
	}
	if err != nil {
		return nil, err
	}
	s, err := NewSet(keys)
	if err != nil {
		return nil, err
	}
	if err := s.unambiguous(); err != nil {
		return nil, err
	}
	s.anonymous = len(s.named) == 0
	return s, nil
}

// unambiguous makes sure that each key can be found, and no other in its place.
func (s *Set) unambiguous() error {
	secrets := 0
	for i, k := range s.keys {
		if _, ok := k.Public.(token.HMACSecret); ok {
			secrets++
		}
		for _, other := range s.keys[:i] {
			unnamed := k.ID == "" || other.ID == ""
			if !unnamed && (k.ID != other.ID || equal(k, other)) {
				continue
			}
			for _, alg := range fits(k) {
				switch {
				case other.Check(alg) != nil:
				case unnamed:
					return fmt.Errorf(`two keys fit %s and have no kid, or one has none: write them as a JWK Set, each with the "kid" that its tokens name`, alg)
				default:
					return fmt.Errorf("two keys that fit %s have the kid %s", alg, name(k.ID))
				}
			}
		}
	}
	if secrets > 0 && secrets < len(s.keys) {
		return errors.New("it holds secrets and public keys: put them into two files")
	}
	return nil
}

func fromJSON(content []byte) ([]token.Key, error) {
	members, err := readObject(content)
	if err != nil {
		return nil, err
	}
	if _, ok := members["keys"]; !ok {
		k, err := parseJWK(members, true)
		return []token.Key{k}, private(err)
	}
	list, err := listOf(members)
	if err != nil {
		return nil, err
	}
	var keys []token.Key
	var passed error
	for i, item := range list {
		k, err := parseJWK(item, true)
		if err == nil {
			keys = append(keys, k)
			continue
		}
		err = fmt.Errorf("%s: %w", nth(i, k.ID), private(err))
		if f := foreign(""); !errors.As(err, &f) {
			return nil, err
		}
		passed = err
	}
	if len(keys) == 0 && passed != nil {
		return nil, fmt.Errorf("it holds no key for signatures: %w", passed)
	}
	return keys, nil
}

// private says it in words for the operator, whose file it is.
func private(err error) error {
	if errors.Is(err, errPrivate) {
		return errors.New(`it is a private key, and a public one is wanted: remove "d" and what else of it is private`)
	}
	return err
}

func fromPEM(content []byte) ([]token.Key, error) {
	var keys []token.Key
	unread := bytes.Count(content, []byte("-----BEGIN "))
	for rest := content; ; unread-- {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			if len(bytes.TrimSpace(rest)) > 0 {
				return nil, errors.New("it holds something besides PEM, or a PEM block that can't be read")
			}
			break
		}
		public, err := publicKey(block)
		if err != nil {
			return nil, err
		}
		k := token.Key{Public: public}
		if err := fit(k); err != nil {
			return nil, fmt.Errorf("a key in it can't be used: %w", err)
		}
		keys = append(keys, k)
	}
	if unread > 0 { // pem.Decode passes over what it can't read
		return nil, errors.New("it holds a PEM block that can't be read")
	}
	return keys, nil
}

func publicKey(block *pem.Block) (crypto.PublicKey, error) {
	switch {
	case strings.Contains(block.Type, "PRIVATE"):
		return nil, errors.New("it holds a private key, and a public one is wanted: openssl pkey -in FILE -pubout")
	case block.Type == "PUBLIC KEY":
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, errors.New("the public key can't be read")
		}
		return key, nil
	case block.Type == "RSA PUBLIC KEY":
		key, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return nil, errors.New("the public key can't be read")
		}
		return key, nil
	case block.Type == "CERTIFICATE":
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("the certificate can't be read")
		}
		if certificate.PublicKey == nil {
			return nil, errors.New("the key of the certificate is of an unknown kind")
		}
		return certificate.PublicKey, nil
	default:
		return nil, errors.New("it holds PEM that is neither a public key nor a certificate")
	}
}
