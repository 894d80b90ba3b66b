package schema

import (
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// kind is how a body is read.
type kind uint8

const (
	opaque kind = iota
	jsonKind
	formKind
	multipartKind
	textKind
)

const (
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
)

// kindOf tells by a media type how a body is read.
func kindOf(mediaType string) kind {
	switch base := base(mediaType); {
	case base == "application/json", base == "text/json", strings.HasSuffix(base, "+json"):
		return jsonKind
	case base == formType:
		return formKind
	case base == multipartType:
		return multipartKind
	case base == "text/xml":
		return opaque
	case strings.HasPrefix(base, "text/"):
		return textKind
	}
	return opaque
}

// readable reports whether a schema can be checked against a body of a kind.
func readable(k kind, c *check) bool {
	switch k {
	case jsonKind:
		return true
	case formKind, multipartKind:
		return c.types.has(anObject)
	case textKind:
		return c.types.has(scalars)
	}
	return false
}

// Treatment is what is to be done with a body before it is judged.
type Treatment uint8

// The treatments.
const (
	Stream Treatment = iota // nothing in it is checked
	Buffer                  // it must be read as a whole
)

var (
	errMediaType  = errors.New("the media type is none of those that are declared")
	errUnreadable = errors.New("bodies of this media type can't be checked")
	errHeader     = errors.New("the header Content-Type is malformed or repeated")
	errCoding     = errors.New("a compressed body can't be checked: send it without Content-Encoding")
	errCharset    = errors.New("the charset must be UTF-8")
)

// RequestBody says what is to be done with the body of a request. Its error is a
// reason for 415 (Unsupported Media Type).
func (o *Operation) RequestBody(h http.Header) (Treatment, error) {
	m, _, err := o.body.find(h)
	if err != nil || m == nil {
		return Stream, err
	}
	return Buffer, nil
}

// find returns the media type of a body and how to read it; nil if nothing in it
// is checked.
func (b *body) find(h http.Header) (*media, kind, error) {
	if b == nil || len(b.content) == 0 {
		return nil, opaque, nil
	}
	contentType, err := one(h, "Content-Type")
	if err != nil {
		return nil, opaque, err
	}
	m := b.found[b.content.Get(contentType)]
	if m == nil {
		if m = b.alike(contentType); m == nil {
			return nil, opaque, errMediaType
		}
	}
	k := kindOf(contentType)
	switch {
	case m.check == nil, m.check.anyText && (k == textKind || k == opaque):
		return nil, opaque, nil
	case !readable(k, m.check) && m.strict:
		return nil, opaque, errUnreadable
	case !readable(k, m.check):
		return nil, opaque, nil
	}
	if coding := strings.Join(h["Content-Encoding"], ","); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, opaque, errCoding
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, opaque, errHeader
	}
	if charset := params["charset"]; charset != "" && !slices.Contains([]string{"utf-8", "utf8", "us-ascii"}, strings.ToLower(charset)) {
		return nil, opaque, errCharset
	}
	return m, k, nil
}

// alike finds the media type that differs in parameters only, as in
// "application/json;charset=UTF-8". Of several nothing is checked.
func (b *body) alike(contentType string) *media {
	var found *media
	for _, m := range b.media {
		if base(m.name) != base(contentType) {
			continue
		}
		if found != nil {
			return new(media)
		}
		found = m
	}
	return found
}

// base is a media type without its parameters.
func base(mediaType string) string {
	base, _, _ := strings.Cut(mediaType, ";")
	return strings.ToLower(strings.TrimSpace(base))
}

func one(h http.Header, name string) (string, error) {
	switch values := h[name]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", errHeader
}
