package lint

import (
	"slices"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// ignoreMember is a list of rules that are not looked for in the document, the
// operation or the security scheme that has it.
const ignoreMember = "x-caddymgw-lint-ignore"

// ignores reads it. A rule that does not exist is refused: its author believes that
// something is looked at which is not, or the other way round.
func ignores(n openapi.Node) ([]string, error) {
	list := n.Get(ignoreMember)
	if list.IsZero() {
		return nil, nil
	}
	if !list.Is(openapi.List) {
		return nil, list.Errorf("%s must be a list of rules", ignoreMember)
	}
	var ids []string
	for _, item := range list.Items() {
		if !item.Is(openapi.Text) {
			return nil, item.Errorf("%s must be a list of rules", ignoreMember)
		}
		if err := CheckIDs([]string{item.Scalar()}); err != nil {
			return nil, item.Errorf("%s: %s", ignoreMember, err)
		}
		ids = append(ids, item.Scalar())
	}
	return ids, nil
}

// view is the document as one rule sees it.
type view struct {
	*subject
	rule string
}

// operations are those that the gateway serves, and that do not ignore the rule.
func (v *view) operations() (all []*operation) {
	for _, op := range v.served {
		if !slices.Contains(op.ignored, v.rule) {
			all = append(all, op)
		}
	}
	return all
}

// schemes are those that are declared, and do not ignore the rule.
func (v *view) schemes() (all []*scheme) {
	for _, s := range v.declared {
		if !slices.Contains(s.ignored, v.rule) {
			all = append(all, s)
		}
	}
	return all
}

// usedSchemes are those of schemes that an operation asks for.
func (v *view) usedSchemes() (all []*scheme) {
	for _, s := range v.schemes() {
		if s.used {
			all = append(all, s)
		}
	}
	return all
}

// requirements are those of all lists, but of operations that ignore the rule.
func (v *view) requirements() (all []requirement) {
	for _, l := range v.lists {
		if !slices.Contains(l.ignored, v.rule) {
			all = append(all, l.requirements()...)
		}
	}
	return all
}
