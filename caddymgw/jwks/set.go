package jwks

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// The bounds of a set.
const (
	MaxSize = 1 << 20 // bytes of its JSON
	MaxKeys = 100     // usable or not
)

// maxDepth bounds the nesting of JSON: a set needs four levels.
const maxDepth = 16

// Set is an immutable list of 1 to 100 keys, each fit for some algorithm.
type Set struct {
	keys  []token.Key
	named map[string][]token.Key // by kid
	sole  map[string][]token.Key // by algorithm: the one key that fits it
	// anonymous: no key has a kid, since the file has no place for one, so the
	// kid of a token can't choose among them.
	anonymous bool
}

// NewSet returns a set of these keys. Equal ones become one.
func NewSet(keys []token.Key) (*Set, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no key")
	}
	if len(keys) > MaxKeys {
		return nil, fmt.Errorf("there are more than %d keys", MaxKeys)
	}
	s := &Set{named: map[string][]token.Key{}, sole: map[string][]token.Key{}}
	fit := map[string][]token.Key{} // by algorithm
	for _, k := range keys {
		if slices.ContainsFunc(s.keys, func(other token.Key) bool {
			return other.ID == k.ID && other.Algorithm == k.Algorithm && equal(k, other)
		}) {
			continue
		}
		algorithms := fits(k)
		if len(algorithms) == 0 {
			return nil, fmt.Errorf("key %s: %w", name(k.ID), token.ErrKey)
		}
		s.keys = append(s.keys, k)
		if k.ID != "" {
			s.named[k.ID] = append(s.named[k.ID], k)
		}
		for _, alg := range algorithms {
			fit[alg] = append(fit[alg], k)
		}
	}
	for alg, keys := range fit {
		if len(keys) == 1 {
			s.sole[alg] = keys
		}
	}
	return s, nil
}

func fits(k token.Key) []string {
	return slices.DeleteFunc(token.Algorithms(), func(alg string) bool { return k.Check(alg) != nil })
}

func equal(a, b token.Key) bool {
	switch key := a.Public.(type) {
	case interface{ Equal(crypto.PublicKey) bool }:
		return key.Equal(b.Public)
	case token.HMACSecret:
		other, ok := b.Public.(token.HMACSecret)
		return ok && bytes.Equal(key, other)
	}
	return false
}

// Find returns the keys that may have signed a token. With a kid: those of that
// kid, usually one, whatever their algorithm. Without: the key that fits the
// algorithm, if exactly one does. The slice must not be changed.
func (s *Set) Find(kid, alg string) []token.Key {
	keys, _ := s.find(kid, alg)
	return keys
}

// find also reports whether the kid is known: if so, a newer set would hardly
// tell more. An empty one is.
func (s *Set) find(kid, alg string) ([]token.Key, bool) {
	if kid == "" || s.anonymous {
		return s.sole[alg], true
	}
	keys, ok := s.named[kid]
	return keys, ok
}

// Keys returns all keys, in the order of the document.
func (s *Set) Keys() []token.Key { return slices.Clone(s.keys) }

// Len returns how many keys there are.
func (s *Set) Len() int { return len(s.keys) }

// Parse reads a JWK Set (RFC 7517 section 5) that an issuer publishes. Keys that
// are not for its signatures, unfit, of an unknown kind, symmetric or private
// are left out, and a warning tells which and why, without key material. No
// certificate is read or fetched (x5c, x5u). A set without one usable key, or
// that is not JSON to the letter, is an error.
func Parse(content []byte) (*Set, []string, error) {
	members, err := readObject(content)
	if err != nil {
		return nil, nil, err
	}
	list, err := listOf(members)
	if err != nil {
		return nil, nil, err
	}
	var keys []token.Key
	var warnings []string
	for i, item := range list {
		k, err := parseJWK(item, false)
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("%s is left out: %v", nth(i, k.ID), err))
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		if len(warnings) > 0 {
			return nil, warnings, fmt.Errorf("no usable key: %s", warnings[0])
		}
		return nil, nil, errors.New("no usable key: the list is empty")
	}
	s, err := NewSet(keys)
	return s, warnings, err
}

func listOf(members map[string]any) ([]any, error) {
	list, ok := members["keys"].([]any)
	if !ok {
		return nil, errors.New(`it is no JWK Set: it has no list "keys"`)
	}
	if len(list) > MaxKeys {
		return nil, fmt.Errorf("it holds more than %d keys", MaxKeys)
	}
	return list, nil
}

// nth names a key for people. A kid may be long, and anything.
func nth(i int, kid string) string {
	if kid == "" {
		return fmt.Sprintf("key %d, which has no kid,", i+1)
	}
	return "key " + name(kid)
}

func name(kid string) string {
	if runes := []rune(kid); len(runes) > 64 {
		kid = string(runes[:64]) + "..."
	}
	return fmt.Sprintf("%+q", kid)
}

// readObject reads one JSON object: names exact and each once, valid UTF-8,
// nothing behind it. Its errors repeat nothing of it.
func readObject(content []byte) (map[string]any, error) {
	if len(content) > MaxSize {
		return nil, fmt.Errorf("it is longer than %d bytes", MaxSize)
	}
	var members map[string]any
	err := json.Unmarshal(content, &members, json.WithUnmarshalers(json.UnmarshalFromFunc(bounded)))
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return nil, errors.New("it has a member twice")
	case errors.Is(err, errDepth):
		return nil, errDepth
	case err != nil || members == nil:
		return nil, errors.New("it is not a JSON object")
	}
	return members, nil
}

var errDepth = errors.New("it is nested too deeply")

func bounded(dec *jsontext.Decoder, _ *any) error {
	if kind := dec.PeekKind(); (kind == '{' || kind == '[') && dec.StackDepth() >= maxDepth {
		return errDepth
	}
	return errors.ErrUnsupported
}
