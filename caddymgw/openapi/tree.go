package openapi

import (
	"fmt"
	"strconv"
	"strings"
)

// What one document may cost. The largest of the corpus has 8 MiB.
const (
	maxSize  = 32 << 20 // bytes of one file
	maxDepth = 200      // of nesting
	maxNodes = 4 << 20  // of one file, aliases expanded
	// maxAliased bounds what aliases may add: written out, a node takes a byte
	// or more.
	maxAliased = 1 << 18
)

type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

var kindNames = [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}

// value is one node of a document, the same for JSON and YAML.
type value struct {
	kind   kind
	line   int
	source *source
	parent *value
	key    string // in parent

	text    string   // of scalars, as written
	items   []*value // of lists
	members []member // of objects, in document order
	// twice is the second of two members of one name. It is an error only
	// where the object is read: which of the two counts differs by parser.
	twice *member
}

type member struct {
	name  string
	value *value
}

// pointer returns the JSON pointer (RFC 6901) of the node in its file.
func (v *value) pointer() string {
	if v.parent == nil {
		return ""
	}
	return v.parent.pointer() + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(v.key)
}

func (v *value) errorf(format string, args ...any) error {
	return &Error{File: v.source.name, Line: v.line, Pointer: v.pointer(), Message: fmt.Sprintf(format, args...)}
}

// object returns the members of an object.
func (v *value) object() ([]member, error) {
	if v.kind != object {
		return nil, v.errorf("must be an object, is %s", kindNames[v.kind])
	}
	if v.twice != nil {
		return nil, v.twice.value.errorf("the member %q stands twice in one object: keep one", v.twice.name)
	}
	return v.members, nil
}

// get returns a member of an object; nil if it has none of that name.
func (v *value) get(name string) (*value, error) {
	members, err := v.object()
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if m.name == name {
			return m.value, nil
		}
	}
	return nil, nil
}

// list returns the items of a list.
func (v *value) list() ([]*value, error) {
	if v.kind != list {
		return nil, v.errorf("must be a list, is %s", kindNames[v.kind])
	}
	return v.items, nil
}

// str returns a string.
func (v *value) str() (string, error) {
	if v.kind != text {
		return "", v.errorf("must be a string, is %s", kindNames[v.kind])
	}
	return v.text, nil
}

// scalar returns a string or a number as it is written: YAML authors write
// versions without quotes.
func (v *value) scalar() (string, error) {
	if v.kind != text && v.kind != number {
		return "", v.errorf("must be a string, is %s", kindNames[v.kind])
	}
	return v.text, nil
}

// boolean returns a boolean; the strings "true" and "false" are none.
func (v *value) boolean() (bool, error) {
	if v.kind != boolean {
		return false, v.errorf("must be true or false, is %s", kindNames[v.kind])
	}
	return v.text == "true", nil
}

// str returns a member that is a string; "" if there is none.
func (v *value) member(name string) (string, error) {
	m, err := v.get(name)
	if m == nil || err != nil {
		return "", err
	}
	return m.str()
}

// builder makes a tree and counts what it costs.
type builder struct {
	source *source
	limit  int
	nodes  int
}

func (b *builder) node(k kind, line int, parent *value, key string) (*value, error) {
	v := &value{kind: k, line: line, source: b.source, parent: parent, key: key}
	b.nodes++
	if b.nodes > b.limit {
		return nil, v.errorf("the file has more than %d nodes, aliases expanded", b.limit)
	}
	return v, nil
}

// add appends a member and notes a repeated name. Small objects are searched,
// large ones indexed.
func (b *builder) add(v *value, index map[string]struct{}, name string, child *value) {
	v.members = append(v.members, member{name, child})
	if _, dup := index[name]; dup && v.twice == nil {
		v.twice = &member{name, child}
	}
	index[name] = struct{}{}
}

func index(i int) string { return strconv.Itoa(i) }
