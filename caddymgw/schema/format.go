package schema

import (
	"encoding/base64"
	"errors"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// formats are the formats of strings that are checked. The others are
// annotations (OpenAPI 3.1 section 4.4.3), and so are the patterns of names that
// vendors make up.
var formats = map[string]func(string) bool{
	"byte":          isBase64,
	"date":          func(s string) bool { return isTime(time.DateOnly, s) },
	"date-time":     isDateTime,
	"duration":      matcher(`^P(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)$`),
	"email":         isEmail,
	"hostname":      isHostname,
	"ipv4":          func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() },
	"ipv6":          func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is6() && a.Zone() == "" },
	"time":          func(s string) bool { return isDateTime("2000-01-01T" + s) },
	"uri":           func(s string) bool { u, ok := reference(s); return ok && u.Scheme != "" },
	"uri-reference": func(s string) bool { _, ok := reference(s); return ok },
	"uuid":          matcher(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`),
}

func matcher(pattern string) func(string) bool { return regexp.MustCompile(pattern).MatchString }

// validators are the formats as kin-openapi wants them.
var validators = func() map[string]openapi3.StringFormatValidator {
	all := map[string]openapi3.StringFormatValidator{}
	for name, ok := range formats {
		all[name] = formatFunc(func(s string) error { return checkFormat(name, ok, s) })
	}
	return all
}()

type formatFunc func(string) error

func (f formatFunc) Validate(s string) error { return f(s) }

// formatError is a message that stands for itself.
type formatError struct{ message string }

func (e *formatError) Error() string { return e.message }

func checkFormat(name string, ok func(string) bool, s string) error {
	if ok(s) {
		return nil
	}
	return &formatError{"string is no " + name}
}

// withSlow adds the patterns that need backtracking, as formats of one message.
func withSlow(slow []*slowPattern, b *budget) map[string]openapi3.StringFormatValidator {
	if len(slow) == 0 {
		return validators
	}
	all := make(map[string]openapi3.StringFormatValidator, len(validators)+len(slow))
	for name, v := range validators {
		all[name] = v
	}
	for _, p := range slow {
		all[p.name] = formatFunc(func(s string) error {
			if err := b.match(p, s); err != nil {
				return &formatError{err.Error()}
			}
			if v := validators[p.format]; v != nil {
				return v.Validate(s)
			}
			return nil
		})
	}
	return all
}

// messageOf finds the message of a format.
func messageOf(err error) (string, bool) {
	var e *formatError
	if errors.As(err, &e) {
		return e.message, true
	}
	return "", false
}

func isTime(layout, s string) bool {
	_, err := time.Parse(layout, s)
	return err == nil
}

var dateTime = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$`)

// isDateTime checks RFC 3339, leap seconds included.
func isDateTime(s string) bool {
	if !dateTime.MatchString(s) {
		return false
	}
	s = strings.ToUpper(s)
	if s[17:19] == "60" {
		s = s[:17] + "59" + s[19:]
	}
	return isTime(time.RFC3339Nano, s)
}

// isBase64 takes both alphabets, padded or not.
func isBase64(s string) bool {
	s = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(s), "=")
	if strings.ContainsAny(s, "\r\n") {
		return false
	}
	_, err := base64.RawStdEncoding.DecodeString(s)
	return err == nil
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

var label = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?$`)

func isHostname(s string) bool {
	if len(s) > 253 {
		return false
	}
	for l := range strings.SplitSeq(s, ".") {
		if !label.MatchString(l) {
			return false
		}
	}
	return true
}

// reference parses an RFC 3986 reference, which is ASCII without spaces.
func reference(s string) (*url.URL, bool) {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("<>\"{}|\\^`", r) }) {
		return nil, false
	}
	u, err := url.Parse(s)
	return u, err == nil
}
