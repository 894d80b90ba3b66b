package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
)

// Overlap is what a document claims of the base path of another one.
type Overlap struct {
	Base string // that of the other document
	// Claimed is an operation of the document which a URL below Base may fit;
	// nil: Base is a base path of both, whose operations have no URL in common.
	Claimed *caddymgw.Operation
	// Other is an operation of the other document that such a URL may fit too;
	// nil: there is none.
	Other *caddymgw.Operation
}

// Err says what is wrong, and the remedy. The files are those of the document and
// of the other one.
func (o Overlap) Err(file, other string) error {
	base := o.Base
	if base == "" {
		base = "/"
	}
	switch {
	case o.Claimed == nil:
		return fmt.Errorf("%s and %s both have the base path %s, and all below it is answered by one document: give one of them another base path (servers, x-wso2-basePath), or make them one document", file, other, base)
	case o.Other == nil:
		return fmt.Errorf("%s: the operation %s lies below the base path %s of %s, where all is answered by that document: move the operation or the base path", file, o.Claimed.Label(), base, other)
	}
	return fmt.Errorf("%s and %s claim the same path below %s, by the operations %s and %s: give one of the documents another base path (servers, x-wso2-basePath), or make them one document",
		file, other, base, o.Claimed.Label(), o.Other.Label())
}

// FindOverlap reports whether a document claims what lies below a base path of
// another one, whose requests they are if both stand on one site. Letters count
// without case, as in the path matchers of a proxy.
func FindOverlap(d, other *Document) (Overlap, bool) {
	for _, base := range other.API.BasePaths {
		segments := segmentsOf(base)
		same, above := d.stands(segments)
		if !same && !above {
			continue
		}
		o, found := claim(d.trie.below(segments), other.trie.below(segments))
		if same && o.Other == nil {
			o.Claimed = nil
		}
		if found || same {
			o.Base = base
			return o, true
		}
	}
	return Overlap{}, false
}

// stands reports whether a base path of d equals that of these segments, or lies
// above it.
func (d *Document) stands(segments []string) (same, above bool) {
	for _, base := range d.API.BasePaths {
		own := segmentsOf(base)
		if len(own) > len(segments) || !slices.EqualFunc(own, segments[:len(own)], alike) {
			continue
		}
		same, above = same || len(own) == len(segments), above || len(own) < len(segments)
	}
	return same, above
}

// alike reports whether two texts are one to a path matcher.
func alike(a, b string) bool {
	x, y := strings.ToLower(a), strings.ToLower(b) // not EqualFold, which knows other pairs
	return x == y
}

// claim finds an operation below the nodes of one document, best one that meets
// an operation of the other.
func claim(mine, theirs []*node) (Overlap, bool) {
	for _, m := range mine {
		for _, t := range theirs {
			if x, y := meet(m, t); x != nil {
				return Overlap{Claimed: x, Other: y}, true
			}
		}
	}
	for _, m := range mine {
		if op := m.first(); op != nil {
			return Overlap{Claimed: op}, true
		}
	}
	return Overlap{}, false
}

// below returns the nodes that a path of these segments may lead to.
func (n *node) below(segments []string) []*node {
	at := []*node{n}
	for _, s := range segments {
		var next []*node
		for _, n := range at {
			for _, b := range n.branches() {
				if b.pattern.mayMeet(pattern{s}) {
					next = append(next, b.next)
				}
			}
		}
		at = next
	}
	return at
}

// meet finds two operations, one below each node, that one path may fit.
func meet(a, b *node) (x, y *caddymgw.Operation) {
	if len(a.methods) > 0 && len(b.methods) > 0 {
		return a.own(), b.own()
	}
	for _, p := range a.branches() {
		for _, q := range b.branches() {
			if !p.pattern.mayMeet(q.pattern) {
				continue
			}
			if x, y := meet(p.next, q.next); x != nil {
				return x, y
			}
		}
	}
	return nil, nil
}

// own is an operation of the node itself, always the same one.
func (n *node) own() *caddymgw.Operation {
	for _, m := range slices.Sorted(maps.Keys(n.methods)) {
		return n.methods[m]
	}
	return nil
}

// first is an operation of the node or below it, always the same one.
func (n *node) first() *caddymgw.Operation {
	if op := n.own(); op != nil {
		return op
	}
	for _, b := range n.branches() {
		if op := b.next.first(); op != nil {
			return op
		}
	}
	return nil
}

// branches are all ways on from a node.
func (n *node) branches() []branch {
	var all []branch
	for _, text := range slices.Sorted(maps.Keys(n.texts)) {
		all = append(all, branch{pattern{text}, n.texts[text]})
	}
	all = append(all, n.patterns...)
	if n.any != nil {
		all = append(all, branch{pattern{"", ""}, n.any})
	}
	return all
}

// mayMeet reports whether one segment may fit both patterns. Two that are partly
// templated may where neither end rules it out.
func (p pattern) mayMeet(q pattern) bool {
	p, q = p.fold(), q.fold()
	switch {
	case len(p) == 1 && len(q) == 1:
		return p[0] == q[0]
	case len(p) == 1:
		return q.match(p[0])
	case len(q) == 1:
		return p.match(q[0])
	}
	x, y := p[len(p)-1], q[len(q)-1]
	return (strings.HasPrefix(p[0], q[0]) || strings.HasPrefix(q[0], p[0])) && (strings.HasSuffix(x, y) || strings.HasSuffix(y, x))
}

func (p pattern) fold() pattern {
	folded := make(pattern, len(p))
	for i, text := range p {
		folded[i] = strings.ToLower(text)
	}
	return folded
}
