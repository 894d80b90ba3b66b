package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// Compare says what differs. Operations are those of one method and one path,
// whatever the parameters are called.
func Compare(before, after *openapi.Document) *Report {
	r := &Report{Old: describe(before.API), New: describe(after.API), Operations: []Operation{}, Schemes: schemes(before.API, after.API), Counts: map[Change]int{}}
	for _, change := range Changes() {
		r.Counts[change] = 0
	}
	for _, p := range pairs(before, after) {
		op := p.outcome()
		r.Counts[op.Change]++
		if op.Change != Same {
			r.Operations = append(r.Operations, op)
		}
	}
	was, now := map[string]string{}, map[string]string{}
	for _, s := range r.Schemes {
		if s.Change == Changed {
			was[s.Name], now[s.Name] = s.Was, s.Now
		}
	}
	for _, op := range r.Operations {
		op.Was.define(was)
		op.Now.define(now)
	}
	slices.SortStableFunc(r.Operations, func(a, b Operation) int {
		return cmp.Compare(slices.Index(Changes(), a.Change), slices.Index(Changes(), b.Change))
	})
	return r
}

func describe(api *caddymgw.API) API { return API{api.Name, api.Version, api.OpenAPI} }

// pair is a way, and its operation by each of the documents; nil: there is none.
type pair struct {
	openapi.Way
	before, after *caddymgw.Operation
	detours       []detour
}

// pairs lists the ways of both documents in the order of the new one, then of the
// old one.
func pairs(before, after *openapi.Document) []*pair {
	known := map[string]*pair{}
	var all []*pair
	take := func(doc *openapi.Document, set func(*pair, *caddymgw.Operation)) {
		ways := doc.Ways()
		order := map[*caddymgw.Operation]int{}
		for i, op := range doc.API.Operations {
			order[op] = i
		}
		slices.SortStableFunc(ways, func(a, b openapi.Way) int { return cmp.Compare(order[a.Operation], order[b.Operation]) })
		for _, w := range ways {
			p := known[w.Method+" "+w.Shape]
			if p == nil {
				p = &pair{Way: w}
				known[w.Method+" "+w.Shape] = p
				all = append(all, p)
			}
			set(p, w.Operation)
		}
	}
	take(after, func(p *pair, op *caddymgw.Operation) { p.after = op })
	take(before, func(p *pair, op *caddymgw.Operation) { p.before = op })
	findDetours(before, after, all)
	return all
}

// outcome judges a pair with its detours.
func (p *pair) outcome() Operation {
	op := Operation{Method: p.Method, Path: pathOf(p.Shape, p.Operation.Template), ID: p.Operation.ID}
	opens, closes := false, false
	if p.before != nil {
		op.Was = securityOf(p.before)
	}
	if p.after != nil {
		op.Now = securityOf(p.after)
	}
	if p.before != nil && p.after != nil {
		opens, closes = compare(p.before, p.after)
	}
	direct := opens || closes
	for i, d := range p.detours {
		o, c := compare(d.before, d.after)
		if i == 0 && !direct || o && !opens {
			op.Was, op.Now = d.security(p)
		}
		opens, closes = opens || o, closes || c
	}
	switch {
	case opens && closes:
		op.Change = Changed
	case opens:
		op.Change = Weaker
	case closes:
		op.Change = Stronger
	case p.before == nil:
		op.Change = New
	case p.after == nil:
		op.Change = Gone
	default:
		op.Change, op.Was, op.Now = Same, securityOf(p.before), securityOf(p.after)
	}
	op.Opens = opens || p.isNew() && everybody(p.after)
	return op
}

// isNew reports whether requests are let in that had no operation at all.
func (p *pair) isNew() bool {
	return p.before == nil && !slices.ContainsFunc(p.detours, func(d detour) bool { return d.whole })
}

// pathOf writes a shape with the parameters of a template.
func pathOf(shape, template string) string {
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(shape, "{}")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		shape = rest
		_, template, _ = strings.Cut(template, "{")
		var name string
		name, template, _ = strings.Cut(template, "}")
		b.WriteString("{" + name + "}")
	}
}

// schemes compares those that the documents declare, and those that stand in for
// them.
func schemes(before, after *caddymgw.API) []Scheme {
	was, now := map[string]string{}, map[string]string{}
	for _, s := range before.Schemes {
		was[s.Name] = define(s)
	}
	for _, s := range after.Schemes {
		now[s.Name] = define(s)
	}
	all := []Scheme{}
	for name, text := range now {
		switch {
		case was[name] == "":
			all = append(all, Scheme{New, name, "", text})
		case was[name] != text:
			all = append(all, Scheme{Changed, name, was[name], text})
		}
	}
	for name, text := range was {
		if now[name] == "" {
			all = append(all, Scheme{Gone, name, text, ""})
		}
	}
	slices.SortFunc(all, func(a, b Scheme) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// define says what a scheme is; never "".
func define(s *caddymgw.Scheme) string {
	text := cmp.Or(string(s.Type), "nothing verifies it")
	if s.HTTPScheme != "" {
		text += " " + s.HTTPScheme
	}
	if s.Place.In != "" {
		text += fmt.Sprintf(" in %s %s", s.Place.In, s.Place.Name)
	}
	return text
}
