package credential

import (
	"net/http"
	"strings"
)

// Strip removes what stands at a place, all values of it. What remains of the
// query and of the cookies stays byte for byte.
func Strip(r *http.Request, p Place) {
	switch p.In {
	case Header:
		StripHeader(r.Header, p.Name)
	case Query:
		r.URL.RawQuery = without(r.URL.RawQuery, "&", func(pair string) bool {
			k, _, _ := strings.Cut(pair, "=")
			return unescape(k) == p.Name
		})
	case Cookie:
		stripCookie(r.Header, p.Name)
	}
}

// StripHeader deletes every header whose name folds as the given one.
func StripHeader(h http.Header, name string) {
	for other := range h {
		if SameHeader(other, name) {
			delete(h, other)
		}
	}
}

// Fold maps the spellings of a header name that servers take for one another
// onto one: lower case, with "_" and "." read as "-" (CGI and WSGI do so).
func Fold(name string) string { return string(AppendFold(nil, name)) }

// AppendFold appends the folded name to b.
func AppendFold(b []byte, name string) []byte {
	for i := range len(name) {
		b = append(b, fold(name[i]))
	}
	return b
}

// SameHeader reports whether two names fold to the same.
func SameHeader(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if fold(a[i]) != fold(b[i]) {
			return false
		}
	}
	return true
}

func fold(c byte) byte {
	switch {
	case c == '_' || c == '.':
		return '-'
	case 'A' <= c && c <= 'Z':
		return c + ('a' - 'A')
	}
	return c
}

func stripCookie(h http.Header, name string) {
	lines := h["Cookie"]
	kept := lines[:0:0]
	for _, line := range lines {
		line = strings.TrimSpace(without(line, ";", func(pair string) bool {
			k, _, _ := strings.Cut(pair, "=")
			return strings.TrimSpace(k) == name
		}))
		if line != "" {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		delete(h, "Cookie")
		return
	}
	h["Cookie"] = kept
}

// without drops the parts of s that match and leaves the others as they are.
func without(s, sep string, drop func(string) bool) string {
	if s == "" {
		return s
	}
	var kept []string
	dropped := false
	for part := range strings.SplitSeq(s, sep) {
		if drop(part) {
			dropped = true
		} else {
			kept = append(kept, part)
		}
	}
	if !dropped {
		return s
	}
	return strings.Join(kept, sep)
}
