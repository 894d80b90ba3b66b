package openapi

import "iter"

// Tree is a document for those who read what Document leaves out, its schemas:
// by the same reader, with the same limits and the same rules for files.
type Tree struct{ sources *sources }

// OpenTree reads a document. Files that it refers to are read when they are
// needed, until Close.
func OpenTree(file string) (*Tree, error) {
	s, err := open(file)
	if err != nil {
		return nil, err
	}
	return &Tree{s}, nil
}

// Close ends the reading of files; nodes stay good.
func (t *Tree) Close() { t.sources.close() }

// Root is the document itself.
func (t *Tree) Root() Node { return Node{t.sources.entry.root} }

// Files are the document and what was read for it, sorted.
func (t *Tree) Files() []string { return t.sources.paths() }

// Target is what the value of a "$ref" names.
func (t *Tree) Target(ref Node) (Node, error) {
	v, err := t.sources.target(ref.value)
	return Node{v}, err
}

// Follow resolves the "$ref" of an object, and of what that leads to. Any other
// node is returned as it is.
func (t *Tree) Follow(n Node) (Node, error) {
	if n.IsZero() {
		return n, nil
	}
	v, err := t.sources.follow(n.value)
	return Node{v}, err
}

// Node is a node of a document. The zero one stands for what is not there; it
// has no members, items or text. Nodes can be compared.
type Node struct{ value *value }

// Kind tells nodes apart.
type Kind = kind

// The kinds.
const (
	Null    = null
	Boolean = boolean
	Number  = number
	Text    = text
	List    = list
	Object  = object
)

// IsZero reports whether there is no such node.
func (n Node) IsZero() bool { return n.value == nil }

// Is reports whether the node is there and of a kind.
func (n Node) Is(k Kind) bool { return n.value != nil && n.value.kind == k }

// Kind is that of a node that is there.
func (n Node) Kind() Kind { return n.value.kind }

// Scalar returns a boolean, number or string as it is written.
func (n Node) Scalar() string {
	if n.IsZero() {
		return ""
	}
	return n.value.text
}

// True reports whether the node is the boolean true.
func (n Node) True() bool { return n.Is(Boolean) && n.value.text == "true" }

// Get returns a member, the first of its name.
func (n Node) Get(name string) Node {
	if !n.Is(Object) {
		return Node{}
	}
	return Node{n.value.step(name)}
}

// Members goes through an object in document order.
func (n Node) Members() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		if !n.Is(Object) {
			return
		}
		for _, m := range n.value.members {
			if !yield(m.name, Node{m.value}) {
				return
			}
		}
	}
}

// Items goes through a list.
func (n Node) Items() iter.Seq2[int, Node] {
	return func(yield func(int, Node) bool) {
		if !n.Is(List) {
			return
		}
		for i, v := range n.value.items {
			if !yield(i, Node{v}) {
				return
			}
		}
	}
}

// Repeated returns a name that stands twice in an object; "" if none does.
func (n Node) Repeated() string {
	if !n.Is(Object) || n.value.twice == nil {
		return ""
	}
	return n.value.twice.name
}

// Pointer returns the JSON pointer (RFC 6901) of the node in its file.
func (n Node) Pointer() string { return n.value.pointer() }

// Errorf returns an *Error that names the node.
func (n Node) Errorf(format string, args ...any) error { return n.value.errorf(format, args...) }
