package bearer

import (
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// accessTypes are the header typ of access tokens (RFC 9068 section 2.1), and
// those that tell nothing. What claims tell of the kind is for package token.
var accessTypes = []string{"", "JWT", "at+jwt", "application/at+jwt"}

// mayBeAccess judges by the header alone, before the payload is read: anybody can
// send one.
func (v *Verifier) mayBeAccess(h token.Header) error {
	switch {
	case !containsFold(accessTypes, h.Type):
		return token.ErrType
	case v.algorithms != nil && !slices.Contains(v.algorithms, h.Algorithm):
		return token.ErrAlgorithm
	}
	return nil
}

// isOfType reports whether a header typ is one that the issuer writes: with
// types that are configured, no other one counts.
func (i *issuer) isOfType(typ string) bool {
	return i.Types == nil || containsFold(i.Types, bareType(typ))
}

// bareType leaves out what RFC 7515 section 4.1.9 lets be left out.
func bareType(typ string) string {
	if prefix := "application/"; len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) {
		return typ[len(prefix):]
	}
	return typ
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, s) })
}

// isOpaque reports whether a token that is no JWT may be asked for: it is of
// the alphabet of RFC 6750 section 2.1, and no JWT that was tampered with, which
// has two dots. An issuer may read more leniently than we do, and must not be
// made to.
func isOpaque(text string) bool {
	if strings.Count(text, ".") == 2 {
		return false
	}
	body := strings.TrimRight(text, "=")
	return body != "" && strings.Trim(body, b64token) == ""
}

const b64token = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"
