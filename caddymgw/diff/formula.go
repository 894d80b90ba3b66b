package diff

import (
	"slices"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// atom is what a credential proves.
type atom struct {
	name, http string
	kind       caddymgw.SchemeType
	place      credential.Place
}

// overTLS is asked of every request where an API is served over TLS only. No
// declared scheme equals it: each has a type.
var overTLS = atom{name: "TLS"}

// term is one set of credentials that suffices, each with the scopes that it needs.
type term map[atom][]string

// formula is a list of such sets. The empty one lets nobody in; one that holds the
// empty set lets everybody in.
type formula []term

// maxTerms bounds what "any one of these scopes" may multiply to, where operations
// coincide.
const maxTerms = 1024

// formulaOf reads the security of an operation; ok is false where that has more than
// maxTerms terms.
func formulaOf(op *caddymgw.Operation) (f formula, ok bool) {
	base := term{}
	if op.API.TLSOnly {
		base[overTLS] = nil
	}
	if op.Public() {
		return formula{base}, true
	}
	for _, alt := range op.Alternatives {
		terms := formula{base}
		for _, r := range alt {
			if terms, ok = terms.and(r); !ok {
				return nil, false
			}
		}
		if f = append(f, terms...); len(f) > maxTerms {
			return nil, false
		}
	}
	return f, true
}

// and asks for one thing more.
func (f formula) and(r caddymgw.Requirement) (formula, bool) {
	s := r.Scheme
	if s.Type == "" { // nothing verifies it
		return nil, true
	}
	a := atom{s.Name, s.HTTPScheme, s.Type, s.Place}
	choices := [][]string{r.Scopes}
	if r.AnyScope && len(r.Scopes) > 0 {
		choices = nil
		for _, scope := range r.Scopes {
			choices = append(choices, []string{scope})
		}
	}
	if len(f)*len(choices) > maxTerms {
		return nil, false
	}
	var all formula
	for _, t := range f {
		for _, scopes := range choices {
			all = append(all, t.with(a, scopes))
		}
	}
	return all, true
}

// with asks for a credential and its scopes too.
func (t term) with(a atom, scopes []string) term {
	more := term{}
	for k, v := range t {
		more[k] = v
	}
	more[a] = slices.Concat(more[a], scopes)
	return more
}

// opens reports whether somebody whom g keeps out is let in by f.
func (f formula) opens(g formula) bool {
	return slices.ContainsFunc(f, func(t term) bool {
		return !slices.ContainsFunc(g, t.suffices)
	})
}

// suffices reports whether credentials for t are credentials for other.
func (t term) suffices(other term) bool {
	for a, scopes := range other {
		own, ok := t[a]
		if !ok || slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(own, s) }) {
			return false
		}
	}
	return true
}

// everybody reports whether no credential is asked for, over whatever transport.
func everybody(op *caddymgw.Operation) bool {
	return op.Public() || slices.ContainsFunc(op.Alternatives, func(alt caddymgw.Alternative) bool { return len(alt) == 0 })
}

// compare says whether the new operation lets in somebody whom the old one keeps
// out, and keeps out somebody whom the old one lets in. Where that can't be told it
// says both.
func compare(before, after *caddymgw.Operation) (opens, closes bool) {
	f, ok := formulaOf(before)
	g, too := formulaOf(after)
	if !ok || !too {
		return true, true
	}
	return g.opens(f), f.opens(g)
}
