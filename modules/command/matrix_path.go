package command

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// requestPaths finds paths of requests that reach the operations of a document.
type requestPaths struct {
	doc  *openapi.Document
	tree *openapi.Tree
}

var templateParameter = regexp.MustCompile(`\{[^{}]+\}`)

// of returns an escaped path, with the example values of the document where they
// are simple; "" if no path was found that reaches the operation.
func (p requestPaths) of(op *caddymgw.Operation) string {
	values := p.values(op)
	for _, value := range []func(string) string{
		func(name string) string { return values[name] },
		func(string) string { return "1" },
		func(string) string { return "x" },
		func(string) string { return "mgw-test" }, // a concrete path may have the others
	} {
		for _, base := range op.API.BasePaths {
			if path := p.fill(base+op.Template, value); path != "" && p.reaches(op, path) {
				return path
			}
		}
	}
	return ""
}

// fill replaces the parameters of a template. What stands behind "?" or "#" in it
// is no part of a path.
func (p requestPaths) fill(template string, value func(name string) string) string {
	path := templateParameter.ReplaceAllStringFunc(template, func(s string) string { return value(s[1 : len(s)-1]) })
	path, _, _ = strings.Cut(path, "#")
	path, _, _ = strings.Cut(path, "?")
	path, err := url.PathUnescape(path)
	if err != nil || path == "" {
		return ""
	}
	return (&url.URL{Path: path}).EscapedPath()
}

func (p requestPaths) reaches(op *caddymgw.Operation, path string) bool {
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return false
	}
	found, denial := p.doc.Route(&http.Request{Method: op.Method, URL: u})
	return denial == nil && found == op
}

// values reads the path parameters of an operation. What can't be read has no
// value of its own: it is not what decides on security.
func (p requestPaths) values(op *caddymgw.Operation) map[string]string {
	values := map[string]string{}
	for name := range strings.SplitSeq(op.Template, "{") {
		if name, _, ok := strings.Cut(name, "}"); ok {
			values[name] = "x"
		}
	}
	item := p.tree.Root().Get("paths").Get(op.Template)
	levels := []openapi.Node{item}
	if target, err := p.tree.Follow(item); err == nil && target != item {
		levels = append(levels, target)
	}
	for _, level := range levels {
		operation, err := p.tree.Follow(level.Get(strings.ToLower(op.Method)))
		if err != nil {
			operation = openapi.Node{}
		}
		for _, of := range []openapi.Node{level, operation} { // the operation's count more
			for _, parameter := range of.Get("parameters").Items() {
				parameter, err := p.tree.Follow(parameter)
				if err == nil && parameter.Get("in").Scalar() == "path" {
					values[parameter.Get("name").Scalar()] = p.value(parameter)
				}
			}
		}
	}
	return values
}

var simple = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.~-]*$`)

// value returns an example of a parameter, else something of its type.
func (p requestPaths) value(parameter openapi.Node) string {
	schema, err := p.tree.Follow(parameter.Get("schema"))
	if err != nil || schema.IsZero() {
		schema = parameter // of 2.0
	}
	candidates := []openapi.Node{parameter.Get("example")}
	for _, example := range parameter.Get("examples").Members() {
		if example, err := p.tree.Follow(example); err == nil {
			candidates = append(candidates, example.Get("value"))
		}
	}
	candidates = append(candidates, parameter.Get("x-example"), schema.Get("example"), schema.Get("default"), schema.Get("const"))
	for _, list := range []string{"examples", "enum"} {
		for _, item := range schema.Get(list).Items() {
			candidates = append(candidates, item)
		}
	}
	for _, c := range candidates {
		if simple.MatchString(c.Scalar()) {
			return c.Scalar()
		}
	}
	kind := schema.Get("type").Scalar()
	for _, item := range schema.Get("type").Items() { // of 3.1
		if kind = item.Scalar(); kind != "null" {
			break
		}
	}
	switch kind + " " + schema.Get("format").Scalar() {
	case "string uuid":
		return "00000000-0000-4000-8000-000000000000"
	case "string date":
		return "2030-01-31"
	}
	switch kind {
	case "integer", "number":
		return "1"
	case "boolean":
		return "true"
	}
	return "x"
}
