package basic

import (
	"crypto/sha1" //nolint:gosec // what is migrated from
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"strings"
)

// The hashes of WSO2 API Microgateway 3.x: @sha256:{HEX} and its kin, or SHA-1
// in bare hex. They have neither salt nor cost, so that whoever reads them soon
// has the passwords: they are for the days of a migration.
var legacyHashes = []struct {
	prefix string
	size   int
	new    func() hash.Hash
}{
	{"@sha256:", sha256.Size, sha256.New},
	{"@sha384:", sha512.Size384, sha512.New384},
	{"@sha512:", sha512.Size, sha512.New},
	{"", sha1.Size, sha1.New},
}

// legacy compares with one such hash.
type legacy struct {
	digest []byte
	new    func() hash.Hash
}

// parseLegacy reports whether a hash is one of WSO2's.
func parseLegacy(h string) (*legacy, bool) {
	for _, kind := range legacyHashes {
		rest, ok := strings.CutPrefix(h, kind.prefix)
		if !ok {
			continue
		}
		if kind.prefix != "" {
			rest = strings.TrimSuffix(strings.TrimPrefix(rest, "{"), "}")
		}
		digest, err := hex.DecodeString(rest)
		if err != nil || len(digest) != kind.size {
			return nil, false
		}
		return &legacy{digest, kind.new}, true
	}
	return nil, false
}

// Compare compares in constant time.
func (l *legacy) Compare(_, plaintext []byte) (bool, error) {
	h := l.new()
	h.Write(plaintext)
	return subtle.ConstantTimeCompare(h.Sum(nil), l.digest) == 1, nil
}

var errLegacy = errors.New("the hash is one of WSO2's, without salt and cost: make a new one with `caddymgw hash-password`, or say legacy_hashes while you migrate")

// legacyParams cost next to nothing, and so does their decoy.
var legacyParams = params{kind: unsalted, prefix: "@sha256:", digest: sha256.Size, work: 1}
