package conformance

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// kind is what a client has to have.
type kind string

const (
	key         kind = "key"
	bearerToken kind = "token"
	password    kind = "password"
	certificate kind = "certificate"
	stray       kind = "stray" // of a kind that nothing here verifies
)

// Who the right credentials stand for; a user has a name of his own.
const (
	keyName         = "app"
	tokenName       = "alice"
	certificateName = "partner-1"
)

// kindOf returns "" for a scheme that nothing here verifies.
func kindOf(s *caddymgw.Scheme) kind {
	switch {
	case s.Type == caddymgw.APIKey:
		return key
	case s.Type == caddymgw.MutualTLS:
		return certificate
	case s.Type == caddymgw.OAuth2, s.Type == caddymgw.OpenIDConnect, s.Type == caddymgw.HTTP && s.HTTPScheme == "bearer":
		return bearerToken
	case s.Type == caddymgw.HTTP && s.HTTPScheme == "basic":
		return password
	}
	return ""
}

// scoped reports whether a scheme is asked for scopes; of the others it is
// roles.
func scoped(s *caddymgw.Scheme) bool {
	return s.Type == caddymgw.OAuth2 || s.Type == caddymgw.OpenIDConnect
}

// flaw is what is wrong with a credential.
type flaw string

const (
	none      flaw = ""
	leftOut   flaw = "left out"
	empty     flaw = "empty"
	twice     flaw = "twice"
	forged    flaw = "forged"  // the last characters of the signature changed; a wrong password
	respelt   flaw = "respelt" // only the bits of the signature that mean nothing
	expired   flaw = "expired"
	elsewhere flaw = "of another API" // of another audience; a certificate of a stranger
	outdated  flaw = "of another version of the API"
	foreign   flaw = "of another kind" // a token where a key belongs, and the other way round
	malformed flaw = "malformed"       // a password without a colon
)

var flaws = map[kind][]flaw{
	key:         {leftOut, empty, twice, forged, respelt, expired, elsewhere, outdated, foreign},
	bearerToken: {leftOut, empty, twice, forged, respelt, expired, elsewhere, foreign},
	password:    {leftOut, empty, twice, forged, malformed},
	certificate: {leftOut, forged, expired, elsewhere},
}

// sent is a credential of a client, and where it is put.
type sent struct {
	kind   kind
	place  credential.Place // zero for a certificate
	word   string           // before the value; "": none
	api    *caddymgw.API
	scopes []string // of a token
	roles  []string // and all rights of keys and passwords
	flaw   flaw
	lacks  string // the right that was taken away
}

func (c sent) String() string {
	text := fmt.Sprintf("%s (%s %s)", c.kind, c.place.In, c.place.Name)
	if c.lacks != "" {
		text += " without " + c.lacks
	}
	return strings.TrimSpace(text + " " + string(c.flaw))
}

// there reports whether anything is presented.
func (c sent) there() bool { return c.flaw != leftOut && c.flaw != empty }

// carried returns the right credentials for an alternative that is not closed:
// one for each place.
func carried(api *caddymgw.API, alt caddymgw.Alternative) []sent {
	var list []sent
	for _, r := range alt {
		k := kindOf(r.Scheme)
		i := slices.IndexFunc(list, func(c sent) bool { return c.kind == k && c.place == r.Scheme.Place })
		if i < 0 {
			i = len(list)
			word := map[kind]string{bearerToken: "Bearer", password: "Basic"}[k]
			list = append(list, sent{kind: k, place: r.Scheme.Place, word: word, api: api})
		}
		rights := &list[i].roles
		if scoped(r.Scheme) {
			rights = &list[i].scopes
		}
		for _, s := range r.Scopes {
			if !slices.Contains(*rights, s) {
				*rights = append(*rights, s)
			}
		}
	}
	return list
}

// spoilt returns each way in which the credential may be wrong.
func (c sent) spoilt() (list []sent) {
	for _, f := range flaws[c.kind] {
		other := c
		other.flaw = f
		list = append(list, other)
	}
	for _, right := range c.scopes { // it is in the token, but as a role
		other := c
		other.scopes, other.roles, other.lacks = without(c.scopes, right), append(slices.Clone(c.roles), right), right
		list = append(list, other)
	}
	for _, right := range c.roles {
		other := c
		other.roles, other.lacks = without(c.roles, right), right
		if c.kind == bearerToken {
			other.scopes = append(slices.Clone(c.scopes), right)
		}
		list = append(list, other)
	}
	return list
}

// text makes the value, without the word before it.
func (s *site) text(t testing.TB, c sent) string {
	t.Helper()
	if c.kind == stray {
		return "c3RyYXk="
	}
	if c.kind == password {
		u, ok := s.passwords[listOf(c.roles)]
		switch {
		case !ok:
			t.Errorf("no user has the rights %q", c.roles)
		case c.flaw == forged:
			u.password += "!"
		case c.flaw == malformed:
			return base64.StdEncoding.EncodeToString([]byte(u.name))
		}
		return base64.StdEncoding.EncodeToString([]byte(u.name + ":" + u.password))
	}
	mint := map[kind]func(testing.TB, sent) string{key: s.mintKey, bearerToken: s.mintToken}
	if c.flaw == foreign {
		c.flaw = none
		c.kind = map[kind]kind{key: bearerToken, bearerToken: key}[c.kind]
	}
	f := c.flaw
	if f != expired && f != elsewhere && f != outdated {
		c.flaw = none
	}
	id := fmt.Sprintf("%s %q %q %q %q %s", c.kind, c.api.Name, c.api.Version, c.scopes, c.roles, c.flaw)
	good := s.memo(t, id, func() string { return mint[c.kind](t, c) })
	switch f {
	case forged:
		return good[:len(good)-4] + strings.Map(func(r rune) rune {
			if r == 'A' {
				return 'B'
			}
			return 'A'
		}, good[len(good)-4:len(good)-1]) + good[len(good)-1:]
	case respelt: // 64 bytes leave four bits of the last character
		return good[:len(good)-1] + string(good[len(good)-1]+1)
	}
	return good
}

// put presents the credential, and returns what must not be found behind the
// border.
func (s *site) put(t testing.TB, r *http.Request, c sent) (secrets []string) {
	t.Helper()
	if c.kind == certificate {
		r.TLS = s.states[c.flaw] // nil where it is left out
		return nil
	}
	if c.flaw == leftOut {
		return nil
	}
	var text string
	if c.flaw != empty {
		text = s.text(t, c)
	}
	if text != "" && c.kind != stray { // which goes on where nobody reads it
		secrets = append(secrets, text)
	}
	value := text
	if c.word != "" {
		value = c.word + " " + text
	}
	place(r, c.place, value)
	if c.flaw == twice {
		place(r, c.place, value)
	}
	return secrets
}

// place adds a value to a request.
func place(r *http.Request, p credential.Place, value string) {
	switch p.In {
	case credential.Header:
		r.Header[p.Name] = append(r.Header[p.Name], value)
	case credential.Query:
		r.URL.RawQuery += "&" + url.QueryEscape(p.Name) + "=" + url.QueryEscape(value)
	case credential.Cookie:
		line := p.Name + "=" + value
		if lines := r.Header["Cookie"]; len(lines) > 0 {
			line = lines[0] + "; " + line
		}
		r.Header["Cookie"] = []string{line}
	}
}
