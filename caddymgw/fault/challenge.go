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

// APIKeyChallenge returns the challenge of an OpenAPI apiKey scheme. No RFC
// names one; the form is that of RFC 9110 section 11.6.1.
func APIKeyChallenge(realm, in, name string) string {
	return "ApiKey realm=" + quote(realm) + ", in=" + quote(in) + ", name=" + quote(name)
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
