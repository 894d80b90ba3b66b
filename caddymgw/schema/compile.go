package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

// compile hands the units to kin-openapi, which checks and links them. What it
// refuses is left out, each schema by itself.
func (e *emitter) compile() (openapi3.Schemas, error) {
	e.emit()
	relax(e.units)
	linked, err := e.link()
	if err == nil {
		return linked, nil
	}
	refused := false
	for _, n := range e.nodes {
		if why := e.refusal(n.schema); why != "" {
			e.complain(n.at, "%s", why)
			clear(n.schema)
			loose(n.schema)
			refused = true
		}
	}
	if !refused {
		return nil, err
	}
	relax(e.units)
	return e.link()
}

// link reads the units as the components of a document.
func (e *emitter) link() (openapi3.Schemas, error) {
	components := map[string]any{}
	for _, u := range e.units {
		components[u.name] = u.schema
	}
	version := "3.0.3"
	if e.modern() {
		version = "3.1.0"
	}
	content, err := json.Marshal(map[string]any{
		"openapi": version, "info": map[string]any{"title": "-", "version": "-"}, "paths": map[string]any{},
		"components": map[string]any{"schemas": components},
	})
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(content)
	if err != nil {
		return nil, err
	}
	all := openapi3.Schemas{}
	if doc.Components != nil {
		all = doc.Components.Schemas
	}
	// One that has them all is checked in one go.
	return all, (&openapi3.Schema{Properties: all}).Validate(context.Background(), e.options()...)
}

func (e *emitter) options() []openapi3.ValidationOption {
	var options []openapi3.ValidationOption
	if e.modern() {
		options = append(options, openapi3.IsOpenAPI31OrLater())
	}
	return options
}

// refusal is what kin-openapi says to one schema, whatever is in it; "" if it
// takes it.
func (e *emitter) refusal(s map[string]any) string {
	content, err := json.Marshal(shallow(s))
	if err != nil {
		return err.Error()
	}
	var one openapi3.Schema
	if err := json.Unmarshal(content, &one); err != nil {
		return cut(err.Error())
	}
	if err := one.Validate(context.Background(), e.options()...); err != nil {
		return cut(err.Error())
	}
	return ""
}

// shallow copies a schema with empty ones in it.
func shallow(s map[string]any) map[string]any {
	flat := map[string]any{}
	for name, x := range s {
		flat[name] = x
		switch keywords[name].holds {
		case aSchema:
			if _, ok := x.(map[string]any); ok {
				flat[name] = map[string]any{}
			}
		case aList:
			if list, ok := x.([]any); ok {
				none := make([]any, len(list))
				for i := range none {
					none[i] = map[string]any{}
				}
				flat[name] = none
			}
		case aMap:
			if object, ok := x.(map[string]any); ok {
				none := map[string]any{}
				for k := range object {
					none[k] = map[string]any{}
				}
				flat[name] = none
			}
		}
	}
	return flat
}

// errComplaints joins what a strict load is refused for.
func errComplaints(complaints []complaint) error {
	const most = 10
	var all []error
	for i, c := range complaints {
		if i == most {
			all = append(all, fmt.Errorf("and %d more", len(complaints)-most))
			break
		}
		all = append(all, c.at.Errorf("%s", c.message))
	}
	return errors.Join(all...)
}

// warnings says what is left out.
func warnings(complaints []complaint) []string {
	var all []string
	for _, c := range complaints {
		all = append(all, c.at.Errorf("left out: %s", c.message).Error())
	}
	return all
}
