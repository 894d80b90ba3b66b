package bearer

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// binding is the claim cnf (RFC 7800): whose token it is. It is a thumbprint of
// a client certificate (RFC 8705 section 3.1), or there is none.
type binding struct {
	bound       bool
	certificate [sha256.Size]byte
}

// readBinding refuses every other way to confirm: a token must not become a
// plain bearer token because its proof is not understood.
func readBinding(all map[string]any) (b binding, ok bool) {
	v, there := all["cnf"]
	if !there {
		return b, true
	}
	members, _ := v.(map[string]any)
	thumbprint, ok := members["x5t#S256"].(string)
	if !ok || len(members) != 1 || len(thumbprint) != base64.RawURLEncoding.EncodedLen(len(b.certificate)) {
		return b, false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(b.certificate[:], []byte(thumbprint))
	b.bound = true
	return b, err == nil && n == len(b.certificate)
}

// holds reports whether the request came over a connection whose client proved
// that it has the certificate, and that was verified.
func (b *binding) holds(r *http.Request) bool {
	if !b.bound {
		return true
	}
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.VerifiedChains[0]) == 0 {
		return false
	}
	return sha256.Sum256(r.TLS.VerifiedChains[0][0].Raw) == b.certificate
}
