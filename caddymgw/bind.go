package caddymgw

import (
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/credential"
)

// plan is what Decide needs of an operation, worked out once.
type plan struct {
	places []credential.Place // where to look, in document order, each once
	// rivals are pairs of apiKey places that no alternative asks together:
	// two different values at them are ambiguous.
	rivals     [][2]int
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
			if !slices.Contains(p.places, r.Scheme.Place) {
				p.places = append(p.places, r.Scheme.Place)
			}
			if r.Scheme.Type == APIKey {
				keys[r.Scheme.Place] = true
			}
		}
	}
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

func together(op *Operation, a, b credential.Place) bool {
	return slices.ContainsFunc(op.Alternatives, func(alt Alternative) bool {
		at := func(p credential.Place) bool {
			return slices.ContainsFunc(alt, func(r Requirement) bool {
				return r.Scheme.Type == APIKey && r.Scheme.Place == p
			})
		}
		return at(a) && at(b)
	})
}

// challenges collects one challenge for each kind that the operation accepts;
// those of closed requirements only where there is no other.
func challenges(op *Operation) []string {
	var open, shut []string
	for _, alt := range op.Alternatives {
		for i := range alt {
			c := alt[i].Verifier.Challenge(&alt[i])
			switch {
			case c == "":
			case alt[i].Verifier == Closed():
				if !slices.Contains(shut, c) {
					shut = append(shut, c)
				}
			case !slices.Contains(open, c):
				open = append(open, c)
			}
		}
	}
	if len(open) == 0 {
		return shut
	}
	return open
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
	if s.Type != APIKey {
		return c.AuthScheme == s.kind()
	}
	return slices.Contains(keyWords, c.AuthScheme) || c.AuthScheme == strings.ToLower(s.Name)
}
