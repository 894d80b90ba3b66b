package token

import (
	"strconv"
	"strings"
	"time"
)

// Number is a JSON number as the token writes it.
type Number string

// Claims are the registered claims of RFC 7519 section 4.1, and all others.
type Claims struct {
	Issuer, Subject, ID string // "" if absent
	Audience            []string
	// Zero if absent.
	Expires, NotBefore, IssuedAt time.Time
	// All holds every claim: string, bool, nil, Number, []any, map[string]any.
	All map[string]any
}

// maxTime is the last second of the year 9999.
const maxTime = 253402300799

func readClaims(all map[string]any) (Claims, error) {
	c := Claims{All: all}
	for name, to := range map[string]*string{"iss": &c.Issuer, "sub": &c.Subject, "jti": &c.ID} {
		if v, ok := all[name]; ok {
			if *to, ok = v.(string); !ok {
				return c, ErrClaims
			}
		}
	}
	for name, to := range map[string]*time.Time{"exp": &c.Expires, "nbf": &c.NotBefore, "iat": &c.IssuedAt} {
		if v, ok := all[name]; ok {
			var err error
			if *to, err = numericDate(v); err != nil {
				return c, err
			}
		}
	}
	switch aud := all["aud"].(type) {
	case nil:
		if _, ok := all["aud"]; ok {
			return c, ErrClaims
		}
	case string:
		c.Audience = []string{aud}
	case []any:
		list, ok := Strings(aud)
		if !ok {
			return c, ErrClaims
		}
		c.Audience = list
	default:
		return c, ErrClaims
	}
	return c, nil
}

// numericDate reads whole seconds. RFC 7519 allows fractions, but no issuer
// needs them, and a float is where 1e18 comes from.
func numericDate(v any) (time.Time, error) {
	n, ok := v.(Number)
	if !ok || strings.ContainsAny(string(n), ".eE-") {
		return time.Time{}, ErrClaims
	}
	seconds, err := strconv.ParseInt(string(n), 10, 64)
	if err != nil || seconds > maxTime {
		return time.Time{}, ErrClaims
	}
	return time.Unix(seconds, 0), nil
}

// Strings returns a claim that is a list of strings.
func Strings(v any) ([]string, bool) {
	items, ok := v.([]any)
	if !ok {
		return nil, false
	}
	list := make([]string, len(items))
	for i, item := range items {
		if list[i], ok = item.(string); !ok {
			return nil, false
		}
	}
	return list, true
}

// CheckTime checks exp and nbf (RFC 7519 sections 4.1.4, 4.1.5). A token is
// good while now < exp + leeway and from nbf - leeway on. One without exp never
// expires: whether that may be is the verifier's to say.
func (c *Claims) CheckTime(now time.Time, leeway time.Duration) error {
	if !c.Expires.IsZero() && !now.Before(c.Expires.Add(leeway)) {
		return ErrExpired
	}
	if !c.NotBefore.IsZero() && now.Add(leeway).Before(c.NotBefore) {
		return ErrNotYetValid
	}
	return nil
}
