package schema

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// swagger reads an operation of OpenAPI 2.0. It is read here, and not converted
// beforehand, so that what is wrong in it costs no more than itself and is told
// with its own place.
func (r *reader) swagger(op *Operation, n, item openapi.Node) {
	root := r.tree.Root()
	consumes := mediaTypes(n.Get("consumes"), root.Get("consumes"))
	var fields []openapi.Node
	for _, p := range r.parameters(n, item) {
		switch p.Get("in").Scalar() {
		case "body":
			op.body = newBody(p.Get("required").True())
			r.swaggerContent(op.body, consumes, p.Get("schema"))
		case "formData":
			fields = append(fields, p)
		default:
			if found := r.place(p); found != nil {
				r.collection(found, p)
				op.parameters = append(op.parameters, found)
			}
		}
	}
	if len(fields) > 0 {
		op.body = r.swaggerForm(fields, consumes)
	}
	if r.options.Responses {
		r.swaggerResponses(op, n.Get("responses"), mediaTypes(n.Get("produces"), root.Get("produces")))
	}
}

// mediaTypes returns those of an operation, else of the document, else any.
func mediaTypes(own, document openapi.Node) []string {
	if own.IsZero() {
		own = document
	}
	var all []string
	for _, m := range own.Items() {
		all = append(all, m.Scalar())
	}
	if len(all) == 0 {
		return []string{"*/*"}
	}
	return all
}

func (r *reader) swaggerContent(b *body, mediaTypes []string, s openapi.Node) {
	for _, name := range mediaTypes {
		m := &media{name: name}
		if !s.IsZero() {
			r.schemaOf(m, s)
		}
		b.add(name, m)
	}
}

// collection reads what a parameter or header of 2.0 must be: it is its own
// schema.
func (r *reader) collection(p *parameter, n openapi.Node) {
	p.allowEmpty = n.Get("allowEmptyValue").True()
	format := n.Get("collectionFormat").Scalar()
	var ok bool
	if p.style, p.explode, ok = collectionStyle(p.in, format); !ok {
		r.complain(n, "the collectionFormat %s is not read in %s", format, p.in)
		return
	}
	p.unit = r.unit(n)
}

func collectionStyle(in In, format string) (style string, explode, ok bool) {
	plain := in == Path || in == Header
	switch {
	case format == "" || format == "csv":
		if plain {
			return styleSimple, false, true
		}
		return styleForm, false, true
	case plain:
		return "", false, false
	case format == "ssv":
		return styleSpace, false, true
	case format == "pipes":
		return stylePipe, false, true
	case format == "multi":
		return styleForm, true, true
	}
	return "", false, false
}

// swaggerForm makes one object of the fields of a form.
func (r *reader) swaggerForm(fields []openapi.Node, consumes []string) *body {
	b := newBody(false)
	properties, required := map[string]any{}, []any{}
	encodings := map[string]encoding{}
	file := false
	for _, f := range fields {
		name := f.Get("name").Scalar()
		style, explode, ok := collectionStyle(Query, f.Get("collectionFormat").Scalar())
		u := r.unit(f)
		if name == "" || !ok || u == nil {
			r.complain(f, "the field of the form is not read")
			continue
		}
		properties[name] = map[string]any{"$ref": refPrefix + u.name}
		encodings[name] = encoding{style: style, explode: explode}
		file = file || f.Get("type").Scalar() == "file"
		if f.Get("required").True() {
			required, b.required = append(required, name), true
		}
	}
	u := r.made(fields[0], map[string]any{"type": "object", "properties": properties, "required": required})
	forms := slices.DeleteFunc(slices.Clone(consumes), func(name string) bool {
		return kindOf(name) != formKind && kindOf(name) != multipartKind
	})
	switch {
	case len(forms) > 0:
	case file:
		forms = []string{multipartType}
	default:
		forms = []string{formType, multipartType}
	}
	for _, name := range forms {
		b.add(name, &media{name: name, at: fields[0], unit: u, encodings: encodings})
	}
	return b
}

func (r *reader) swaggerResponses(op *Operation, n openapi.Node, produces []string) {
	op.responses = map[string]*reply{}
	for status, one := range n.Members() {
		if strings.HasPrefix(status, "x-") {
			continue
		}
		target, ok := r.follow(one)
		if !ok {
			continue
		}
		found := &reply{}
		if s := target.Get("schema"); !s.IsZero() {
			found.body = newBody(false)
			r.swaggerContent(found.body, produces, s)
		}
		for name, h := range target.Get("headers").Members() {
			if strings.EqualFold(name, "Content-Type") {
				continue
			}
			p := &parameter{in: Header, name: http.CanonicalHeaderKey(name)}
			r.collection(p, h)
			found.headers = append(found.headers, p)
		}
		op.responses[strings.ToUpper(status)] = found
	}
}
