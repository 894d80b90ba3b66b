package diff

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// detour is a request that one operation got and another one gets now: what is
// taken away leaves its requests to what else fits them, and what is added takes
// some of others.
type detour struct {
	before, after *caddymgw.Operation
	whole         bool // the request is like any other that the pair's way is for
}

// security says both sides, and names what is not the pair's own.
func (d detour) security(p *pair) (was, now *Security) {
	was, now = securityOf(d.before), securityOf(d.after)
	if d.before != p.before {
		was.Operation = d.before.Method + " " + d.before.Template
	}
	if d.after != p.after {
		now.Operation = d.after.Method + " " + d.after.Template
	}
	return was, now
}

// findDetours asks both documents for the requests at which two ways meet, of which
// one is in one document only, or partly templated: those are tried in document
// order.
func findDetours(before, after *openapi.Document, all []*pair) {
	type kind struct {
		method string
		length int
	}
	index := map[kind][]path{}
	paths := make([]path, len(all))
	for i, p := range all {
		paths[i] = split(p.Shape)
		k := kind{p.Method, len(paths[i])}
		index[k] = append(index[k], paths[i])
	}
	for i, p := range all {
		if p.before != nil && p.after != nil && !paths[i].partly() {
			continue
		}
		seen := map[[2]*caddymgw.Operation]bool{}
		for _, other := range index[kind{p.Method, len(paths[i])}] {
			sample, ok := paths[i].meet(other)
			if !ok {
				continue
			}
			x, y := route(before, p.Method, sample), route(after, p.Method, sample)
			direct := x == p.before && y == p.after
			if x == nil || y == nil || direct || x != p.before && y != p.after || seen[[2]*caddymgw.Operation{x, y}] {
				continue
			}
			seen[[2]*caddymgw.Operation{x, y}] = true
			p.detours = append(p.detours, detour{x, y, sample == paths[i].sample()})
		}
	}
}

func route(doc *openapi.Document, method, escaped string) *caddymgw.Operation {
	u, err := url.ParseRequestURI(escaped)
	if err != nil {
		return nil
	}
	op, _ := doc.Route(&http.Request{Method: method, URL: u})
	return op
}

// path is a shape, segment by segment: the texts around its parameters.
type path [][]string

func split(shape string) path {
	var p path
	for segment := range strings.SplitSeq(shape[1:], "/") {
		p = append(p, strings.Split(segment, "{}"))
	}
	return p
}

// value is that of each parameter. One byte fits no partly templated segment.
const value = "~"

// sample is a request path for which only the parameters count.
func (p path) sample() string {
	var b strings.Builder
	for _, segment := range p {
		b.WriteString("/" + strings.Join(segment, value))
	}
	return b.String()
}

// partly reports whether a segment is a text and a parameter.
func (p path) partly() bool {
	return slices.ContainsFunc(p, func(segment []string) bool {
		return len(segment) > 1 && strings.Join(segment, "") != ""
	})
}

// meet returns a request path that fits both; ok is false if there is none.
func (p path) meet(other path) (sample string, ok bool) {
	common := path{}
	for i, segment := range p {
		q := other[i]
		switch {
		case len(segment) == 1 && len(q) == 1 && segment[0] != q[0]:
			return "", false
		case len(q) == 1:
			segment = q // which may not fit: the documents are asked
		case len(segment) > 1:
			if segment, ok = overlay(segment, q); !ok {
				return "", false
			}
		}
		common = append(common, segment)
	}
	return common.sample(), true
}

// overlay returns the texts of a segment that fits both templated ones: between
// their ends a parameter of either holds what the other one has there.
func overlay(a, b []string) (texts []string, ok bool) {
	first, ok := longer(a[0], b[0], strings.HasPrefix)
	last, too := longer(a[len(a)-1], b[len(b)-1], strings.HasSuffix)
	if !ok || !too {
		return nil, false
	}
	return slices.Concat([]string{first}, a[1:len(a)-1], b[1:len(b)-1], []string{last}), true
}

func longer(a, b string, end func(s, end string) bool) (string, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	return a, end(a, b)
}
