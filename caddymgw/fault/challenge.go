package fault

import "strings"

// BasicChallenge returns the challenge of RFC 7617 with its charset.
func BasicChallenge(realm string) string {
	return "Basic realm=" + quote(realm) + `, charset="UTF-8"`
}

// BearerChallenge returns the challenge of RFC 6750 section 3. Both the error
// code and the space-separated scopes may be empty.
func BearerChallenge(realm, code, scope string) string {
	c := "Bearer realm=" + quote(realm)
	if code != "" {
		c += ", error=" + quote(code)
	}
	if scope != "" {
		c += ", scope=" + quote(scope)
	}
	return c
}

// The error codes of RFC 6750 section 3.1 and what they mean, for developers.
var bearerErrors = map[string]string{
	"invalid_token":      "The access token is malformed, expired, revoked, or not for this API",
	"insufficient_scope": "The access token does not give the rights that are asked for",
}

// WithError adds an error code of RFC 6750 section 3.1, and its description, to
// a Bearer challenge.
func WithError(challenge, code string) string {
	return challenge + ", error=" + quote(code) + ", error_description=" + quote(bearerErrors[code])
}

// WithResource adds where the metadata of the protected resource is (RFC 9728
// section 5.1).
func WithResource(challenge, url string) string {
	return challenge + ", resource_metadata=" + quote(url)
}

// APIKeyChallenge returns the challenge of an OpenAPI apiKey scheme. No RFC
// names one; the form is that of RFC 9110 section 11.6.1.
func APIKeyChallenge(realm, in, name string) string {
	return "ApiKey realm=" + quote(realm) + ", in=" + quote(in) + ", name=" + quote(name)
}

// OtherChallenge returns that of an HTTP scheme without a form of its own here.
func OtherChallenge(scheme, realm string) string {
	return strings.ToUpper(scheme[:1]) + scheme[1:] + " realm=" + quote(realm)
}

// CertificateChallenge tells that only a client certificate opens the operation.
// No RFC names one; the form is that of RFC 9110 section 11.6.1.
func CertificateChallenge(realm string) string {
	return "ClientCertificate realm=" + quote(realm)
}

// quote returns s as a quoted-string (RFC 9110 section 5.6.4). What such a
// string cannot hold is left out: a header must never be split by a realm.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
