package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// The styles of OpenAPI 3.1 section 4.8.12.3. Escapes are resolved before
// anything is split, as servers do it: an escaped separator is one.
const (
	styleSimple     = "simple"
	styleLabel      = "label"
	styleMatrix     = "matrix"
	styleForm       = "form"
	styleSpace      = "spaceDelimited"
	stylePipe       = "pipeDelimited"
	styleDeepObject = "deepObject"
)

// styles are those that are read in each place.
var styles = map[In][]string{
	Path:   {styleSimple, styleLabel, styleMatrix},
	Query:  {styleForm, styleSpace, stylePipe, styleDeepObject},
	Header: {styleSimple},
	Cookie: {styleForm},
}

func defaultStyle(in In) string {
	if in == Query || in == Cookie {
		return styleForm
	}
	return styleSimple
}

// inPath reads the value of a path parameter.
func (p *parameter) inPath(text string) (pieces, error) {
	separator := ","
	switch p.style {
	case styleLabel:
		rest, ok := strings.CutPrefix(text, ".")
		if !ok {
			return pieces{}, errStyle
		}
		text = rest
		if p.explode {
			separator = "."
		}
	case styleMatrix:
		return p.inMatrix(text)
	}
	return split(text, separator, p.explode), nil
}

// inMatrix reads ";name=value", of which there are several if explode.
func (p *parameter) inMatrix(text string) (pieces, error) {
	text, ok := strings.CutPrefix(text, ";")
	if !ok {
		return pieces{}, errStyle
	}
	if !p.explode {
		value, ok := strings.CutPrefix(text, p.name+"=")
		if !ok {
			return pieces{}, errStyle
		}
		return split(value, ",", false), nil
	}
	parts := strings.Split(text, ";")
	got := pieces{members: assignments(parts)}
	for _, part := range parts {
		value, ok := strings.CutPrefix(part, p.name+"=")
		if !ok {
			got.list = nil
			break
		}
		got.list = append(got.list, value)
	}
	if len(got.list) == 1 {
		got.text = &got.list[0]
	}
	return got, nil
}

// inHeader reads the lines of a header.
func (p *parameter) inHeader(lines []string) pieces {
	joined := strings.TrimSpace(strings.Join(lines, ","))
	parts := strings.Split(joined, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	got := split(strings.Join(parts, ","), ",", p.explode)
	got.text = &joined
	if len(lines) > 1 {
		got.text = nil
	}
	return got
}

// inFields reads a parameter of the query or a cookie.
func (p *parameter) inFields(f fields) (pieces, bool, error) {
	if p.json {
		return f.get(p.name, styleForm, true, nil)
	}
	return f.get(p.name, p.style, p.explode, p.check)
}

// fields are the names and values of a query, of cookies or of a form.
type fields map[string][]string

// get reads one field; found is false if there is none.
func (f fields) get(name, style string, explode bool, c *check) (got pieces, found bool, err error) {
	if style == styleDeepObject {
		return f.deep(name)
	}
	if style == styleForm && explode && c != nil && c.types.has(anObject) && !c.types.has(scalars|anArray) {
		got.members = f.spread(c.schema)
		return got, len(got.members) > 0, nil
	}
	values, found := f[name]
	switch {
	case !found:
		return got, false, nil
	case explode:
		got.list = values
		if len(values) == 1 {
			got.text = &values[0]
		}
		return got, true, nil
	case len(values) > 1:
		return got, true, errRepeated
	}
	separator := ","
	switch style {
	case styleSpace:
		separator = " "
	case stylePipe:
		separator = "|"
	}
	return split(values[0], separator, false), true, nil
}

// spread reads an object whose members are fields themselves.
func (f fields) spread(schema *openapi3.Schema) map[string]any {
	members := map[string]any{}
	for name := range properties(schema) {
		if values, ok := f[name]; ok {
			members[name] = oneOrAll(values)
		}
	}
	return members
}

func oneOrAll(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	return values
}

// maxDeep bounds how deep name[a][b]... may go.
const maxDeep = 8

// deep reads name[member]=value.
func (f fields) deep(name string) (got pieces, found bool, err error) {
	got.members = map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(f)) {
		tokens, ok := deepKey(key, name)
		if !ok {
			continue
		}
		found = true
		value := oneOrAll(f[key])
		if last := len(tokens) - 1; last > 0 && tokens[last] == "" { // name[a][]=value
			tokens, value = tokens[:last], f[key]
		}
		if len(tokens) > maxDeep || !put(got.members, tokens, value) {
			return got, true, errStyle
		}
	}
	return got, found, nil
}

// deepKey takes name[a][b] apart.
func deepKey(key, name string) (tokens []string, ok bool) {
	rest, ok := strings.CutPrefix(key, name+"[")
	if !ok || !strings.HasSuffix(rest, "]") {
		return nil, false
	}
	return strings.Split(strings.TrimSuffix(rest, "]"), "]["), true
}

// put sets a member of members; false if there is one already.
func put(members map[string]any, tokens []string, value any) bool {
	last := len(tokens) - 1
	for _, t := range tokens[:last] {
		if members[t] == nil {
			members[t] = map[string]any{}
		}
		next, ok := members[t].(map[string]any)
		if !ok {
			return false
		}
		members = next
	}
	if members[tokens[last]] != nil {
		return false
	}
	members[tokens[last]] = value
	return true
}
