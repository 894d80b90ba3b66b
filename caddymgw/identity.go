package caddymgw

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Identity is one header that tells the upstream who calls.
type Identity struct {
	Header string // canonical
	parts  []part
	// plain is what fields hold as it is, in a text, beside letters and digits: nothing
	// that is in the text, so that nobody's name looks like what stands around it.
	plain string
}

// part is a literal text, or a field.
type part struct{ text, field string }

// identityFields are what an identity header may hold; the first two of any request.
var identityFields = []string{"api", "operation", "subject", "scheme", "issuer", "key_id", "scopes"}

// NewIdentity returns a header that holds a field, or a text in which fields
// stand between < and >. Fields: subject, scheme, issuer, key_id, scopes
// (space-separated), api, operation. Between two of them there must be a
// character that is no letter, digit or %: those stand in values too, and two
// callers could look alike.
func NewIdentity(header, value string) (Identity, error) {
	id := Identity{Header: http.CanonicalHeaderKey(header)}
	if !strings.ContainsAny(value, "<>") {
		value = "<" + value + ">"
	}
	for value != "" {
		text, rest, found := strings.Cut(value, "<")
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f || r == '>' }) {
			return id, fmt.Errorf("%q is no text of a header", text)
		}
		if found && len(id.parts) > 0 && !strings.ContainsFunc(text, separates) {
			return id, fmt.Errorf("between <%s> and the next field there must be a character other than letters, digits and %%: where one ends and the next begins would be for callers to choose", id.parts[len(id.parts)-1].field)
		}
		if text != "" {
			id.parts = append(id.parts, part{text: text})
		}
		if !found {
			break
		}
		field, after, closed := strings.Cut(rest, ">")
		if !closed || !slices.Contains(identityFields, field) {
			return id, fmt.Errorf("field %q is none of %s", field, strings.Join(identityFields, ", "))
		}
		id.parts = append(id.parts, part{field: field})
		value = after
	}
	if len(id.parts) > 1 {
		for _, c := range "-._~@:/+ " {
			if !slices.ContainsFunc(id.parts, func(p part) bool { return strings.ContainsRune(p.text, c) }) {
				id.plain += string(c)
			}
		}
	}
	return id, nil
}

// separates reports whether a character of a text can stand between two fields:
// it is in no value as it is.
func separates(c rune) bool {
	return c != '%' && !isLetter(byte(c))
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' }

// value returns what the header holds; "" where it would tell of nobody.
func (id Identity) value(d Decision) string {
	var b strings.Builder
	for _, p := range id.parts {
		if p.field == "" {
			b.WriteString(p.text)
			continue
		}
		if len(d.Principals) == 0 && p.field != "api" && p.field != "operation" {
			return ""
		}
		b.WriteString(headerValue(field(d, p.field), len(id.parts) > 1, id.plain))
	}
	s := b.String() // spaces at its edges, beside a field that is empty, would be trimmed on the way
	if strings.HasPrefix(s, " ") {
		s = "%20" + s[1:]
	}
	if strings.HasSuffix(s, " ") {
		s = s[:len(s)-1] + "%20"
	}
	return s
}

func field(d Decision, name string) string {
	switch name {
	case "api":
		return d.Operation.API.Name
	case "operation":
		return d.Operation.Label()
	}
	p := d.Principals[0]
	switch name {
	case "subject":
		return p.Subject
	case "scheme":
		return p.Scheme
	case "issuer":
		return p.Issuer
	case "key_id":
		return p.KeyID
	}
	return strings.Join(p.Scopes, " ")
}

// headerValue percent-encodes what a field value cannot hold (RFC 9110 section
// 5.5), and the "%" itself, so that no two subjects look alike upstream; in a
// text all others too but letters, digits and the plain ones.
func headerValue(s string, text bool, plain string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		edge := i == 0 || i == len(s)-1
		c := s[i]
		special := text && !isLetter(c) && strings.IndexByte(plain, c) < 0
		if c < ' ' || c >= 0x7f || c == '%' || special || c == ' ' && edge { // spaces at the edges are trimmed on the way
			b.WriteByte('%')
			b.WriteByte("0123456789ABCDEF"[c>>4])
			b.WriteByte("0123456789ABCDEF"[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
