package bearer

import (
	"errors"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// An issuer signs many kinds of JWT with one key, and only one of them is meant
// for a resource server (RFC 8725 section 3.11). There is no one mark of it, so
// what bears the mark of another kind is refused.

// accessTypes are the header typ of access tokens (RFC 9068 section 2.1), and
// those that tell nothing.
var accessTypes = []string{"", "JWT", "at+jwt", "application/at+jwt"}

// otherMarks are claims that only other kinds have: ID tokens (OpenID Connect
// Core sections 2 and 3.3.2.11), logout tokens and security events (RFC 8417).
var otherMarks = []string{"nonce", "at_hash", "c_hash", "events"}

// kindClaims are those in which issuers write the kind: Keycloak, Cognito and
// Hydra, and the answers of RFC 7662.
var kindClaims = []string{"typ", "token_use", "token_type"}

// otherKinds are what stands there in other tokens than access tokens, and in
// those whose sender must prove more than that he has it (RFC 9449).
var otherKinds = []string{"ID", "id_token", "Refresh", "refresh_token", "Offline", "Logout", "DPoP"}

// isAccessToken reports whether a JWT may be an access token.
func isAccessToken(t *token.Token) bool {
	return containsFold(accessTypes, t.Type) && mayBeAccess(t.Claims.All)
}

// mayBeAccess reports whether no claim is that of another kind.
func mayBeAccess(all map[string]any) bool {
	for _, name := range otherMarks {
		if _, ok := all[name]; ok {
			return false
		}
	}
	for _, name := range kindClaims {
		if v, ok := all[name]; ok {
			if kind, ok := v.(string); !ok || containsFold(otherKinds, kind) {
				return false
			}
		}
	}
	return true
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, s) })
}

// isOpaque reports whether a token that is no JWT may be asked for: it is of
// the alphabet of RFC 6750 section 2.1, and no JWT that was tampered with. An
// issuer may read more leniently than we do, and must not be made to.
func isOpaque(text string) bool {
	if _, err := token.Peek(text); err == nil || errors.Is(err, token.ErrCritical) {
		return false
	}
	if strings.Count(text, ".") == 2 {
		return false
	}
	body := strings.TrimRight(text, "=")
	return body != "" && strings.Trim(body, b64token) == ""
}

const b64token = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"
