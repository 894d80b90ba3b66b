package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// Mode says what becomes of a document that can't be followed in all.
type Mode string

// The modes.
const (
	Lenient Mode = "lenient" // what can't be followed is left out, with a warning
	Strict  Mode = "strict"  // it fails the load
)

// Options says how a document is read.
type Options struct {
	Mode      Mode // "": Lenient
	Responses bool // read what responses must be, too
	// Arrives reports whether a header of that name can reach the gateway at
	// all. Nil: all do.
	Arrives func(header string) bool
	Now     func() time.Time // nil: time.Now
}

// Document holds what the messages of an API must be. It is immutable.
type Document struct {
	// Warnings are for the operator, once at load.
	Warnings []string
	// Files are the document and what it refers to, sorted.
	Files []string

	operations map[operationKey]*Operation
	now        func() time.Time
}

type operationKey struct{ method, template string }

// Load reads a document. With Strict its error names what can't be followed by
// file, line and JSON pointer.
func Load(file string, options Options) (*Document, error) {
	tree, err := openapi.OpenTree(file)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	return fromTree(tree, options)
}

// fromTree makes a Document of a tree that is open.
func fromTree(tree *openapi.Tree, options Options) (*Document, error) {
	version, err := versionOf(tree.Root())
	if err != nil {
		return nil, err
	}
	strict := options.Mode == Strict
	r := &reader{emitter: newEmitter(tree, version, strict), options: options, unchecked: map[string]int{}, keys: map[keyPlace]bool{}}
	doc := &Document{operations: map[operationKey]*Operation{}, now: options.Now}
	if doc.now == nil {
		doc.now = time.Now
	}
	for _, op := range r.operations() {
		op.document = doc
		doc.operations[operationKey{op.method, op.template}] = op
	}
	schemas, err := r.compile()
	if err != nil {
		return nil, tree.Root().Errorf("the schemas can't be read: %s", cut(err.Error()))
	}
	r.finish(schemas)
	if strict && len(r.complaints) > 0 {
		return nil, errComplaints(r.complaints)
	}
	doc.Warnings = warnings(r.complaints)
	if len(r.unchecked) > 0 {
		var each []string
		for _, mediaType := range slices.Sorted(maps.Keys(r.unchecked)) {
			each = append(each, fmt.Sprintf("%s (%d)", mediaType, r.unchecked[mediaType]))
		}
		doc.Warnings = append(doc.Warnings, tree.Root().Errorf("bodies of these media types pass unchecked: %s", strings.Join(each, ", ")).Error())
	}
	doc.Files = tree.Files()
	return doc, nil
}

// versionOf returns the major and minor version of the specification.
func versionOf(root openapi.Node) (string, error) {
	for _, name := range []string{"swagger", "openapi"} {
		major, rest, _ := strings.Cut(root.Get(name).Scalar(), ".")
		minor, _, _ := strings.Cut(rest, ".")
		switch version := major + "." + minor; {
		case name == "swagger" && version == "2.0", name == "openapi" && slices.Contains([]string{"3.0", "3.1", "3.2"}, version):
			return version, nil
		}
	}
	return "", root.Errorf("not an OpenAPI document of version 2.0, 3.0, 3.1 or 3.2")
}

// Operation returns what is known of an operation, by its method and its path
// template as the document has it; nil if there is no such one.
func (d *Document) Operation(method, template string) *Operation {
	return d.operations[operationKey{method, template}]
}
