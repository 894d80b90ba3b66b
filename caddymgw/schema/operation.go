package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// Operation is what one operation takes and gives.
type Operation struct {
	document         *Document
	method, template string
	path             []segment
	twin             bool // another one is the same to a request
	parameters       []*parameter
	body             *body             // nil: none is declared
	responses        map[string]*reply // by status, "2XX", or "DEFAULT"
}

// forget takes away all that is checked.
func (o *Operation) forget() { o.twin, o.parameters, o.body, o.responses = true, nil, nil, nil }

// parameter is one of a request, or a header of a response.
type parameter struct {
	in         In
	name       string
	style      string
	explode    bool
	required   bool
	allowEmpty bool
	json       bool // its content is JSON
	unit       *unit
	check      *check // nil: any value is good
}

// body is what the body of a request or response may be.
type body struct {
	required bool
	media    []*media
	content  openapi3.Content // finds one
	found    map[*openapi3.MediaType]*media
}

func newBody(required bool) *body {
	return &body{required: required, content: openapi3.Content{}, found: map[*openapi3.MediaType]*media{}}
}

func (b *body) add(name string, m *media) {
	key := openapi3.NewMediaType()
	b.content[name], b.found[key] = key, m
	b.media = append(b.media, m)
}

// media is one media type, or range of them, of a body.
type media struct {
	name      string // as declared
	at        openapi.Node
	unit      *unit
	check     *check // nil: any bytes are good
	strict    bool   // what can't be read is no good
	encodings map[string]encoding
}

// encoding says how a property of a form is written.
type encoding struct {
	style       string
	explode     bool
	contentType string
}

// reply is a response by its status.
type reply struct {
	headers []*parameter
	body    *body // nil: any
}

// finish gives everything what it is checked by.
func (r *reader) finish(schemas openapi3.Schemas) {
	f := &finisher{reader: r, schemas: schemas, checks: map[*unit]*check{}}
	for _, op := range r.read {
		for _, p := range op.parameters {
			f.parameter(p)
		}
		f.body(op.body)
		for _, status := range slices.Sorted(maps.Keys(op.responses)) {
			one := op.responses[status]
			for _, h := range one.headers {
				f.parameter(h)
			}
			f.body(one.body)
		}
	}
}

type finisher struct {
	*reader
	schemas openapi3.Schemas
	checks  map[*unit]*check

	dialect    *dialect // made when it is needed
	dialectErr error
}

func (f *finisher) of(u *unit) *check {
	if u == nil {
		return nil
	}
	c, ok := f.checks[u]
	if !ok {
		c = f.newCheck(u)
		f.checks[u] = c
	}
	return c
}

// parameter forgets the unit, which holds on to the whole document.
func (f *finisher) parameter(p *parameter) { p.check, p.unit = f.of(p.unit), nil }

func (f *finisher) body(b *body) {
	if b == nil {
		return
	}
	for _, m := range b.media {
		at := m.at
		m.check, m.strict = f.of(m.unit), f.strict
		m.unit, m.at = nil, openapi.Node{}
		if m.check == nil || m.check.anyText || readable(kindOf(m.name), m.check) || strings.Contains(m.name, "*") {
			continue
		}
		m.check = nil
		if f.strict {
			f.complain(at, "bodies of the media type %s can't be checked", m.name)
			continue
		}
		f.unchecked[m.name]++
	}
}

// newCheck prepares a unit; nil where its schema asks for nothing.
func (f *finisher) newCheck(u *unit) *check {
	ref := f.schemas[u.name]
	if ref == nil || ref.Value == nil {
		return nil
	}
	plain := *ref.Value
	if plain.Nullable = false; plain.IsEmpty() {
		return nil
	}
	c := &check{schema: ref.Value, types: typesOf(ref.Value)}
	plain.Type = nil
	c.anyText = ref.Value.Type.Is(openapi3.TypeString) && plain.IsEmpty()
	if c.survey(f.slow) {
		f.extend(c, u)
	}
	return c
}

// extend compiles what kin-openapi's validator passes over.
func (f *finisher) extend(c *check, u *unit) {
	if f.dialect == nil && f.dialectErr == nil {
		f.dialect, f.dialectErr = newDialect(f.units)
	}
	err := f.dialectErr
	if err == nil {
		c.extended, err = f.dialect.compile(u)
	}
	if err != nil {
		c.extended = [2]*jsonschema.Schema{}
		f.complain(u.at, "keywords of JSON Schema 2020-12 are not followed: %s", cut(err.Error()))
		return
	}
	c.costly = true
	if len(c.slow) > 0 {
		f.complain(u.at, "patterns that need backtracking are not followed in keywords of JSON Schema 2020-12")
	}
}
