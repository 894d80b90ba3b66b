package schema

import (
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxCost bounds the steps of judging one value. Alternatives are tried one by
// one, and what matched is gone through again, at each level: nested, that doubles
// with each, and a few hundred bytes would take years.
const maxCost = 1 << 20

// cost counts the steps that judging a value would take, up to a little above
// maxCost, in steps that are as many as schemas times values.
func cost(s *openapi3.Schema, v any) int {
	m := meter{steps: map[visit]int{}, sizes: map[uintptr]int{}}
	return m.cost(s, v)
}

type meter struct {
	steps map[visit]int
	sizes map[uintptr]int
}

// visit is a schema at a value: an object or a list by its address, all others,
// which cost the same, by 0.
type visit struct {
	schema *openapi3.Schema
	value  uintptr
}

func address(v any) uintptr {
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 {
			return reflect.ValueOf(v).Pointer()
		}
	case []any:
		if len(v) > 0 {
			return reflect.ValueOf(v).Pointer()
		}
	}
	return 0
}

func (m *meter) cost(s *openapi3.Schema, v any) int {
	if s == nil {
		return 0
	}
	key := visit{s, address(v)}
	if n, ok := m.steps[key]; ok {
		return n
	}
	m.steps[key] = 0 // met again on the way: it is not gone through twice
	n := min(1+m.combinations(s, v)+m.children(s, v), maxCost+1)
	m.steps[key] = n
	return n
}

// combinations counts what is checked against the same value.
func (m *meter) combinations(s *openapi3.Schema, v any) int {
	n := 0
	for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
		again := 0
		for _, one := range list {
			c := m.cost(one.Value, v)
			again = max(again, c)
			n = min(n+c+m.size(v), maxCost+1)
		}
		n += again
	}
	for _, one := range s.AllOf {
		n = min(n+m.cost(one.Value, v), maxCost+1)
	}
	for _, one := range []*openapi3.SchemaRef{s.Not, s.If, s.Then, s.Else} {
		if one != nil {
			n += m.cost(one.Value, v)
		}
	}
	for _, one := range s.DependentSchemas {
		n = min(n+m.cost(one.Value, v), maxCost+1)
	}
	return n
}

// children counts what is checked against the members and items.
func (m *meter) children(s *openapi3.Schema, v any) int {
	n := 0
	add := func(r *openapi3.SchemaRef, v any) {
		if r != nil {
			n = min(n+m.cost(r.Value, v), maxCost+1)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			n++
			if p := s.Properties[name]; p != nil {
				add(p, member)
			} else {
				add(s.AdditionalProperties.Schema, member)
				add(s.UnevaluatedProperties.Schema, member)
			}
			for _, p := range s.PatternProperties {
				add(p, member)
			}
		}
	case []any:
		if s.UniqueItems {
			n = min(m.size(v), maxCost+1)
		}
		for i, item := range v {
			n++
			add(s.Items, item)
			add(s.Contains, item)
			add(s.UnevaluatedItems.Schema, item)
			if i < len(s.PrefixItems) {
				add(s.PrefixItems[i], item)
			}
		}
	}
	return n
}

// size counts the values in a value: alternatives are tried on copies.
func (m *meter) size(v any) int {
	a := address(v)
	if a == 0 {
		return 1
	}
	if n, ok := m.sizes[a]; ok {
		return n
	}
	n := 1
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			n += m.size(member)
		}
	case []any:
		for _, item := range v {
			n += m.size(item)
		}
	}
	m.sizes[a] = n
	return n
}
