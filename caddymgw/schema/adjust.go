package schema

import (
	"slices"
	"strconv"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// adjust says in a schema what kin-openapi would not find in it.
func (e *emitter) adjust(s map[string]any, n openapi.Node) {
	if n.Get("x-nullable").True() {
		s["nullable"] = true
	}
	if s["type"] == "file" && e.version == "2.0" {
		s["type"], s["format"] = "string", "binary"
	}
	if c, ok := s["const"]; ok {
		delete(s, "const")
		constant(s, c)
	}
	if s["type"] == "array" && s["items"] == nil && !e.modern() && !e.strict {
		s["items"] = map[string]any{}
	}
	if required, ok := s["required"]; ok {
		e.required(s, required, n)
	}
	if p, ok := s["pattern"].(string); ok {
		e.pattern(s, p, n.Get("pattern"))
	}
	if d := n.Get("discriminator"); d.Is(openapi.Object) {
		e.discriminator(s, d)
	}
	others(s)
	nullIfAny(s)
}

// othersName stands for a pattern of the properties that no other pattern takes.
const othersName = "mgw.others"

// others hides additionalProperties from kin-openapi where there are patterns of
// properties: it does not know them, and would take all for others. The dialect
// puts it back.
func others(s map[string]any) {
	patterns, ok := s["patternProperties"].(map[string]any)
	additional, has := s["additionalProperties"]
	if ok && has {
		patterns[othersName] = additional
		delete(s, "additionalProperties")
	}
}

// nullIfAny lets null pass where no type is named: kin-openapi asks for nullable
// there too.
func nullIfAny(s map[string]any) {
	for _, keyword := range []string{"type", "$ref", "allOf", "anyOf", "oneOf", "not"} {
		if _, ok := s[keyword]; ok {
			return
		}
	}
	if enum, ok := s["enum"].([]any); !ok || slices.Contains(enum, nil) {
		s["nullable"] = true
	}
}

// constant writes a const as an enum of one.
func constant(s map[string]any, c any) {
	one := []any{c}
	if _, ok := s["enum"]; !ok {
		s["enum"] = one
		return
	}
	all, _ := s["allOf"].([]any)
	s["allOf"] = append(all, map[string]any{"enum": one})
}

// required: many documents have "required: true" at a property, which has never
// meant anything, and names that stand twice.
func (e *emitter) required(s map[string]any, required any, n openapi.Node) {
	list, ok := required.([]any)
	if !ok {
		if n.Get("in").IsZero() { // a parameter of 2.0 is its own schema
			e.complain(n.Get("required"), "must be a list of names")
		}
		delete(s, "required")
		return
	}
	if e.strict {
		return
	}
	var names []any
	for _, name := range list {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	s["required"] = names
}

// pattern chooses the engine.
func (e *emitter) pattern(s map[string]any, p string, n openapi.Node) {
	if len(p) > maxPattern {
		e.complain(n, "%s", errPatternSize)
		delete(s, "pattern")
		loose(s)
		return
	}
	if re2, ok := toRE2(p); ok {
		s["pattern"] = re2
		return
	}
	delete(s, "pattern")
	format, _ := s["format"].(string)
	key := slowKey{p, format}
	slow := e.slow[key]
	if slow == nil {
		re, err := compileSlow(p)
		if err != nil {
			e.complain(n, "%s", err)
			loose(s)
			return
		}
		slow = &slowPattern{name: slowPrefix + strconv.Itoa(len(e.slow)), text: p, format: format, re: re}
		e.slow[key] = slow
	}
	s["format"] = slow.name
}

// discriminator writes the mapping with the names that its references have here.
// A mapping adds to the names of the schemas themselves (OpenAPI 3.1 section
// 4.8.25), which kin-openapi wants spelled out.
func (e *emitter) discriminator(s map[string]any, n openapi.Node) {
	mapping := map[string]any{}
	for name, v := range n.Get("mapping").Members() {
		u := e.mapped(v)
		if u == nil {
			e.complain(v, "the mapping names no schema")
			loose(s)
			return
		}
		mapping[name] = refPrefix + u.name
	}
	d := map[string]any{"propertyName": value(n.Get("propertyName"))}
	if len(mapping) > 0 {
		for _, keyword := range []string{"oneOf", "anyOf"} {
			alternatives, _ := s[keyword].([]any)
			for _, a := range alternatives {
				implicit(mapping, a)
			}
		}
		d["mapping"] = mapping
	}
	s["discriminator"] = d
}

func implicit(mapping map[string]any, alternative any) {
	a, _ := alternative.(map[string]any)
	ref, _ := a["$ref"].(string)
	name := strings.TrimPrefix(ref, refPrefix)
	if _, ok := mapping[name]; !ok && name != "" && !strings.HasPrefix(name, madeUp) {
		mapping[name] = ref
	}
}

// mapped finds the schema that a value of a mapping names: by a reference, or by
// its name.
func (e *emitter) mapped(v openapi.Node) *unit {
	if !v.Is(openapi.Text) {
		return nil
	}
	if n := e.tree.Root().Get("components").Get("schemas").Get(v.Scalar()); !n.IsZero() {
		return e.unit(n)
	}
	target, err := e.tree.Target(v)
	if err != nil {
		return nil
	}
	return e.unit(target)
}
