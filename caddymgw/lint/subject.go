package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// subject is a document and what is known of it.
type subject struct {
	file    string
	options openapi.Options
	doc     *openapi.Document // nil: it does not load
	err     error             // why not
	tree    *openapi.Tree     // nil: it can't even be parsed
	root    openapi.Node

	ignored  []string     // rules
	served   []*operation // none if it does not load
	declared []*scheme
	lists    []*list
	listAt   map[openapi.Node]*list
	sent     map[string]bool // names of schemes that webhooks and callbacks ask for
}

// operation is one that the gateway serves.
type operation struct {
	*caddymgw.Operation              // as it is enforced: where several coincide, that of all
	method, template    string       // as declared
	node                openapi.Node // behind its references
	item                openapi.Node // the path item that has it
	coincides           *operation   // an earlier one that requests can't tell from it; nil: none
	ignored             []string
	cause               openapi.Node // what decides its security; the paths, where nothing does
	off                 bool         // cause is x-wso2-disable-security
}

func (o *operation) label() string { return o.method + " " + o.template }

// writes reports whether the method is one that changes something.
func (o *operation) writes() bool {
	return !slices.Contains([]string{"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"}, o.method)
}

// anonymous reports whether {} stands among its alternatives.
func (o *operation) anonymous() bool {
	return slices.ContainsFunc(o.Alternatives, func(alt caddymgw.Alternative) bool { return len(alt) == 0 })
}

// asks reports whether an alternative asks for a scheme of a kind.
func (o *operation) asks(kind func(*caddymgw.Scheme) bool) bool {
	return slices.ContainsFunc(o.Alternatives, func(alt caddymgw.Alternative) bool {
		return slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return kind(r.Scheme) })
	})
}

// scheme is a declared security scheme.
type scheme struct {
	name    string
	node    openapi.Node // behind its references
	used    bool
	ignored []string
}

func (s *scheme) get(name string) string { return s.node.Get(name).Scalar() }

// key reports whether it is an API key, and in such a place.
func (s *scheme) key(in string) bool { return s.get("type") == "apiKey" && s.get("in") == in }

// list is a security member.
type list struct {
	node       openapi.Node
	operations []*operation // whose security it decides
	ignored    []string     // of the operation that has it
}

// requirement is a scheme that an alternative of a list asks for.
type requirement struct {
	list        *list
	alternative openapi.Node
	scheme      string
	scopes      openapi.Node
}

func (l *list) requirements() (all []requirement) {
	for _, alternative := range l.node.Items() {
		for name, scopes := range alternative.Members() {
			all = append(all, requirement{l, alternative, name, scopes})
		}
	}
	return all
}

// asked are the scopes of a requirement.
func (q requirement) asked() (scopes []string) {
	for _, item := range q.scopes.Items() {
		scopes = append(scopes, item.Scalar())
	}
	return scopes
}

// scheme finds a declared scheme; nil if there is none of that name.
func (s *subject) scheme(name string) *scheme {
	for _, d := range s.declared {
		if d.name == name {
			return d
		}
	}
	return nil
}

// group is operations of one cause.
type group struct {
	at         openapi.Node
	operations []*operation
}

// byCause groups operations by what at says, in their order.
func byCause(operations []*operation, at func(*operation) openapi.Node) (groups []group) {
	index := map[openapi.Node]int{}
	for _, op := range operations {
		node := at(op)
		i, ok := index[node]
		if !ok {
			i = len(groups)
			index[node] = i
			groups = append(groups, group{at: node})
		}
		groups[i].operations = append(groups[i].operations, op)
	}
	return groups
}

// names says which operations, the first of them by name.
func names(operations []*operation) string {
	const most = 3
	var labels []string
	for _, op := range operations[:min(len(operations), most)] {
		labels = append(labels, op.label())
	}
	last := labels[len(labels)-1]
	switch n := len(operations) - most; {
	case n > 0:
		return fmt.Sprintf("%s and %d more", strings.Join(labels, ", "), n)
	case len(labels) > 1:
		return strings.Join(labels[:len(labels)-1], ", ") + " and " + last
	}
	return last
}
