package basic

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// kind is a family of hashes.
type kind uint8

const (
	argon2id kind = iota
	bcrypt
	unsalted // of WSO2
)

// params are what a hash says about itself, without its salt and digest.
type params struct {
	kind kind
	// prefix is the hash up to its salt.
	prefix string
	// salt and digest are lengths in bytes.
	salt, digest int
	// work compares the kinds with each other: KiB times passes of argon2id.
	// One step of bcrypt takes as long as 32 of them.
	work uint64
}

// Below minWork a stolen hash is guessed too fast; above maxWork one login
// takes more than ten seconds of CPU, and above maxMemory KiB it may take the
// process with it.
const (
	minBcryptCost = 10
	maxBcryptCost = 18
	bcryptStep    = 32
	minWork       = bcryptStep << minBcryptCost
	maxWork       = bcryptStep << maxBcryptCost
	maxMemory     = 1 << 20
)

// bcryptBase64 is the alphabet of bcrypt (crypt_blowfish).
var bcryptBase64 = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

// parseHash checks a hash before it is ever compared. Its errors never repeat
// any part of it.
func parseHash(hash []byte) (params, error) {
	h := string(hash)
	switch {
	case h == "":
		return params{}, errors.New("the hash is empty")
	case strings.HasPrefix(h, "$argon2id$"):
		return parseArgon2id(h)
	case strings.HasPrefix(h, "$2a$"), strings.HasPrefix(h, "$2b$"), strings.HasPrefix(h, "$2y$"):
		return parseBcrypt(h)
	}
	if _, ok := parseLegacy(h); ok {
		return params{}, errLegacy
	}
	return params{}, errors.New("the hash is neither argon2id nor bcrypt: `caddymgw hash-password --algorithm argon2id` makes one")
}

// parseBcrypt reads $2b$<cost>$<22 characters of salt><31 of digest>.
func parseBcrypt(h string) (params, error) {
	const saltChars, digestChars = 22, 31
	malformed := errors.New("the bcrypt hash is malformed")
	if len(h) != len("$2b$10$")+saltChars+digestChars || h[6] != '$' {
		return params{}, malformed
	}
	cost, err := strconv.ParseUint(h[4:6], 10, 8)
	if err != nil {
		return params{}, malformed
	}
	for _, part := range []string{h[7 : 7+saltChars], h[7+saltChars:]} {
		// The decoder skips line breaks.
		if _, err := bcryptBase64.DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return params{}, malformed
		}
	}
	if cost < minBcryptCost || cost > maxBcryptCost {
		return params{}, fmt.Errorf("the bcrypt cost %d is not between %d and %d", cost, minBcryptCost, maxBcryptCost)
	}
	return params{kind: bcrypt, prefix: h[:7], salt: 16, digest: 23, work: bcryptStep << cost}, nil
}

// parseArgon2id reads $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<digest>.
func parseArgon2id(h string) (params, error) {
	malformed := errors.New("the argon2id hash is malformed")
	parts := strings.Split(h, "$")
	if len(parts) != 6 || parts[2] != "v=19" {
		return params{}, malformed
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return params{}, malformed
	}
	var values [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(costs[i], name)
		v, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil {
			return params{}, malformed
		}
		values[i] = v
	}
	memory, passes, lanes := values[0], values[1], values[2]
	// RFC 9106 section 3.1. A digest of no bytes would equal that of every password.
	salt, saltOK := decode(parts[4])
	digest, digestOK := decode(parts[5])
	if !saltOK || !digestOK || salt < 8 || digest < 16 || digest > 1024 || passes < 1 || lanes < 1 || lanes > 255 || memory < 8*lanes {
		return params{}, malformed
	}
	switch work := memory * passes; {
	case memory > maxMemory:
		return params{}, fmt.Errorf("the argon2id hash asks for %d KiB of memory; at most %d are granted", memory, maxMemory)
	case work < minWork:
		return params{}, fmt.Errorf("the argon2id hash is too weak: m times t is %d, and must be at least %d", work, minWork)
	case work > maxWork:
		return params{}, fmt.Errorf("the argon2id hash is too costly: m times t is %d, and may be at most %d", work, maxWork)
	default:
		prefix := strings.Join(parts[:4], "$") + "$"
		return params{kind: argon2id, prefix: prefix, salt: salt, digest: digest, work: work}, nil
	}
}

func decode(s string) (length int, ok bool) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	return len(b), err == nil && !strings.ContainsAny(s, "\r\n")
}

// fake returns a hash of no password that costs as much to compare as p.
func (p params) fake() []byte {
	salt, digest := make([]byte, p.salt), make([]byte, p.digest)
	_, _ = rand.Read(salt) // never fails
	_, _ = rand.Read(digest)
	h := []byte(p.prefix)
	if p.kind == bcrypt {
		return bcryptBase64.AppendEncode(bcryptBase64.AppendEncode(h, salt), digest)
	}
	h = append(base64.RawStdEncoding.AppendEncode(h, salt), '$')
	return base64.RawStdEncoding.AppendEncode(h, digest)
}

const (
	maxPassword       = 1024
	maxBcryptPassword = 72
)

// fits reports whether a password can be compared with a hash of this kind.
// bcrypt ignores what follows byte 72 and repeats a short password with a NUL
// in between, so that "x\x00x" would match the hash of "x".
func (k kind) fits(password []byte) bool {
	return k != bcrypt || len(password) <= maxBcryptPassword && bytes.IndexByte(password, 0) < 0
}
