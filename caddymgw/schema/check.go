package schema

import (
	"errors"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// check is one schema, ready to judge values.
type check struct {
	schema *openapi3.Schema
	types  types
	slow   []*slowPattern // in reach
	costly bool           // its cost depends on more than the size of a value
	// extended is the same schema with the keywords of JSON Schema 2020-12, by
	// direction; nil where it has none.
	extended [2]*jsonschema.Schema
	// anyText means that every text is good.
	anyText bool
}

// direction says which way a message goes: readOnly and writeOnly depend on it.
type direction uint8

const (
	request direction = iota
	response
)

// finding is a problem below the value that was checked.
type finding struct {
	path    []string
	message string
}

// judge returns what is wrong with a value. It never panics.
func (c *check) judge(v any, to direction, b *budget) (found []finding) {
	defer func() {
		if recover() != nil {
			found = []finding{{nil, "the value could not be judged"}}
		}
	}()
	if c.costly && cost(c.schema, v) > maxCost {
		return []finding{{nil, "the value is too complex to be judged"}}
	}
	side := openapi3.VisitAsRequest()
	if to == response {
		side = openapi3.VisitAsResponse()
	}
	formats := openapi3.WithStringFormatValidators(withSlow(c.slow, b))
	if c.schema.VisitJSON(v, side, openapi3.FailFast(), formats) == nil {
		if c.extended[to] == nil {
			return nil
		}
		if err := c.extended[to].Validate(v); err != nil {
			return explain(err)
		}
		return nil
	}
	// Only now it is worth while to say what is wrong; of large values the first
	// thing, for there would be an error for each of half a million items.
	all := []openapi3.SchemaValidationOption{side, formats}
	if (&meter{sizes: map[uintptr]int{}}).size(v) <= maxExplained {
		all = append(all, openapi3.MultiErrors())
	}
	return flatten(nil, c.schema.VisitJSON(v, all...))
}

// maxExplained is the number of values in a value up to which all that is wrong
// with it is told.
const maxExplained = 10_000

// flatten takes the errors of kin-openapi apart, each as what it is and not as what
// it wraps. Their reasons do not have the value in them.
func flatten(found []finding, err error) []finding {
	switch e := any(err).(type) {
	case nil:
		return append(found, finding{nil, "the value could not be judged"}) // a slow pattern was in time once
	case openapi3.MultiError:
		for _, one := range e {
			found = flatten(found, one)
		}
		return found
	case *openapi3.SchemaError:
		inner := combined(e.Origin)
		if e.SchemaField == "allOf" && len(inner) > 0 || e.SchemaField == "oneOf" && len(inner) == 1 {
			return flatten(found, inner)
		}
		message := e.Reason
		if own, ok := messageOf(e.Origin); ok {
			message = own
		}
		if message == "" {
			message = "value doesn't match " + e.SchemaField
		}
		return append(found, finding{e.JSONPointer(), message})
	}
	return append(found, finding{nil, "the value could not be judged"})
}

// combined returns the errors of the alternatives of allOf or oneOf.
func combined(origin error) openapi3.MultiError {
	if origin == nil {
		return nil
	}
	list, ok := errors.Unwrap(origin).(interface{ Unwrap() error })
	if !ok {
		return nil
	}
	inner, _ := any(list.Unwrap()).(openapi3.MultiError)
	return inner
}

// survey finds out what judging may take, and whether keywords of JSON Schema
// 2020-12 are in reach.
func (c *check) survey(slow map[slowKey]*slowPattern) (extends bool) {
	byName := map[string]*slowPattern{}
	for _, p := range slow {
		byName[p.name] = p
	}
	seen, open := map[*openapi3.Schema]bool{}, map[*openapi3.Schema]bool{}
	var walk func(*openapi3.Schema)
	walk = func(s *openapi3.Schema) {
		if open[s] {
			c.costly = true // it is part of itself
		}
		if s == nil || seen[s] {
			return
		}
		seen[s], open[s] = true, true
		if strings.HasPrefix(s.Format, slowPrefix) {
			c.slow = append(c.slow, byName[s.Format])
		}
		c.costly = c.costly || len(s.OneOf) > 0 || len(s.AnyOf) > 0
		extends = extends || extended(s)
		for _, child := range below(s) {
			walk(child)
		}
		open[s] = false
	}
	walk(c.schema)
	return extends
}

// below returns the schemas that stand in one.
func below(s *openapi3.Schema) []*openapi3.Schema {
	var all []*openapi3.Schema
	add := func(refs ...*openapi3.SchemaRef) {
		for _, r := range refs {
			if r != nil && r.Value != nil {
				all = append(all, r.Value)
			}
		}
	}
	add(s.OneOf...)
	add(s.AnyOf...)
	add(s.AllOf...)
	add(s.PrefixItems...)
	add(s.Not, s.Items, s.AdditionalProperties.Schema, s.Contains, s.PropertyNames, s.If, s.Then, s.Else, s.UnevaluatedItems.Schema, s.UnevaluatedProperties.Schema)
	for _, named := range []openapi3.Schemas{s.Properties, s.PatternProperties, s.DependentSchemas} {
		for _, r := range named {
			add(r)
		}
	}
	return all
}
