package authserver

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// pair is a signing key.
type pair struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

func newPair(algorithm string) (p *pair, err error) {
	p = &pair{id: strings.ToLower(rand.Text()), algorithm: jose.SignatureAlgorithm(algorithm)}
	switch p.algorithm {
	case "":
		p.algorithm = jose.RS256
		fallthrough
	case jose.RS256:
		p.private, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.ES256:
		p.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, p.private, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("algorithm %s: there are RS256, ES256 and EdDSA", algorithm)
	}
	return p, err
}

func (p *pair) ID() string                                  { return p.id }
func (p *pair) Key() any                                    { return p.private }
func (p *pair) SignatureAlgorithm() jose.SignatureAlgorithm { return p.algorithm }

// public is its other half, as it is published.
type public struct{ *pair }

func (p public) Key() any                           { return p.private.Public() }
func (p public) Algorithm() jose.SignatureAlgorithm { return p.algorithm }
func (public) Use() string                          { return "sig" }

// RotateKeys signs with a new key from now on. The old one stays published, or
// is gone as if it had been stolen.
func (s *Server) RotateKeys(keepOld bool) error {
	p, err := newPair(s.config.Algorithm)
	if err != nil {
		return err
	}
	s.storage.mu.Lock()
	defer s.storage.mu.Unlock()
	old := s.storage.keys
	s.storage.keys = []*pair{p}
	if keepOld {
		s.storage.keys = append(s.storage.keys, old...)
	}
	return nil
}

// SigningKey implements op.AuthStorage.
func (s *storage) SigningKey(context.Context) (op.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[0], nil
}

// SignatureAlgorithms implements op.AuthStorage.
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []jose.SignatureAlgorithm{s.keys[0].algorithm}, nil
}

// KeySet implements op.AuthStorage.
func (s *storage) KeySet(context.Context) ([]op.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := make([]op.Key, len(s.keys))
	for i, p := range s.keys {
		set[i] = public{p}
	}
	return set, nil
}
