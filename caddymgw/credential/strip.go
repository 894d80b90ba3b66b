package credential

import (
	"net/http"
	"strings"
)

// Strip removes what stands at the places, all values of it. What remains of the query and of the cookies stays byte for byte.
func Strip(r *http.Request, places []Place) {
	for _, p := range places {
		switch p.In {
		case Header:
			StripHeader(r.Header, Fold(p.Name))
		case Query:
			r.URL.RawQuery = without(r.URL.RawQuery, "&", func(pair string) bool {
				k, _, _ := strings.Cut(pair, "=")
				return unescape(k) == p.Name
			})
		case Cookie:
			stripCookie(r.Header, p.Name)
		}
	}
}

// StripHeader deletes every header whose name folds to the given one.
func StripHeader(h http.Header, folded string) {
	for name := range h {
		if len(name) == len(folded) && Fold(name) == folded {
			delete(h, name)
		}
	}
}

// Fold maps the spellings of a header name that servers take for one another
// onto one: lower case, with "_" and "." read as "-" (CGI and WSGI do so).
func Fold(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '_' || c == '.':
			return '-'
		case 'A' <= c && c <= 'Z':
			return c + ('a' - 'A')
		}
		return c
	}, name)
}

func stripCookie(h http.Header, name string) {
	lines := h["Cookie"]
	kept := lines[:0:0]
	for _, line := range lines {
		line = strings.TrimSpace(without(line, ";", func(pair string) bool {
			k, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
			return k == name
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
	var b strings.Builder
	first, dropped := true, false
	for part := range strings.SplitSeq(s, sep) {
		if drop(part) {
			dropped = true
			continue
		}
		if !first {
			b.WriteString(sep)
		}
		b.WriteString(part)
		first = false
	}
	if !dropped {
		return s
	}
	return b.String()
}
