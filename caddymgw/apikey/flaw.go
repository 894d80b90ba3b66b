package apikey

import (
	"bytes"
	"encoding/base64"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// peruse decodes the header and the claims of a text as far as that goes, more
// leniently than anything that believes them.
func peruse(text string) (header, claims map[string]any) {
	if len(text) > 4*token.MaxLength {
		return nil, nil
	}
	parts := strings.Split(strings.TrimSpace(text), ".")
	if len(parts) < 2 {
		return nil, nil
	}
	words := strings.Fields(parts[0]) // the word Bearer may stand in front
	if len(words) == 0 {
		return nil, nil
	}
	return peruseObject(words[len(words)-1]), peruseObject(parts[1])
}

var urlAlphabet = strings.NewReplacer("+", "-", "/", "_", "=", "", "\r", "", "\n", "", " ", "")

func peruseObject(part string) (members map[string]any) {
	b, err := base64.RawURLEncoding.DecodeString(urlAlphabet.Replace(part))
	if err != nil {
		return nil
	}
	d := stdjson.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if d.Decode(&members) != nil {
		return nil
	}
	return members
}

// flaw says why token.Parse refuses a text, without repeating any of it.
func flaw(text string) string {
	parts := strings.Split(text, ".")
	switch {
	case len(text) > token.MaxLength:
		return fmt.Sprintf("It is longer than any token that is looked at, %d bytes", token.MaxLength)
	case text == "":
		return "It is empty"
	case strings.TrimSpace(text) != text:
		return "There are blanks or line ends around it"
	case strings.ContainsAny(text, " \t\r\n"):
		return "There are blanks or line ends in it; a token stands alone, without the word Bearer"
	case len(parts) == 5:
		return "It has five parts, as an encrypted token has (RFC 7516): only signed ones are read"
	case len(parts) != 3:
		return fmt.Sprintf("It is no signed token (RFC 7515): that has three parts with dots between, this has %d", len(parts))
	case len(parts[0]) > token.MaxHeader:
		return fmt.Sprintf("Its header is longer than any that is looked at, %d bytes", token.MaxHeader)
	}
	var decoded [3][]byte
	for n, name := range []string{"header", "payload", "signature"} {
		b, bad := decodePart(parts[n])
		if bad != "" {
			return "Its " + name + " " + bad
		}
		decoded[n] = b
	}
	bad := objectFlaw(decoded[0])
	if bad == "" {
		bad = headerFlaw(peruseObject(parts[0]))
	}
	if bad != "" {
		return "Its header " + bad
	}
	if bad = objectFlaw(decoded[1]); bad == "" {
		bad = claimFlaw(peruseObject(parts[1]))
	}
	if bad != "" {
		return "Its payload " + bad
	}
	return "It is malformed"
}

func decodePart(part string) ([]byte, string) {
	if part == "" {
		return nil, "is empty"
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(part)
	_, loose := base64.RawURLEncoding.DecodeString(part)
	switch {
	case err == nil:
		return b, ""
	case strings.Contains(part, "="):
		return nil, "is padded with =, which base64url is not here (RFC 7515 section 2)"
	case strings.ContainsAny(part, "+/"):
		return nil, "is base64 and not base64url (RFC 7515 section 2)"
	case loose == nil:
		return nil, "is another spelling of the same bytes: its last letter has bits to spare"
	case len(part)%4 == 1:
		return nil, "is cut off, or is not base64url (RFC 7515 section 2)"
	}
	return nil, "is not base64url (RFC 7515 section 2)"
}

// objectFlaw says what is wrong with an object by the rules of package token.
func objectFlaw(b []byte) string {
	var members map[string]jsontext.Value
	err := json.Unmarshal(b, &members)
	switch {
	case err == nil && members != nil:
		return unread(b)
	case errors.Is(err, jsontext.ErrDuplicateName):
		return "names a member twice"
	case !utf8.Valid(b):
		return "is not UTF-8"
	case jsontext.Value(b).IsValid():
		return "is JSON, but no object"
	}
	return "is not one JSON object"
}

// maxDepth is that of package token.
const maxDepth = 16

// unread finds in JSON what package token does not read.
func unread(b []byte) string {
	d := jsontext.NewDecoder(bytes.NewReader(b))
	for {
		t, err := d.ReadToken()
		if err != nil {
			return ""
		}
		if d.StackDepth() > maxDepth {
			return "is nested too deep"
		}
		if t.Kind() != '0' {
			continue
		}
		if f, err := strconv.ParseFloat(t.String(), 64); err != nil || f == 0 && strings.HasPrefix(t.String(), "-") {
			return "holds a number on which readers differ"
		}
	}
}

func headerFlaw(header map[string]any) string {
	for _, name := range []string{"crit", "b64", "zip", "enc"} {
		if _, ok := header[name]; ok {
			return "has " + name + ", an extension that is not understood here"
		}
	}
	for _, name := range []string{"alg", "kid", "typ"} {
		v, there := header[name]
		if s, ok := v.(string); there && (!ok || s == "") {
			return "has a " + name + " that is no text, or is empty"
		}
	}
	if header["alg"] == nil {
		return "has no alg"
	}
	return ""
}

// claimFlaw judges the registered claims (RFC 7519 section 4.1).
func claimFlaw(claims map[string]any) string {
	for _, name := range []string{"iss", "sub", "jti"} {
		if v, there := claims[name]; there {
			if _, ok := v.(string); !ok {
				return "has a claim " + name + " that is no text"
			}
		}
	}
	if aud, there := claims["aud"]; there {
		_, text := aud.(string)
		if _, list := token.Strings(aud); !text && !list {
			return "has a claim aud that is neither a text nor a list of texts"
		}
	}
	for _, name := range []string{"exp", "nbf", "iat"} {
		v, there := claims[name]
		if there && !wholeSeconds(v) {
			return "has a claim " + name + " that is no whole number of seconds up to the year 9999"
		}
	}
	return "holds more values than that of any token that is looked at"
}

// maxTime is that of package token: the last second of the year 9999.
const maxTime = 253402300799

func wholeSeconds(v any) bool {
	n, ok := v.(stdjson.Number)
	if !ok || strings.ContainsAny(n.String(), ".eE-") {
		return false
	}
	seconds, err := n.Int64()
	return err == nil && seconds <= maxTime
}
