package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	jsonkind "github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// kin-openapi's own validator passes over the keywords that OpenAPI 3.1 took from
// JSON Schema 2020-12; the one that it has for them compiles the schema anew for
// each value, and goes back to the first where it can't. So schemas with such
// keywords are compiled here, once, and checked by both.

// extended reports whether one of those keywords is in a schema.
func extended(s *openapi3.Schema) bool {
	return len(s.PrefixItems) > 0 || s.Contains != nil || len(s.PatternProperties) > 0 || s.PropertyNames != nil || s.If != nil ||
		len(s.DependentSchemas) > 0 || len(s.DependentRequired) > 0 ||
		s.UnevaluatedItems != (openapi3.BoolSchema{}) || s.UnevaluatedProperties != (openapi3.BoolSchema{})
}

// dialect compiles schemas of JSON Schema 2020-12, for each direction.
type dialect struct{ compilers [2]*jsonschema.Compiler }

const resource = "urn:mgw:document"

func newDialect(units []*unit) (*dialect, error) {
	d := new(dialect)
	for i, skip := range []string{request: "readOnly", response: "writeOnly"} {
		schemas := map[string]any{}
		for _, u := range units {
			schemas[u.name] = translate(u.schema, skip)
		}
		content, err := json.Marshal(map[string]any{"components": map[string]any{"schemas": schemas}})
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		c := jsonschema.NewCompiler()
		c.UseLoader(nothing{})
		c.AssertFormat()
		for _, name := range passing {
			c.RegisterFormat(&jsonschema.Format{Name: name, Validate: func(any) error { return nil }})
		}
		for name, ok := range formats {
			c.RegisterFormat(&jsonschema.Format{Name: name, Validate: func(v any) error {
				if s, isText := v.(string); isText {
					return checkFormat(name, ok, s)
				}
				return nil
			}})
		}
		if err := c.AddResource(resource, doc); err != nil {
			return nil, err
		}
		d.compilers[i] = c
	}
	return d, nil
}

// passing are formats that the compiler knows and that are not checked here.
var passing = []string{"idn-email", "idn-hostname", "iri", "iri-reference", "json-pointer", "period", "regex", "relative-json-pointer", "semver", "uri-template"}

// nothing loads nothing: all schemas are there.
type nothing struct{}

func (nothing) Load(url string) (any, error) { return nil, fmt.Errorf("%s is not there", url) }

func (d *dialect) compile(u *unit) (both [2]*jsonschema.Schema, err error) {
	for i, c := range d.compilers {
		if both[i], err = c.Compile(resource + refPrefix + u.name); err != nil {
			return both, err
		}
	}
	return both, nil
}

// translate copies a schema without what is no JSON Schema 2020-12: nullable, and
// that members which only go the other way need not be there.
func translate(x any, skip string) any {
	s, ok := x.(map[string]any)
	if !ok {
		return x
	}
	flat := map[string]any{}
	for name, x := range s {
		switch keywords[name].holds {
		case aSchema:
			flat[name] = translate(x, skip)
		case aList:
			list, _ := x.([]any)
			copied := make([]any, len(list))
			for i := range list {
				copied[i] = translate(list[i], skip)
			}
			flat[name] = copied
		case aMap:
			object, _ := x.(map[string]any)
			copied := make(map[string]any, len(object))
			for k := range object {
				copied[k] = translate(object[k], skip)
			}
			flat[name] = copied
		case aValue:
			if name != "discriminator" && name != "nullable" && name != looseMark {
				flat[name] = x
			}
		}
	}
	if s["nullable"] == true {
		nullable(flat)
	}
	if patterns, ok := flat["patternProperties"].(map[string]any); ok {
		if additional, ok := patterns[othersName]; ok {
			delete(patterns, othersName)
			flat["additionalProperties"] = additional
		}
	}
	properties, _ := s["properties"].(map[string]any)
	if required, ok := s["required"].([]any); ok {
		flat["required"] = slices.DeleteFunc(slices.Clone(required), func(name any) bool {
			text, _ := name.(string)
			p, _ := properties[text].(map[string]any)
			return p[skip] == true
		})
	}
	return flat
}

func nullable(s map[string]any) {
	if t, ok := s["type"].(string); ok {
		s["type"] = []any{t, "null"}
	}
	if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, nil) {
		s["enum"] = append(slices.Clone(enum), nil)
	}
}

// explain takes the errors of the compiled schema apart; it repeats no value.
func explain(err error) []finding {
	var top *jsonschema.ValidationError
	if !errors.As(err, &top) {
		return []finding{{nil, "the value could not be judged"}}
	}
	var found []finding
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		switch e.ErrorKind.(type) {
		case *jsonkind.Schema, *jsonkind.Group, *jsonkind.Reference, *jsonkind.AllOf:
			for _, cause := range e.Causes {
				walk(cause)
			}
			return
		}
		message := "value doesn't match " + strings.Join(e.ErrorKind.KeywordPath(), " ")
		switch k := e.ErrorKind.(type) {
		case *jsonkind.Type:
			message = "value must be of type " + strings.Join(k.Want, " or ")
		case *jsonkind.Required:
			message = fmt.Sprintf("property %q is missing", k.Missing)
		case *jsonkind.DependentRequired:
			message = fmt.Sprintf("property %q is missing", k.Missing)
		case *jsonkind.FalseSchema:
			message = "no value is allowed here"
		}
		found = append(found, finding{e.InstanceLocation, message})
	}
	walk(top)
	return found
}
