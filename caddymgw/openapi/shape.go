package openapi

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
)

// Way is a method on a path, and where that leads.
type Way struct {
	Method string
	// Shape is that of the path, base path included.
	Shape     string
	Operation *caddymgw.Operation
}

// Ways lists how the operations are reached, by shape and method. An operation
// below several base paths is there with each of them.
func (d *Document) Ways() []Way {
	var ways []Way
	d.trie.shapes(nil, func(shape string, n *node) {
		for method, op := range n.methods {
			ways = append(ways, Way{method, shape, op})
		}
	})
	slices.SortFunc(ways, func(a, b Way) int {
		return cmp.Or(strings.Compare(a.Shape, b.Shape), strings.Compare(a.Method, b.Method))
	})
	return ways
}

// shapes visits the nodes that have operations, in no order.
func (n *node) shapes(at []byte, visit func(shape string, n *node)) {
	if len(n.methods) > 0 {
		visit(string(at), n)
	}
	for text, next := range n.texts {
		next.shapes(append(at, pattern{text}.shape()...), visit)
	}
	for _, b := range n.patterns {
		b.next.shapes(append(at, b.pattern.shape()...), visit)
	}
	if n.any != nil {
		n.any.shapes(append(at, pattern{"", ""}.shape()...), visit)
	}
}

// Shape returns what requests see of a path template: each parameter is {},
// whatever its name, and the texts are escaped. A "?" or "#" part is dropped.
// Templates of one shape are one to every request.
func Shape(template string) (string, error) {
	if !strings.HasPrefix(template, "/") {
		return "", fmt.Errorf("the path %q does not start with /", template)
	}
	segments, err := splitTemplate(template)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range segments {
		b.WriteString(p.shape())
	}
	return b.String(), nil
}

func (p pattern) shape() string {
	escaped := make([]string, len(p))
	for i, text := range p {
		escaped[i] = url.PathEscape(text)
	}
	return "/" + strings.Join(escaped, "{}")
}
