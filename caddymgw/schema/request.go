package schema

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// judge gathers what is wrong with one message.
type judge struct {
	problems
	to     direction
	budget budget
}

func (o *Operation) judge(to direction) *judge {
	return &judge{to: to, budget: budget{left: matchBudget, now: o.document.now}}
}

// Request returns what is wrong with a request, in no more than 20 problems. The
// body is what was read, if RequestBody said so, and else nil.
func (o *Operation) Request(r *http.Request, content []byte) []Problem {
	j := o.judge(request)
	j.parameters(o, r)
	m, k, err := o.body.find(r.Header)
	switch {
	case o.body == nil:
	case len(content) > 0 && err == nil && m != nil:
		j.body(m, k, r.Header, content)
	case len(content) == 0 && o.body.required && (m != nil || r.ContentLength == 0):
		j.add(Body, "", "the body is missing")
	}
	return j.list
}

// Parameters is Request without the body.
func (o *Operation) Parameters(r *http.Request) []Problem {
	j := o.judge(request)
	j.parameters(o, r)
	return j.list
}

var errQuery = errors.New("the query can't be read")

// maxFields bounds the parameters of a query and the fields of a form.
const maxFields = 1000

// parseFields reads a query or a form.
func parseFields(s string) (fields, error) {
	if strings.Count(s, "&") >= maxFields {
		return nil, fmt.Errorf("there are more than %d fields", maxFields)
	}
	all, err := url.ParseQuery(s)
	if err != nil {
		return nil, errQuery
	}
	for name, values := range all {
		for _, v := range append(values, name) {
			if !utf8.ValidString(v) {
				return nil, errQuery
			}
		}
	}
	return fields(all), nil
}

// parameters checks those of all places.
func (j *judge) parameters(o *Operation, r *http.Request) {
	if len(o.parameters) == 0 {
		return
	}
	path, ok := o.pathValues(r.URL.EscapedPath())
	if !ok {
		j.add(Path, "", "the path is not that of the operation")
		return
	}
	query, err := parseFields(r.URL.RawQuery)
	if err != nil {
		j.add(Query, "", err.Error())
		return
	}
	for _, p := range o.parameters {
		var got pieces
		found, err := true, error(nil)
		switch p.in {
		case Path:
			var text string
			if text, found = path[p.name]; found {
				got, err = p.inPath(text)
			}
		case Query:
			got, found, err = p.inFields(query)
		case Header:
			var lines []string
			if lines, found = headerLines(r, p.name); found {
				got = p.inHeader(lines)
			}
		case Cookie:
			got, found, err = p.inFields(cookies(r))
		}
		j.parameter(p, got, found, err)
	}
}

// headerLines finds Host too, which Go keeps elsewhere.
func headerLines(r *http.Request, name string) ([]string, bool) {
	if name == "Host" {
		return []string{r.Host}, r.Host != ""
	}
	lines, ok := r.Header[name]
	return lines, ok && len(lines) > 0
}

func cookies(r *http.Request) fields {
	all := fields{}
	for _, c := range r.Cookies() {
		all[c.Name] = append(all[c.Name], c.Value)
	}
	return all
}

func (j *judge) parameter(p *parameter, got pieces, found bool, err error) {
	at := pointer(p.name)
	switch {
	case err != nil:
		j.add(p.in, at, err.Error())
		return
	case !found && p.required:
		j.add(p.in, at, "value is missing")
		return
	case !found, p.check == nil, p.allowEmpty && got.text != nil && *got.text == "":
		return
	}
	if p.json {
		j.jsonParameter(p, got, at)
		return
	}
	values, err := got.values(p.check, p.style)
	if err != nil {
		j.add(p.in, at, err.Error())
		return
	}
	j.any(p.in, at, p.check, values)
}

func (j *judge) jsonParameter(p *parameter, got pieces, at string) {
	if got.text == nil {
		j.add(p.in, at, errRepeated.Error())
		return
	}
	v, where, err := parseJSON([]byte(*got.text))
	if err != nil {
		j.add(p.in, at+where, err.Error())
		return
	}
	j.any(p.in, at, p.check, []any{v})
}

// any wants one of the values to be good, and else tells what is wrong with the
// first.
func (j *judge) any(in In, at string, c *check, values []any) {
	var first []finding
	for i, v := range values {
		found := c.judge(v, j.to, &j.budget)
		if len(found) == 0 {
			return
		}
		if i == 0 {
			first = found
		}
	}
	for _, f := range first {
		j.add(in, at+pointer(f.path...), f.message)
	}
}

// body checks a body that was read.
func (j *judge) body(m *media, k kind, h http.Header, content []byte) {
	var v any
	var where string
	var err error
	switch k {
	case jsonKind:
		v, where, err = parseJSON(content)
	case textKind:
		if !utf8.Valid(content) {
			err = errors.New("the text is not UTF-8")
		}
		v = coerce(string(content), m.check.schema)
	default:
		v, where, err = m.form(k, h, content)
	}
	if err != nil {
		j.add(Body, where, err.Error())
		return
	}
	j.any(Body, "", m.check, []any{v})
}
