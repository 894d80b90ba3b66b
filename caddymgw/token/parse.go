package token

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxLength is the longest token that is looked at, in bytes. Caddy's default
// limit for all headers of a request is near it.
const MaxLength = 16 << 10

// maxDepth bounds the nesting of claims.
const maxDepth = 16

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
// cryptography. Errors: ErrMalformed, ErrCritical, ErrClaims.
func Parse(s string) (*Token, error) {
	header, payload, signature, err := split(s)
	if err != nil {
		return nil, err
	}
	t := &Token{signed: s[:len(header)+1+len(payload)]}
	if t.Header, err = parseHeader(header); err != nil {
		return nil, err
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
	if !ok || header == "" || payload == "" || signature == "" || strings.Contains(signature, ".") {
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

// decodeObject reads a JSON object: names exact and each once, valid UTF-8,
// nothing behind it, not deeper than maxDepth. Numbers stay as written.
func decodeObject(part string) (map[string]any, error) {
	b, err := decode(part)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	if err := json.Unmarshal(b, &members, json.WithUnmarshalers(json.UnmarshalFromFunc(readAny))); err != nil || members == nil {
		return nil, ErrMalformed
	}
	return members, nil
}

// readAny bounds the depth and keeps a JSON number as its text: a float64 would
// lose digits.
func readAny(dec *jsontext.Decoder, to *any) error {
	switch dec.PeekKind() {
	case '{', '[':
		if dec.StackDepth() >= maxDepth {
			return ErrMalformed
		}
		return errors.ErrUnsupported
	case '0':
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		// Readers would differ on what no float64 holds, and on a second zero.
		if f, err := strconv.ParseFloat(string(raw), 64); err != nil || f == 0 && raw[0] == '-' {
			return ErrMalformed
		}
		*to = Number(raw)
		return nil
	default:
		return errors.ErrUnsupported
	}
}
