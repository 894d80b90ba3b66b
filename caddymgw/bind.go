package caddymgw

import (
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// plan is what Decide needs of an operation, worked out once.
type plan struct {
	places []credential.Place // where to look, in document order, each once
	words  []bool             // by place: an auth-scheme word stands before the value
	// rivals are pairs of apiKey places that no alternative asks together:
	// two different values at them are ambiguous.
	rivals [][2]int
	// twins are a place of an apiKey and one of a token that an alternative asks
	// together: one value at both would count twice.
	twins      [][2]int
	challenges []string
}

// Bind gives each requirement of the API its verifier and prepares the
// operations for Decide. A nil verifier, and an alternative that wants two
// values at one place, become Closed. It returns the operations that nobody
// can call, in document order; it must be called once, before the API serves.
func Bind(api *API, verifier func(*Scheme) Verifier) (unreachable []*Operation) {
	for _, op := range api.Operations {
		open := op.Public()
		for _, alt := range op.Alternatives {
			conflict := conflicts(alt)
			callable := true
			for i := range alt {
				v := verifier(alt[i].Scheme)
				if v == nil || conflict {
					v = Closed()
				}
				alt[i].Verifier = v
				callable = callable && v != Closed()
			}
			open = open || callable
		}
		if !open {
			unreachable = append(unreachable, op)
		}
		op.plan = newPlan(op)
	}
	return unreachable
}

// conflicts reports whether an alternative asks for two values at one place:
// Basic and Bearer in one Authorization header, or two keys in one parameter.
// Several schemes of one kind share a value, but not two apiKey schemes: one
// key must not count twice (an AND of two would collapse into one).
func conflicts(alt Alternative) bool {
	for i, a := range alt {
		for _, b := range alt[:i] {
			if a.Scheme.Place.In == "" || a.Scheme.Place != b.Scheme.Place || a.Scheme == b.Scheme {
				continue
			}
			if a.Scheme.Type == APIKey || a.Scheme.kind() != b.Scheme.kind() {
				return true
			}
		}
	}
	return false
}

func newPlan(op *Operation) *plan {
	p := &plan{}
	keys := map[credential.Place]bool{}
	for _, alt := range op.Alternatives {
		for _, r := range alt {
			if r.Scheme.Type == MutualTLS || r.Scheme.Place.In == "" {
				continue
			}
			i := slices.Index(p.places, r.Scheme.Place)
			if i < 0 {
				i = len(p.places)
				p.places, p.words = append(p.places, r.Scheme.Place), append(p.words, false)
			}
			p.words[i] = p.words[i] || r.Scheme.Type != APIKey
			if r.Scheme.Type == APIKey {
				keys[r.Scheme.Place] = true
			}
		}
	}
	p.twins = twins(op, p.places)
	for i, a := range p.places {
		for j := range i {
			if b := p.places[j]; keys[a] && keys[b] && !together(op, a, b) {
				p.rivals = append(p.rivals, [2]int{j, i})
			}
		}
	}
	p.challenges = challenges(op)
	return p
}

func twins(op *Operation, places []credential.Place) (pairs [][2]int) {
	for _, alt := range op.Alternatives {
		for _, key := range alt {
			for _, bearer := range alt {
				if key.Scheme.Type != APIKey || bearer.Scheme.kind() != "bearer" || key.Scheme.Place == bearer.Scheme.Place {
					continue
				}
				pair := [2]int{slices.Index(places, key.Scheme.Place), slices.Index(places, bearer.Scheme.Place)}
				if !slices.Contains(pairs, pair) {
					pairs = append(pairs, pair)
				}
			}
		}
	}
	return pairs
}

func together(op *Operation, a, b credential.Place) bool {
	return slices.ContainsFunc(op.Alternatives, func(alt Alternative) bool {
		at := func(p credential.Place) bool {
			return slices.ContainsFunc(alt, func(r Requirement) bool {
				return r.Scheme.Place == p
			})
		}
		return at(a) && at(b)
	})
}

// challenges collects one challenge for each kind that the operation accepts
// (RFC 9110 section 11.6.1); those of closed requirements only where there is no
// other. The scopes that an alternative asks of a token are taken together, and
// the first alternative speaks for its kind.
func challenges(op *Operation) []string {
	var open, shut []string
	for _, alt := range op.Alternatives {
		for i := range alt {
			r := alt[i]
			if r.Scheme.kind() == "bearer" {
				r.Scopes = alt.tokenScopes()
			}
			c := r.Verifier.Challenge(&r)
			list := &open
			if r.Verifier == Closed() {
				list = &shut
			}
			if c != "" && !slices.ContainsFunc(*list, func(other string) bool { return sameChallenge(c, other) }) {
				*list = append(*list, c)
			}
		}
	}
	switch {
	case len(open) > 0:
		return open
	case len(shut) == 0 && op.wantsCertificate(): // and nothing else, but a 401 needs a challenge
		return []string{fault.CertificateChallenge(op.API.Name)}
	}
	return shut
}

func (o *Operation) wantsCertificate() bool {
	return slices.ContainsFunc(o.Alternatives, func(a Alternative) bool {
		return slices.ContainsFunc(a, func(r Requirement) bool { return r.Scheme.Type == MutualTLS })
	})
}

// tokenScopes are those that all requirements of a bearer token ask together.
func (a Alternative) tokenScopes() (scopes []string) {
	for _, r := range a {
		if r.Scheme.kind() != "bearer" {
			continue
		}
		for _, s := range r.Scopes {
			if !slices.Contains(scopes, s) {
				scopes = append(scopes, s)
			}
		}
	}
	return scopes
}

// sameChallenge: two keys at different places are two kinds, two tokens are not.
func sameChallenge(a, b string) bool {
	kind, _, _ := strings.Cut(a, " ")
	other, _, _ := strings.Cut(b, " ")
	return a == b || kind == other && kind != "ApiKey"
}

// kind is the auth-scheme word that a credential of the scheme bears in an
// Authorization header; "" for an API key.
func (s *Scheme) kind() string {
	switch s.Type {
	case HTTP:
		return s.HTTPScheme
	case OAuth2, OpenIDConnect:
		return "bearer"
	default:
		return ""
	}
}

// keyWords may stand before an API key whose header is Authorization.
var keyWords = []string{"", "bearer", "token", "apikey", "key"}

// Accepts reports whether a credential is at the place and of the kind of the
// scheme. It looks at nothing else.
func (s *Scheme) Accepts(c credential.Credential) bool {
	if s.Place.In == "" || s.Place != c.Place {
		return false
	}
	if s.Type != APIKey { // a header of its own may hold a bare token
		return c.AuthScheme == s.kind() || c.AuthScheme == "" && s.kind() == "bearer" && s.Place != authorization
	}
	return slices.Contains(keyWords, c.AuthScheme) || c.AuthScheme == strings.ToLower(s.Name)
}
