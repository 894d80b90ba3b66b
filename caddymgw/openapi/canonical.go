package openapi

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// ErrPath is the whole answer of Canonical: a path that has more than one reading
// is refused without telling the client which one.
var ErrPath = errors.New("path is not canonical")

// Canonical splits an escaped path into its segments, each decoded once. A
// trailing slash gives a last segment that is empty, so "/" gives [""].
//
// It refuses whatever an upstream may read otherwise than we do: a path that
// does not start with "/", dot segments, empty segments, "\", "#", control
// bytes, invalid UTF-8, malformed escapes, and a segment in which one decoding
// leaves an escaped "/", "\", "." or ";". An escaped slash and a semicolon are
// refused unless allowed.
func Canonical(escaped string, allowSlash, allowSemicolon bool) ([]string, error) {
	return appendCanonical(nil, escaped, allowSlash, allowSemicolon)
}

// appendCanonical is Canonical with the caller's buffer, which is empty.
func appendCanonical(segments []string, escaped string, allowSlash, allowSemicolon bool) ([]string, error) {
	if !strings.HasPrefix(escaped, "/") {
		return nil, ErrPath
	}
	rest := escaped[1:]
	for {
		raw, tail, more := strings.Cut(rest, "/")
		if raw == "" && (more || len(segments) == 0 && escaped != "/") {
			return nil, ErrPath
		}
		segment, ok := decode(raw)
		if !ok || !plain(segment, allowSlash, allowSemicolon) {
			return nil, ErrPath
		}
		segments = append(segments, segment)
		if !more {
			return segments, nil
		}
		rest = tail
	}
}

// decode resolves the escapes of one segment, once.
func decode(raw string) (string, bool) {
	if strings.IndexByte(raw, '%') < 0 {
		return raw, true
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] != '%' {
			b.WriteByte(raw[i])
			continue
		}
		if i+2 >= len(raw) {
			return "", false
		}
		hi, lo := unhex(raw[i+1]), unhex(raw[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	return b.String(), true
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// plain reports whether a decoded segment has only one reading.
func plain(s string, allowSlash, allowSemicolon bool) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for i, r := range s {
		switch {
		case r < 0x20, 0x7f <= r && r <= 0x9f, r == '\\', r == '#':
			return false
		case r == '/' && !allowSlash, r == ';' && !allowSemicolon:
			return false
		case r == '%' && i+2 < len(s):
			if c := unhex(s[i+1])<<4 | unhex(s[i+2]); c == '/' || c == '\\' || c == '.' || c == ';' {
				return false
			}
		}
	}
	if s == "" {
		return true // where it may stand is the caller's to judge
	}
	// An allowed slash or semicolon must not hide an empty or dot segment from
	// us that an upstream would see: "..%2Fx", "..;a", ";a".
	for part := range strings.SplitSeq(s, "/") {
		name, _, _ := strings.Cut(part, ";")
		if name == "" || name == "." || name == ".." {
			return false
		}
	}
	return true
}
