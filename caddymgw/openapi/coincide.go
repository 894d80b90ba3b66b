package openapi

import (
	"slices"

	"github.com/caddymgw/gateway/caddymgw"
)

// maxAlternatives bounds what coinciding operations may multiply to.
const maxAlternatives = 64

// merge returns one operation for two that no request can tell apart. Each
// security must hold: the product of their alternatives.
func (c *compiler) merge(a, b *caddymgw.Operation, at *value) (*caddymgw.Operation, error) {
	if a == b {
		return a, nil
	}
	if op := c.merged[[2]*caddymgw.Operation{a, b}]; op != nil {
		return op, nil
	}
	alternatives, ok := both(a.Alternatives, b.Alternatives)
	if !ok {
		return nil, at.errorf("%s %s and %s %s are one to a request, and their securities multiply to more than %d alternatives: give them one",
			a.Method, a.Template, b.Method, b.Template, maxAlternatives)
	}
	op := &caddymgw.Operation{API: a.API, Method: a.Method, Template: a.Template, ID: a.ID, Alternatives: alternatives}
	if c.merged == nil {
		c.merged = map[[2]*caddymgw.Operation]*caddymgw.Operation{}
	}
	c.merged[[2]*caddymgw.Operation{a, b}] = op
	c.merged[[2]*caddymgw.Operation{op, b}] = op // another spelling of one base path
	c.warn("%s %s and %s %s are one to a request: both securities must hold", a.Method, a.Template, b.Method, b.Template)
	return op, nil
}

// both returns the alternatives of which one holds exactly if one of a and one
// of b holds. Public asks nothing.
func both(a, b []caddymgw.Alternative) ([]caddymgw.Alternative, bool) {
	switch {
	case len(a) == 0:
		return b, true
	case len(b) == 0 || slices.EqualFunc(a, b, sameAlternative):
		return a, true
	case len(a)*len(b) > maxAlternatives:
		return nil, false
	}
	var product []caddymgw.Alternative
	anonymous := false
	for _, x := range a {
		for _, y := range b {
			alt := conjunction(x, y)
			switch {
			case len(alt) == 0:
				anonymous = true
			case !slices.ContainsFunc(product, func(p caddymgw.Alternative) bool { return sameAlternative(p, alt) }):
				product = append(product, alt)
			}
		}
	}
	if anonymous {
		product = append(product, caddymgw.Alternative{})
	}
	return product, true
}

// conjunction asks for all that x and y ask for. All scopes of both are the
// scopes of one requirement; any one of some, beside any one of others, are two.
func conjunction(x, y caddymgw.Alternative) caddymgw.Alternative {
	alt := caddymgw.Alternative{}
	for _, r := range slices.Concat(x, y) {
		i := slices.IndexFunc(alt, func(o caddymgw.Requirement) bool {
			return o.Scheme == r.Scheme && (!o.AnyScope && !r.AnyScope || sameRequirement(o, r))
		})
		if i < 0 {
			r.Scopes = slices.Clone(r.Scopes)
			alt = append(alt, r)
			continue
		}
		for _, s := range r.Scopes {
			if !slices.Contains(alt[i].Scopes, s) {
				alt[i].Scopes = append(alt[i].Scopes, s)
			}
		}
	}
	return alt
}

// sameAlternative ignores the order of requirements: all must hold.
func sameAlternative(a, b caddymgw.Alternative) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x caddymgw.Requirement) bool {
		return !slices.ContainsFunc(b, func(y caddymgw.Requirement) bool { return sameRequirement(x, y) })
	})
}

func sameRequirement(a, b caddymgw.Requirement) bool {
	return a.Scheme == b.Scheme && a.AnyScope == b.AnyScope && slices.Equal(a.Scopes, b.Scopes)
}
