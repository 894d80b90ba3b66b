package token

import (
	"slices"
	"strings"
)

// An issuer signs many kinds of tokens with one key (RFC 8725 section 3.11), and
// there is no one mark that tells them apart. So what bears the mark of another
// kind is refused: no token may be of two kinds.

// otherMarks are claims of neither access tokens nor API keys: ID tokens have
// them (OpenID Connect Core sections 2 and 3.3.2.11; s_hash is FAPI's), logout
// tokens and security events (RFC 8417).
var otherMarks = []string{"nonce", "at_hash", "c_hash", "s_hash", "events"}

// kindClaims are those in which issuers write the kind: Keycloak, Cognito and
// Hydra, the answers of RFC 7662, and WSO2 API Manager.
var kindClaims = []string{"typ", "token_use", "token_type"}

// accessKinds are what stands there in access tokens, in the fold of kindOf. The
// senders of others must prove more than that they have them (RFC 9449), or they
// are for the issuer alone.
var accessKinds = []string{
	"bearer", "access", "access_token", "at+jwt", "application/at+jwt", "jwt",
	"urn:ietf:params:oauth:token_type:access_token", "urn:ietf:params:oauth:token_type:jwt",
}

// keyKind is what stands there in API keys of WSO2 API Manager.
const keyKind = "apikey"

// clientClaims name the client that an access token was issued to (RFC 9068
// section 2.2, OpenID Connect Core section 2, WSO2 API Manager). API keys have
// none of them.
var clientClaims = []string{"client_id", "azp", "consumerKey"}

// MayBeAccessToken reports whether no claim is that of another kind of tokens.
func MayBeAccessToken(all map[string]any) bool {
	if _, ok := all["keytype"]; ok && !hasAny(all, clientClaims) {
		return false // an API key of WSO2 API Manager
	}
	return mayBe(all, accessKinds)
}

// MayBeAPIKey reports whether no claim is that of another kind of tokens, for the
// API keys of others, which are of the type JWT as their access tokens are.
func MayBeAPIKey(all map[string]any) bool {
	return !hasAny(all, clientClaims) && mayBe(all, []string{keyKind})
}

func mayBe(all map[string]any, kinds []string) bool {
	if hasAny(all, otherMarks) {
		return false
	}
	return !slices.ContainsFunc(kindClaims, func(name string) bool {
		v, ok := all[name]
		return ok && !slices.Contains(kinds, kindOf(v))
	})
}

// kindOf folds case, and "-" with "_": issuers write access_token, access-token
// and Access.
func kindOf(v any) string {
	s, _ := v.(string)
	return strings.ToLower(strings.ReplaceAll(s, "-", "_"))
}

func hasAny(all map[string]any, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { _, ok := all[name]; return ok })
}
