package credential

import (
	"net/http"
	"strings"
)

// Find returns the credential at a place and how many values stand there. With
// none, or only empty ones, it returns 0. With more than one the credential is
// the first, to be stripped and not to be used.
//
// With words, and in Authorization always, the value is split into its
// auth-scheme word and the rest (RFC 9110 section 11.4). A value of one word has
// no auth-scheme.
func Find(r *http.Request, query Values, p Place, words bool) (Credential, int) {
	switch p.In {
	case Header:
		return inHeader(r.Header[p.Name], p, words)
	case Query:
		return first(query.All(p.Name), p)
	case Cookie:
		return first(cookies(r.Header["Cookie"], p.Name), p)
	}
	return Credential{}, 0
}

func inHeader(lines []string, p Place, words bool) (Credential, int) {
	c, n := first(lines, p)
	if n == 0 || !words && p.Name != "Authorization" {
		return c, n
	}
	word, rest, spaced := strings.Cut(c.Value.Reveal(), " ")
	if !spaced {
		if bareWord[strings.ToLower(word)] {
			return Credential{}, 0 // "Bearer" alone: an empty credential is a missing one
		}
		return c, n
	}
	c.AuthScheme = strings.ToLower(word)
	c.Value = Secret(strings.TrimLeft(rest, " "))
	return c, n
}

// bareWord holds the auth-schemes that make no sense as an API key of their own.
var bareWord = map[string]bool{"basic": true, "bearer": true, "token": true, "apikey": true, "key": true}

// first drops surrounding spaces (they are no part of a field value) and
// counts: a second line counts even where it is empty or equal.
func first(values []string, p Place) (Credential, int) {
	switch len(values) {
	case 0:
		return Credential{}, 0
	case 1:
		v := values[0]
		if p.In == Header {
			v = strings.Trim(v, " \t")
		}
		if v == "" {
			return Credential{}, 0
		}
		return Credential{Place: p, Value: Secret(v)}, 1
	}
	return Credential{Place: p, Value: Secret(values[0])}, len(values)
}

// cookies returns the values of one cookie name, read as RFC 6265 section 5.4
// writes them: pairs parted by ";", names exact but for white space, which many
// servers trim.
func cookies(lines []string, name string) []string {
	var values []string
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			k, v, _ := strings.Cut(pair, "=")
			if strings.TrimSpace(k) == name {
				values = append(values, strings.Trim(strings.TrimSpace(v), `"`))
			}
		}
	}
	return values
}
