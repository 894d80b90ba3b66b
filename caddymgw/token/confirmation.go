package token

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
)

// Confirmation is the claim cnf (RFC 7800): whose token it is. It is a thumbprint
// of a client certificate (RFC 8705 section 3.1), or there is none.
type Confirmation struct {
	bound       bool
	certificate [sha256.Size]byte
}

// ReadConfirmation refuses every other way to confirm: a token must not become a
// plain bearer token because its proof is not understood.
func ReadConfirmation(all map[string]any) (c Confirmation, ok bool) {
	v, there := all["cnf"]
	if !there {
		return c, true
	}
	members, _ := v.(map[string]any)
	thumbprint, ok := members["x5t#S256"].(string)
	if !ok || len(members) != 1 {
		return c, false
	}
	c.bound = true
	c.certificate, ok = ParseThumbprint(thumbprint)
	return c, ok
}

// Holds reports whether the connection's client proved that it has the
// certificate, and Caddy verified it.
func (c *Confirmation) Holds(connection *tls.ConnectionState) bool {
	if !c.bound {
		return true
	}
	sum, ok := verifiedCertificate(connection)
	return ok && sum == c.certificate
}

// Thumbprint returns the x5t#S256 (RFC 8705 section 3.1) of a connection's
// verified client certificate; "" if there is none.
func Thumbprint(connection *tls.ConnectionState) string {
	sum, ok := verifiedCertificate(connection)
	if !ok {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ParseThumbprint reads an x5t#S256.
func ParseThumbprint(s string) (sum [sha256.Size]byte, ok bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(len(sum)) {
		return sum, false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(sum[:], []byte(s))
	return sum, err == nil && n == len(sum)
}

func verifiedCertificate(c *tls.ConnectionState) (sum [sha256.Size]byte, ok bool) {
	if c == nil || len(c.VerifiedChains) == 0 || len(c.VerifiedChains[0]) == 0 {
		return sum, false
	}
	return sha256.Sum256(c.VerifiedChains[0][0].Raw), true
}
