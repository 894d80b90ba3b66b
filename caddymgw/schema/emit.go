package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// unit is a schema that stands for itself: one of a parameter or a body, or one
// that a $ref names.
type unit struct {
	name   string // among the components of what kin-openapi gets
	at     openapi.Node
	schema any // map[string]any or bool, once written
}

// emitter writes the schemas in reach as kin-openapi can read them: with nothing
// in them but what is checked, and no reference that leads out.
type emitter struct {
	tree    *openapi.Tree
	version string // "2.0", "3.0", "3.1" or "3.2"
	strict  bool

	units  []*unit
	byNode map[openapi.Node]*unit
	named  map[openapi.Node]string // the document's own schemas
	nodes  []emitted
	slow   map[slowKey]*slowPattern

	complaints []complaint
}

// emitted is a schema object that was written, and where it stood.
type emitted struct {
	schema map[string]any
	at     openapi.Node
}

// complaint is something in the document that can't be followed.
type complaint struct {
	at      openapi.Node
	message string
}

type slowKey struct{ pattern, format string }

func newEmitter(tree *openapi.Tree, version string, strict bool) *emitter {
	e := &emitter{tree: tree, version: version, strict: strict, byNode: map[openapi.Node]*unit{}, named: map[openapi.Node]string{}, slow: map[slowKey]*slowPattern{}}
	schemas := tree.Root().Get("components").Get("schemas")
	if version == "2.0" {
		schemas = tree.Root().Get("definitions")
	}
	for name, n := range schemas.Members() {
		if identifier.MatchString(name) && !strings.HasPrefix(name, madeUp) {
			e.named[n] = name
		}
	}
	return e
}

const madeUp = "mgw."

// identifier is what component names must be (OpenAPI 3.1 section 4.8.7).
var identifier = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

func (e *emitter) modern() bool { return e.version >= "3.1" }

func (e *emitter) complain(at openapi.Node, format string, args ...any) {
	e.complaints = append(e.complaints, complaint{at, fmt.Sprintf(format, args...)})
}

// follow resolves a $ref; ok is false where that fails, which it notes.
func (e *emitter) follow(n openapi.Node) (target openapi.Node, ok bool) {
	target, err := e.tree.Follow(n)
	if err != nil {
		e.complain(n, "%s", reason(err))
		return n, false
	}
	return target, true
}

// unit returns the unit of a schema; nil where the schema can't be found.
func (e *emitter) unit(n openapi.Node) *unit {
	if ref := n.Get("$ref"); ref.Is(openapi.Text) && !e.hasSiblings(n) {
		target, ok := e.follow(n)
		if !ok {
			return nil
		}
		n = target
	}
	if u := e.byNode[n]; u != nil {
		return u
	}
	u := &unit{name: e.named[n], at: n}
	if u.name == "" {
		u.name = madeUp + strconv.Itoa(len(e.units))
	}
	e.units = append(e.units, u)
	e.byNode[n] = u
	return u
}

// made adds a unit that the document does not have as such.
func (e *emitter) made(at openapi.Node, schema map[string]any) *unit {
	u := &unit{name: madeUp + strconv.Itoa(len(e.units)), at: at, schema: schema}
	e.units = append(e.units, u)
	return u
}

// emit writes every unit, and those that turn out to be needed.
func (e *emitter) emit() {
	for i := 0; i < len(e.units); i++ {
		if e.units[i].schema == nil {
			e.units[i].schema = e.schema(e.units[i].at)
		}
	}
}

