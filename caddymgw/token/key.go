package token

// Key verifies signatures that somebody else makes.
type Key struct {
	ID        string // kid; "" if it has none
	Algorithm string // the only one that it is for; "" for each that fits
	Public    any    // crypto.PublicKey, or HMACSecret
}

// HMACSecret is a secret shared with the issuer, for HS256, HS384 and HS512
// (RFC 7518 section 3.2): as long as the hash, at least.
type HMACSecret []byte
