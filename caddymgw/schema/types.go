package schema

import (
	"iter"

	"github.com/getkin/kin-openapi/openapi3"
)

// types is a set of JSON types.
type types uint8

const (
	aNull types = 1 << iota
	aBoolean
	aNumber
	aString
	anArray
	anObject

	anyType = aNull | aBoolean | aNumber | aString | anArray | anObject
	scalars = aBoolean | aNumber | aString
)

func (t types) has(u types) bool { return t&u != 0 }

var typeNames = map[string]types{
	openapi3.TypeNull: aNull, openapi3.TypeBoolean: aBoolean, openapi3.TypeInteger: aNumber, openapi3.TypeNumber: aNumber,
	openapi3.TypeString: aString, openapi3.TypeArray: anArray, openapi3.TypeObject: anObject,
}

// typesOf returns the types that a schema lets pass, as far as it names them.
func typesOf(s *openapi3.Schema) types { return permitted(s, nil) }

// permitted goes through each schema of a combination once.
func permitted(s *openapi3.Schema, seen map[*openapi3.Schema]types) types {
	if s == nil {
		return anyType
	}
	t := named(s)
	if len(s.AllOf)+len(s.AnyOf)+len(s.OneOf) == 0 {
		return t
	}
	if known, ok := seen[s]; ok {
		return known
	}
	if seen == nil {
		seen = map[*openapi3.Schema]types{}
	}
	seen[s] = anyType // while it is open
	for _, all := range s.AllOf {
		t &= permitted(all.Value, seen)
	}
	for _, list := range []openapi3.SchemaRefs{s.AnyOf, s.OneOf} {
		if len(list) == 0 {
			continue
		}
		var some types
		for _, one := range list {
			some |= permitted(one.Value, seen)
		}
		t &= some
	}
	seen[s] = t
	return t
}

// named returns the types that a schema names itself, or that its enum has.
func named(s *openapi3.Schema) types {
	var t types
	for _, name := range s.Type.Slice() {
		t |= typeNames[name]
	}
	if t != 0 {
		return t
	}
	for _, v := range s.Enum {
		t |= typeOf(v)
	}
	if t == 0 {
		return anyType
	}
	return t
}

func typeOf(v any) types {
	switch v.(type) {
	case nil:
		return aNull
	case bool:
		return aBoolean
	case string:
		return aString
	case []any:
		return anArray
	case map[string]any:
		return anObject
	}
	return aNumber
}

// combination goes through a schema and those that are combined in it.
func combination(s *openapi3.Schema) iter.Seq[*openapi3.Schema] {
	return func(yield func(*openapi3.Schema) bool) {
		seen, next := map[*openapi3.Schema]bool{}, []*openapi3.Schema{s}
		for len(next) > 0 {
			s := next[0]
			next = next[1:]
			if s == nil || seen[s] {
				continue
			}
			if !yield(s) {
				return
			}
			seen[s] = true
			for _, list := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
				for _, one := range list {
					next = append(next, one.Value)
				}
			}
		}
	}
}

// property returns the schema of a member, by name or as one of the others; nil
// if any value is good.
func property(s *openapi3.Schema, name string) *openapi3.Schema {
	for one := range combination(s) {
		if p := one.Properties[name]; p != nil {
			return p.Value
		}
	}
	if s != nil && s.AdditionalProperties.Schema != nil {
		return s.AdditionalProperties.Schema.Value
	}
	return nil
}

// properties returns the names that a schema declares.
func properties(s *openapi3.Schema) map[string]bool {
	names := map[string]bool{}
	for one := range combination(s) {
		for name := range one.Properties {
			names[name] = true
		}
	}
	return names
}

// items returns the schema of the items of an array; nil if any are good.
func items(s *openapi3.Schema) *openapi3.Schema {
	for one := range combination(s) {
		if one.Items != nil {
			return one.Items.Value
		}
	}
	return nil
}
