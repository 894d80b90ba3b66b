package schema

import (
	"errors"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

var (
	errRepeated = errors.New("value stands more than once")
	errStyle    = errors.New("value is not written in the style that is declared")
)

// pieces are the readings of what was written: as one text, as a list, as the
// members of an object. What it can't be is nil.
type pieces struct {
	text    *string
	list    []string
	members map[string]any // string, []string, or members again
}

// values returns what the pieces can mean to a schema, the likeliest first.
func (p pieces) values(c *check, style string) ([]any, error) {
	t := c.types
	if t.has(anObject) && !t.has(scalars|anArray) || style == styleDeepObject {
		if p.members == nil {
			return nil, errStyle
		}
		return []any{build(p.members, c.schema)}, nil
	}
	var all []any
	if p.text != nil && (t.has(scalars) || !t.has(anArray)) {
		all = append(all, coerce(*p.text, c.schema))
	}
	if p.list != nil && t.has(anArray) && (t != anyType || len(all) == 0) {
		all = append(all, itemsOf(p.list, c.schema))
	}
	switch {
	case len(all) > 0:
		return all, nil
	case t.has(anArray):
		return nil, errStyle
	}
	return nil, errRepeated
}

// coerce reads a text as the schema wants it: of several types that of the first
// which it lets pass. What is none of them stays a text, and fails by its type.
// So does all where no type is named.
func coerce(s string, schema *openapi3.Schema) any {
	t := typesOf(schema)
	if t == anyType {
		return s
	}
	var all []any
	if f, ok := parseNumber(s); ok && t.has(aNumber) {
		all = append(all, f)
	}
	if b, err := strconv.ParseBool(s); err == nil && t.has(aBoolean) {
		all = append(all, b) // 1, T and True too, as kin-openapi has it
	}
	if t.has(aString) || len(all) == 0 {
		all = append(all, s)
	}
	if schema != nil && len(all) > 1 {
		for _, v := range all {
			if schema.VisitJSON(v, openapi3.FailFast(), openapi3.WithStringFormatValidators(validators)) == nil {
				return v
			}
		}
	}
	return all[0]
}

func itemsOf(list []string, schema *openapi3.Schema) []any {
	all := make([]any, len(list))
	of := items(schema)
	for i, s := range list {
		all[i] = coerce(s, of)
	}
	return all
}

// build makes an object of members.
func build(members map[string]any, schema *openapi3.Schema) map[string]any {
	object := make(map[string]any, len(members))
	for name, m := range members {
		of := property(schema, name)
		switch m := m.(type) {
		case string:
			if t := typesOf(of); t.has(anArray) && !t.has(scalars) {
				object[name] = itemsOf([]string{m}, of)
			} else {
				object[name] = coerce(m, of)
			}
		case []string:
			object[name] = itemsOf(m, of)
		case map[string]any:
			object[name] = build(m, of)
		}
	}
	return object
}

// split reads what one text holds, cut at a separator: names and values of
// members alternate, or are joined by "=" if explode.
func split(text, separator string, explode bool) pieces {
	p := pieces{text: &text, list: []string{}}
	if text != "" {
		p.list = strings.Split(text, separator)
	}
	if explode {
		p.members = assignments(p.list)
		return p
	}
	if len(p.list)%2 != 0 {
		return p
	}
	p.members = map[string]any{}
	for i := 0; i < len(p.list); i += 2 {
		if _, twice := p.members[p.list[i]]; twice {
			p.members = nil
			break
		}
		p.members[p.list[i]] = p.list[i+1]
	}
	return p
}

func assignments(parts []string) map[string]any {
	members := map[string]any{}
	for _, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		if _, twice := members[name]; !ok || twice {
			return nil
		}
		members[name] = value
	}
	return members
}
