package openapi

import (
	"slices"

	"github.com/caddymgw/gateway/caddymgw"
)

// node is one segment deep in the trie of a document. Texts beat partly
// templated segments, which keep document order, and these beat parameters.
type node struct {
	texts    map[string]*node
	patterns []branch
	any      *node
	methods  map[string]*caddymgw.Operation
}

type branch struct {
	pattern pattern
	next    *node
}

// child returns the node below n for one template segment, made if need be.
// Patterns that are equal up to parameter names share a node.
func (n *node) child(p pattern) *node {
	switch {
	case len(p) == 1:
		if n.texts[p[0]] == nil {
			if n.texts == nil {
				n.texts = map[string]*node{}
			}
			n.texts[p[0]] = &node{}
		}
		return n.texts[p[0]]
	case p.whole():
		if n.any == nil {
			n.any = &node{}
		}
		return n.any
	}
	for _, b := range n.patterns {
		if slices.Equal(b.pattern, p) {
			return b.next
		}
	}
	next := &node{}
	n.patterns = append(n.patterns, branch{p, next})
	return next
}

// find returns the best operation for the method, falling back from a path
// that lacks it. It visits a node at most once.
func (n *node) find(segments []string, method string) *caddymgw.Operation {
	if len(segments) == 0 {
		return n.methods[method]
	}
	s, rest := segments[0], segments[1:]
	if next := n.texts[s]; next != nil {
		if op := next.find(rest, method); op != nil {
			return op
		}
	}
	for _, b := range n.patterns {
		if b.pattern.match(s) {
			if op := b.next.find(rest, method); op != nil {
				return op
			}
		}
	}
	if n.any != nil && s != "" {
		return n.any.find(rest, method)
	}
	return nil
}

// methodsAt adds the methods of every path that fits, in no order.
func (n *node) methodsAt(segments []string, allow *[]string) {
	if len(segments) == 0 {
		for m := range n.methods {
			*allow = append(*allow, m)
		}
		return
	}
	s, rest := segments[0], segments[1:]
	if next := n.texts[s]; next != nil {
		next.methodsAt(rest, allow)
	}
	for _, b := range n.patterns {
		if b.pattern.match(s) {
			b.next.methodsAt(rest, allow)
		}
	}
	if n.any != nil && s != "" {
		n.any.methodsAt(rest, allow)
	}
}

// walk visits every operation, in no order.
func (n *node) walk(visit func(*caddymgw.Operation)) {
	for _, op := range n.methods {
		visit(op)
	}
	for _, next := range n.texts {
		next.walk(visit)
	}
	for _, b := range n.patterns {
		b.next.walk(visit)
	}
	if n.any != nil {
		n.any.walk(visit)
	}
}
