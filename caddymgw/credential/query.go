package credential

import (
	"errors"
	"net/url"
	"strings"
)

// MaxParameters is how many query parameters a request may have.
const MaxParameters = 1000

// ErrQuery means that a query string cannot be read completely, so that the
// gateway and the upstream might read it differently.
var ErrQuery = errors.New("query string is not canonical")

// Values is a query string, checked but not decoded: most queries hold no
// credential, and none of ours is looked up twice.
type Values struct{ raw string }

// ParseQuery checks that a raw query parses completely: every escape is valid,
// no ";" stands unescaped, and it has at most MaxParameters.
func ParseQuery(raw string) (Values, error) {
	if raw == "" {
		return Values{}, nil
	}
	if strings.Count(raw, "&") >= MaxParameters || strings.IndexByte(raw, ';') >= 0 {
		return Values{}, ErrQuery
	}
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c <= ' ' || c == 0x7f || c == '#':
			return Values{}, ErrQuery
		case c == '%':
			if i+2 >= len(raw) || !hex(raw[i+1]) || !hex(raw[i+2]) {
				return Values{}, ErrQuery
			}
			i += 2
		}
	}
	return Values{raw}, nil
}

func hex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// All returns the decoded values of one name, in their order. Names are exact
// after one decoding.
func (q Values) All(name string) []string {
	var values []string
	for pair := range strings.SplitSeq(q.raw, "&") {
		k, v, _ := strings.Cut(pair, "=")
		if unescape(k) == name {
			values = append(values, unescape(v))
		}
	}
	return values
}

// unescape cannot fail on what ParseQuery let pass.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	u, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return u
}
