package openapiadapter

import (
	"bytes"
	_ "embed"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

//go:embed members.schema.json
var membersSchema []byte

// prefix begins the names of our members.
const prefix = "x-caddymgw-"

// members is the schema, as it is compiled and as it is written.
var members = sync.OnceValues(func() (*schema, error) {
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(membersSchema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("members.schema.json", raw); err != nil {
		return nil, err
	}
	compiled, err := c.Compile("members.schema.json")
	if err != nil {
		return nil, err
	}
	return &schema{compiled, raw.(map[string]any)}, nil
})

type schema struct {
	compiled *jsonschema.Schema
	raw      map[string]any
}

// readMembers returns our members of a document, once they are checked.
func readMembers(root openapi.Node) (map[string]any, error) {
	s, err := members()
	if err != nil {
		return nil, err
	}
	own := map[string]any{}
	for name, v := range root.Members() {
		if !strings.HasPrefix(strings.ToLower(name), prefix) {
			continue
		}
		if _, twice := own[name]; twice {
			return nil, v.Errorf("the member %q stands twice in one object: keep one", name)
		}
		if own[name], err = plain(v); err != nil {
			return nil, err
		}
	}
	if err := refuseElsewhere(root); err != nil {
		return nil, err
	}
	var invalid *jsonschema.ValidationError
	switch err := s.compiled.Validate(own); {
	case errors.As(err, &invalid):
		return nil, s.explain(root, invalid)
	case err != nil:
		return nil, err
	}
	return own, nil
}

// plain is a node as encoding/json would give it.
func plain(n openapi.Node) (any, error) {
	switch n.Kind() {
	case openapi.Null:
		return nil, nil
	case openapi.Boolean:
		return n.True(), nil
	case openapi.Number:
		return 0.0, nil // no member of ours is a number: its value does not matter
	case openapi.Text:
		return n.Scalar(), nil
	case openapi.List:
		list := []any{}
		for _, item := range n.Items() {
			v, err := plain(item)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	if name := n.Repeated(); name != "" {
		return nil, n.Errorf("the member %q stands twice in one object: keep one", name)
	}
	object := map[string]any{}
	for name, member := range n.Members() {
		v, err := plain(member)
		if err != nil {
			return nil, err
		}
		object[name] = v
	}
	return object, nil
}

// refuseElsewhere refuses our members where nobody reads them.
func refuseElsewhere(root openapi.Node) error {
	objects := []openapi.Node{root.Get("info"), root.Get("paths"), root.Get("components")}
	for _, item := range root.Get("paths").Members() {
		objects = append(objects, item)
		for _, op := range item.Members() {
			objects = append(objects, op)
		}
	}
	for _, o := range objects {
		for name, v := range o.Members() {
			if strings.HasPrefix(strings.ToLower(name), prefix) {
				return v.Errorf("%s has a meaning at the top of the document only: write it there", name)
			}
		}
	}
	return nil
}

// explain returns the first thing that is wrong, with its place in the document.
func (s *schema) explain(root openapi.Node, err *jsonschema.ValidationError) error {
	var leaves []*jsonschema.ValidationError
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 {
			leaves = append(leaves, e)
		}
		for _, cause := range e.Causes {
			walk(cause)
		}
	}
	walk(err)
	first := slices.MinFunc(leaves, func(x, y *jsonschema.ValidationError) int {
		return slices.Compare(x.InstanceLocation, y.InstanceLocation)
	})
	at, rule := root, s.raw
	for _, name := range first.InstanceLocation {
		at, rule = step(at, name), s.rule(rule, name)
	}
	switch k := first.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		name := slices.Min(k.Properties)
		known := make([]string, 0)
		properties, _ := rule["properties"].(map[string]any)
		for p := range properties {
			known = append(known, p)
		}
		slices.Sort(known)
		return at.Get(name).Errorf("there is no member %s here: did you mean %s?", name, nearest(name, known))
	case *kind.Required:
		return at.Errorf("the member %s is missing", k.Missing[0])
	case *kind.Type:
		return at.Errorf("must be %s, is %s", article(k.Want), article([]string{k.Got}))
	case *kind.Pattern:
		if remedy, ok := rule["remedy"].(string); ok {
			return at.Errorf("%s", remedy)
		}
	}
	return at.Errorf("%s", first.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
}

// step goes to a member or an item.
func step(n openapi.Node, name string) openapi.Node {
	if member := n.Get(name); !member.IsZero() {
		return member
	}
	for _, item := range n.Items() {
		if strings.HasSuffix(item.Pointer(), "/"+name) {
			return item
		}
	}
	return n
}

// rule is the part of the schema that is for a member or an item.
func (s *schema) rule(at map[string]any, name string) map[string]any {
	properties, _ := at["properties"].(map[string]any)
	next, ok := properties[name].(map[string]any)
	for _, keyword := range []string{"additionalProperties", "items"} {
		if !ok {
			next, ok = at[keyword].(map[string]any)
		}
	}
	if ref, isRef := next["$ref"].(string); isRef {
		defs := s.raw["$defs"].(map[string]any)
		next, _ = defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	return next
}

// nearest is the known word that differs least.
func nearest(word string, known []string) string {
	return slices.MinFunc(known, func(x, y string) int {
		return levenshtein.ComputeDistance(strings.ToLower(word), x) - levenshtein.ComputeDistance(strings.ToLower(word), y)
	})
}

// article names types for people.
func article(types []string) string {
	words := map[string]string{"string": "a string", "array": "a list", "object": "an object", "boolean": "true or false", "number": "a number", "integer": "a number", "null": "null"}
	var named []string
	for _, t := range types {
		named = append(named, words[t])
	}
	return strings.Join(named, " or ")
}
