package token

import (
	"fmt"
	"io"
	"slices"
)

// Key verifies signatures that somebody else makes.
type Key struct {
	ID        string // kid; "" if it has none
	Algorithm string // the only one that it is for; "" for each that fits
	Public    any    // crypto.PublicKey, or HMACSecret
}

// Check reports whether the key may verify tokens of an algorithm: it is for
// that one or for none in particular, and fit for it. EdDSA and Ed25519 are two
// names of one algorithm (RFC 9864 section 2.2). Errors: ErrAlgorithm, ErrKey.
func (k Key) Check(alg string) error {
	if k.Algorithm != "" && canonical(k.Algorithm) != canonical(alg) {
		return ErrAlgorithm
	}
	return CheckKey(alg, k.Public)
}

func canonical(alg string) string {
	if alg == "EdDSA" {
		return "Ed25519"
	}
	return alg
}

// VerifyKey checks the signature by a key that was found for the token, as
// Verify does. Where the key is not for one algorithm alone, the header chooses
// among those that fit it and are allowed. Allowed holds names as headers have
// them, "EdDSA" and "Ed25519" each for itself; empty means every asymmetric
// one, so that a secret verifies only where its algorithm is named.
func (t *Token) VerifyKey(k Key, allowed []string) error {
	if len(allowed) == 0 && Symmetric(t.Algorithm) || len(allowed) > 0 && !slices.Contains(allowed, t.Algorithm) {
		return ErrAlgorithm
	}
	if err := k.Check(t.Algorithm); err != nil {
		return err
	}
	return t.verify(k.Public)
}

// HMACSecret is a secret shared with the issuer, for HS256, HS384 and HS512
// (RFC 7518 section 3.2): as long as the hash, at least. It prints as REDACTED.
type HMACSecret []byte

const redacted = "REDACTED"

// String returns REDACTED.
func (HMACSecret) String() string { return redacted }

// Format writes REDACTED, whatever the verb: %d would write the bytes.
func (HMACSecret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns REDACTED, for JSON and log encoders.
func (HMACSecret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
