package token

import (
	"encoding/base64"
	"strings"
)

// MaxLength is the longest token that is looked at, in bytes. Caddy's default
// limit for all headers of a request is near it.
const MaxLength = 16 << 10

// MaxHeader is the longest header that is looked at, as it is encoded.
const MaxHeader = 2 << 10

// Header is the protected header of a JWS (RFC 7515 section 4.1). Keys that a
// token brings along (jwk, jku, x5u, x5c) are not read.
type Header struct {
	Algorithm string // alg
	KeyID     string // kid; "" if absent
	Type      string // typ; "" if absent
}

// Token is a parsed token. Nothing in it is to be believed before Verify.
type Token struct {
	Header
	Claims Claims

	signed    string // the first two parts
	signature []byte
}

// strict reads base64url without padding and with no bit unaccounted for: else
// a token of ES256 would have sixteen spellings.
var strict = base64.RawURLEncoding.Strict()

// Parse reads a compact JWS whose payload is a claims set. It costs no
// cryptography. Before the payload, which is what costs, the checks are asked of
// the header. Errors: ErrMalformed, ErrCritical, ErrClaims, and those of the
// checks.
func Parse(s string, checks ...func(Header) error) (*Token, error) {
	header, payload, signature, err := split(s)
	if err != nil {
		return nil, err
	}
	t := &Token{signed: s[:len(header)+1+len(payload)]}
	if t.Header, err = parseHeader(header); err != nil {
		return nil, err
	}
	for _, check := range checks {
		if err := check(t.Header); err != nil {
			return nil, err
		}
	}
	if t.signature, err = decode(signature); err != nil {
		return nil, err
	}
	members, err := decodeObject(payload)
	if err != nil {
		return nil, err
	}
	t.Claims, err = readClaims(members)
	return t, err
}

// Peek reads the header alone. It says what the token claims to be.
func Peek(s string) (Header, error) {
	header, _, _, err := split(s)
	if err != nil {
		return Header{}, err
	}
	return parseHeader(header)
}

func split(s string) (header, payload, signature string, err error) {
	if len(s) > MaxLength {
		return "", "", "", ErrMalformed
	}
	header, rest, ok := strings.Cut(s, ".")
	if ok {
		payload, signature, ok = strings.Cut(rest, ".")
	}
	if !ok || header == "" || len(header) > MaxHeader || payload == "" || signature == "" || strings.Contains(signature, ".") {
		return "", "", "", ErrMalformed
	}
	return header, payload, signature, nil
}

func parseHeader(part string) (Header, error) {
	members, err := decodeObject(part)
	if err != nil {
		return Header{}, err
	}
	for _, extension := range []string{"crit", "b64", "zip", "enc"} { // RFC 7515 4.1.11, RFC 7797, RFC 7516
		if _, ok := members[extension]; ok {
			return Header{}, ErrCritical
		}
	}
	var h Header
	for name, to := range map[string]*string{"alg": &h.Algorithm, "kid": &h.KeyID, "typ": &h.Type} {
		v, ok := members[name]
		if !ok {
			continue
		}
		if *to, ok = v.(string); !ok || *to == "" {
			return Header{}, ErrMalformed
		}
	}
	if h.Algorithm == "" {
		return Header{}, ErrMalformed
	}
	return h, nil
}

func decode(part string) ([]byte, error) {
	if strings.ContainsAny(part, "\r\n") { // encoding/base64 skips them, even if strict
		return nil, ErrMalformed
	}
	b, err := strict.DecodeString(part)
	if err != nil {
		return nil, ErrMalformed
	}
	return b, nil
}
