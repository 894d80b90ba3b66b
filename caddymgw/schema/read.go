package schema

import (
	"cmp"
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// reader finds the operations of a document and what they take and give.
type reader struct {
	*emitter
	options   Options
	keys      map[keyPlace]bool // where security schemes read keys
	unchecked map[string]int    // media types of bodies that nothing here can read
	read      []*Operation
}

type keyPlace struct{ in, name string }

func (r *reader) operations() []*Operation {
	root := r.tree.Root()
	r.readKeys(root)
	same := map[operationKey]*Operation{}
	for template, item := range root.Get("paths").Members() {
		if strings.HasPrefix(template, "x-") {
			continue
		}
		items := []openapi.Node{item}
		if !item.Get("$ref").IsZero() {
			if target, err := r.tree.Follow(item); err == nil {
				items = append(items, target)
			}
		}
		for _, it := range items {
			for method, n := range r.methods(it) {
				r.operation(same, method, template, n, it)
			}
		}
	}
	return r.read
}

// readKeys finds the places of keys: what stands there is security's business.
func (r *reader) readKeys(root openapi.Node) {
	schemes := root.Get("components").Get("securitySchemes")
	if r.version == "2.0" {
		schemes = root.Get("securityDefinitions")
	}
	for _, s := range schemes.Members() {
		if s, err := r.tree.Follow(s); err == nil && s.Get("type").Scalar() == "apiKey" {
			r.keys[placeOf(s)] = true
		}
	}
}

func placeOf(n openapi.Node) keyPlace {
	in, name := n.Get("in").Scalar(), n.Get("name").Scalar()
	if in == string(Header) {
		name = strings.ToLower(name)
	}
	return keyPlace{in, name}
}

// methods goes through the operations of a path item.
func (r *reader) methods(item openapi.Node) iter.Seq2[string, openapi.Node] {
	return func(yield func(string, openapi.Node) bool) {
		for name, n := range item.Members() {
			switch name {
			case "get", "put", "post", "delete", "options", "head", "patch":
			case "trace":
				if r.version == "2.0" {
					continue
				}
			case "query":
				if r.version != "3.2" {
					continue
				}
			case "additionalOperations":
				if r.version != "3.2" {
					continue
				}
				for method, n := range n.Members() { // as they are written
					if !yield(method, n) {
						return
					}
				}
				continue
			default:
				continue
			}
			if !yield(strings.ToUpper(name), n) {
				return
			}
		}
	}
}

var parameterName = regexp.MustCompile(`\{[^{}]*\}`)

// operation reads one operation. Those that no request can tell apart get
// nothing to check: what one allows the other may refuse.
func (r *reader) operation(same map[operationKey]*Operation, method, template string, n, item openapi.Node) {
	path, _, _ := strings.Cut(parameterName.ReplaceAllString(template, "{}"), "#")
	path, _, _ = strings.Cut(path, "?")
	op := &Operation{method: method, template: template, path: parseTemplate(template)}
	r.read = append(r.read, op)
	key := operationKey{method, path}
	if other := same[key]; other != nil {
		if !other.twin {
			r.complain(n, "%s %s and %s %s are one to a request, so that neither is checked", method, template, method, other.template)
		}
		other.forget()
		return
	}
	same[key] = op
	n, ok := r.follow(n)
	if !ok {
		return
	}
	if r.version == "2.0" {
		r.swagger(op, n, item)
		return
	}
	for _, p := range r.parameters(n, item) {
		r.parameter(op, p)
	}
	if b := n.Get("requestBody"); !b.IsZero() {
		op.body = r.body(b)
	}
	if r.options.Responses {
		r.responses(op, n.Get("responses"))
	}
}

// parameters returns those of an operation and of its path, without the ones
// that it overrides.
func (r *reader) parameters(operation, item openapi.Node) []openapi.Node {
	var all []openapi.Node
	seen := map[keyPlace]bool{}
	for _, from := range []openapi.Node{operation, item} {
		for _, p := range from.Get("parameters").Items() {
			target, ok := r.follow(p)
			if !ok {
				continue
			}
			if place := placeOf(target); !seen[place] {
				seen[place] = true
				all = append(all, target)
			}
		}
	}
	return all
}

// parameter reads one of OpenAPI 3.
func (r *reader) parameter(op *Operation, n openapi.Node) {
	p := r.place(n)
	if p == nil {
		return
	}
	p.style = cmp.Or(n.Get("style").Scalar(), defaultStyle(p.in))
	p.explode = p.style == styleForm || p.style == styleDeepObject
	if e := n.Get("explode"); e.Is(openapi.Boolean) {
		p.explode = e.True()
	}
	p.allowEmpty = n.Get("allowEmptyValue").True()
	r.shape(p, n)
	op.parameters = append(op.parameters, p)
}

// shape reads what a parameter or a header must be.
func (r *reader) shape(p *parameter, n openapi.Node) {
	if s := n.Get("schema"); !s.IsZero() {
		if !slices.Contains(styles[p.in], p.style) {
			r.complain(n, "the style %s is not read in %s", p.style, p.in)
			return
		}
		p.unit = r.unit(s)
		return
	}
	for mediaType, m := range n.Get("content").Members() {
		if kindOf(mediaType) != jsonKind {
			r.complain(m, "a parameter of the media type %s can't be checked", mediaType)
			continue
		}
		if s := m.Get("schema"); !s.IsZero() {
			p.unit, p.json = r.unit(s), true
		}
	}
}

// place reads name and place of a parameter; nil if it is none to be checked.
func (r *reader) place(n openapi.Node) *parameter {
	p := &parameter{in: In(n.Get("in").Scalar()), name: n.Get("name").Scalar(), required: n.Get("required").True()}
	switch p.in {
	case Path:
		p.required = true
	case Header:
		switch strings.ToLower(p.name) {
		case "accept", "content-type", "authorization": // OpenAPI 3.1 section 4.8.12.1
			return nil
		}
		if r.options.Arrives != nil && !r.options.Arrives(p.name) {
			r.complain(n, "the header %s is dropped before it comes here", p.name)
			return nil
		}
		p.name = http.CanonicalHeaderKey(p.name)
	case Query, Cookie:
	default:
		r.complain(n, "parameters in %q are not checked", p.in)
		return nil
	}
	if p.name == "" {
		r.complain(n, "the parameter has no name")
		return nil
	}
	if r.keys[placeOf(n)] {
		return nil
	}
	return p
}

// body reads the media types of a request or response.
func (r *reader) body(n openapi.Node) *body {
	n, ok := r.follow(n)
	if !ok {
		return nil
	}
	b := newBody(n.Get("required").True())
	for name, m := range n.Get("content").Members() {
		target, ok := r.follow(m) // from 3.2 on
		if !ok {
			continue
		}
		found := &media{name: name, encodings: map[string]encoding{}}
		for property, e := range target.Get("encoding").Members() {
			found.encodings[property] = encodingOf(e)
		}
		if s := target.Get("schema"); !s.IsZero() {
			r.schemaOf(found, s)
		}
		b.add(name, found)
	}
	return b
}

// schemaOf notes the schema of a body, unless any bytes are one.
func (r *reader) schemaOf(m *media, s openapi.Node) {
	if !r.binary(s) {
		m.at, m.unit = s, r.unit(s)
	}
}

// binary reports whether a schema stands for bytes that are not looked into.
func (r *reader) binary(s openapi.Node) bool {
	s, err := r.tree.Follow(s)
	if err != nil {
		return false
	}
	t, format := s.Get("type").Scalar(), s.Get("format").Scalar()
	return t == "string" && format == "binary" || t == "file" || r.modern() && (t == "string" || t == "") && !s.Get("contentMediaType").IsZero()
}

func encodingOf(n openapi.Node) encoding {
	e := encoding{style: cmp.Or(n.Get("style").Scalar(), styleForm), contentType: n.Get("contentType").Scalar()}
	e.explode = e.style == styleForm || e.style == styleDeepObject
	if x := n.Get("explode"); x.Is(openapi.Boolean) {
		e.explode = x.True()
	}
	return e
}

// responses reads those of OpenAPI 3.
func (r *reader) responses(op *Operation, n openapi.Node) {
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
		if !target.Get("content").IsZero() {
			found.body = r.body(target)
		}
		for name, h := range target.Get("headers").Members() {
			h, ok := r.follow(h)
			if !ok || strings.EqualFold(name, "Content-Type") {
				continue
			}
			p := &parameter{in: Header, name: http.CanonicalHeaderKey(name), required: h.Get("required").True(), style: styleSimple, explode: h.Get("explode").True()}
			r.shape(p, h)
			found.headers = append(found.headers, p)
		}
		op.responses[strings.ToUpper(status)] = found
	}
}