// reason takes the place out of an error of the reader: it is told anyway.
func reason(err error) string {
	var e *openapi.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// The keywords, by what stands in them. The later ones came with OpenAPI 3.1.
var (
	valueWords    = []string{"type", "format", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties", "required", "nullable", "readOnly", "writeOnly", "enum"}
	schemaWords   = []string{"not", "items", "additionalProperties"}
	listWords     = []string{"allOf", "anyOf", "oneOf"}
	mapWords      = []string{"properties"}
	valueWords31  = []string{"minContains", "maxContains", "dependentRequired", "const"}
	schemaWords31 = []string{"contains", "propertyNames", "if", "then", "else", "unevaluatedItems", "unevaluatedProperties"}
	listWords31   = []string{"prefixItems"}
	mapWords31    = []string{"patternProperties", "dependentSchemas"}
)

// holds says what stands in a keyword.
type holds uint8

const (
	aValue holds = iota
	aSchema
	aList
	aMap
)

type keyword struct {
	holds  holds
	modern bool
}

var keywords = func() map[string]keyword {
	all := map[string]keyword{}
	for i, names := range [][]string{valueWords, schemaWords, listWords, mapWords, valueWords31, schemaWords31, listWords31, mapWords31} {
		for _, name := range names {
			all[name] = keyword{holds(i % 4), i >= 4}
		}
	}
	return all
}()

func (e *emitter) write(h holds, n openapi.Node) any {
	switch h {
	case aSchema:
		return e.schema(n)
	case aList:
		return e.list(n)
	case aMap:
		return e.object(n)
	}
	return value(n)
}

// hasSiblings reports whether keywords beside a $ref count: from 3.1 on.
func (e *emitter) hasSiblings(n openapi.Node) bool {
	if !e.modern() {
		return false
	}
	for name := range n.Members() {
		if _, ok := keywords[name]; ok {
			return true
		}
	}
	return false
}

// schema writes one schema. What it can't, it writes as one that lets everything
// pass.
func (e *emitter) schema(n openapi.Node) any {
	switch {
	case n.Is(openapi.Boolean):
		if e.modern() || e.strict {
			return n.True()
		}
		if n.True() {
			return map[string]any{}
		}
		return map[string]any{"not": map[string]any{}}
	case !n.Is(openapi.Object):
		e.complain(n, "a schema must be an object")
		return loose(map[string]any{})
	case n.Repeated() != "":
		e.complain(n, "the member %q stands twice in one object", n.Repeated())
		return loose(map[string]any{})
	}
	if ref := n.Get("$ref"); !ref.Is(openapi.Text) {
		return e.keywords(n)
	}
	u := e.unitOfRef(n)
	if u == nil {
		return loose(map[string]any{})
	}
	link := map[string]any{"$ref": refPrefix + u.name}
	if !e.hasSiblings(n) {
		return link
	}
	s := e.keywords(n)
	all, _ := s["allOf"].([]any)
	s["allOf"] = append(all, link)
	return s
}

const refPrefix = "#/components/schemas/"

func (e *emitter) unitOfRef(n openapi.Node) *unit {
	target, err := e.tree.Target(n.Get("$ref"))
	if err != nil {
		e.complain(n, "%s", reason(err))
		return nil
	}
	return e.unit(target)
}

// keywords writes the keywords of a schema, $ref aside.
func (e *emitter) keywords(n openapi.Node) map[string]any {
	s := map[string]any{}
	e.nodes = append(e.nodes, emitted{s, n})
	for name, v := range n.Members() {
		k, known := keywords[name]
		switch {
		case name == "$dynamicRef", name == "$recursiveRef":
			e.complain(v, "%s is not followed", name)
			loose(s)
		case !known:
		case name == "additionalProperties" && v.Is(openapi.Boolean):
			s[name] = v.True()
		case k.modern && !e.modern():
			e.complain(v, "%s is a keyword of OpenAPI 3.1: it is not followed in %s", name, e.version)
		default:
			s[name] = e.write(k.holds, v)
		}
	}
	e.adjust(s, n)
	return s
}

func (e *emitter) list(n openapi.Node) any {
	if !n.Is(openapi.List) {
		return value(n)
	}
	list := []any{}
	for _, item := range n.Items() {
		list = append(list, e.schema(item))
	}
	return list
}

func (e *emitter) object(n openapi.Node) any {
	if !n.Is(openapi.Object) || n.Repeated() != "" {
		return value(n)
	}
	object := map[string]any{}
	for name, v := range n.Members() {
		object[name] = e.schema(v)
	}
	return object
}

// value writes a node as it is.
func value(n openapi.Node) any {
	switch n.Kind() {
	case openapi.Boolean:
		return n.True()
	case openapi.Number:
		return number(n.Scalar())
	case openapi.Text:
		return n.Scalar()
	case openapi.List:
		list := []any{}
		for _, item := range n.Items() {
			list = append(list, value(item))
		}
		return list
	case openapi.Object:
		object := map[string]any{}
		for name, v := range n.Members() {
			object[name] = value(v)
		}
		return object
	}
	return nil
}

// number writes the numbers of YAML as JSON has them; what is none there, such as
// .inf, is a string.
func number(s string) any {
	if jsonNumber.MatchString(s) {
		return json.Number(s)
	}
	plain := strings.ReplaceAll(s, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(strings.TrimPrefix(plain, "+"), 64); err == nil && !strings.ContainsAny(plain, "nNiIxX") {
		return f
	}
	return s
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
