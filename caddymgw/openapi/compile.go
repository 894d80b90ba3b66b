package openapi

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// compiler turns the trees of a document into operations.
type compiler struct {
	*sources
	options Options
	doc     *Document

	schemes       map[string]*scheme
	standIns      map[string]*caddymgw.Scheme // that the document does not declare
	security      *requirements               // of the document; nil: not declared
	app           application                 // of the document
	mutualTLS     bool                        // every operation wants a client certificate
	authorization credential.Place            // where Basic and Bearer are read
	disabled      *bool                       // x-wso2-disable-security of the document
	bases         []string                    // of the document
	fixed         bool                        // bases come from an option or x-wso2-basePath
	public        []string                    // labels, for a warning
	merged        map[[2]*caddymgw.Operation]*caddymgw.Operation
	inserted      []*caddymgw.Operation
	places        int                          // of the operations in the trie
	known         map[*caddymgw.Operation]bool // those in inserted
}

func (c *compiler) compile() error {
	root := c.entry.root
	if err := c.version(root); err != nil {
		return err
	}
	for _, step := range []func(*value) error{c.info, c.authHeader, c.readSchemes, c.documentSecurity, c.extensions, c.cors, c.documentBases, c.paths} {
		if err := step(root); err != nil {
			return err
		}
	}
	c.finish()
	return nil
}

// version finds out which OpenAPI it is.
func (c *compiler) version(root *value) error {
	if root.kind != object {
		return root.errorf("not an OpenAPI document: must be an object, is %s", kindNames[root.kind])
	}
	for _, name := range []string{"swagger", "openapi"} {
		v, err := root.get(name)
		if err != nil {
			return err
		}
		if v == nil {
			continue
		}
		if other, err := root.get("openapi"); err != nil || name == "swagger" && other != nil {
			return cmp.Or(err, v.errorf(`it has "openapi" too: which one is it? Remove the other`))
		}
		s, err := v.scalar()
		if err != nil {
			return err
		}
		major, rest, _ := strings.Cut(s, ".")
		minor, _, _ := strings.Cut(rest, ".")
		short := major + "." + minor
		if name == "swagger" && short == "2.0" || name == "openapi" && slices.Contains([]string{"3.0", "3.1", "3.2"}, short) {
			c.doc.API.OpenAPI = short
			return nil
		}
		return v.errorf("version %q is not read: OpenAPI 2.0, 3.0, 3.1 and 3.2 are", s)
	}
	return root.errorf(`not an OpenAPI document: it has neither "openapi" nor "swagger"`)
}

func (c *compiler) swagger() bool { return c.doc.API.OpenAPI == "2.0" }

// atLeast compares minor versions of 3.
func (c *compiler) atLeast(version string) bool { return c.doc.API.OpenAPI >= version }

func (c *compiler) info(root *value) error {
	info, err := root.get("info")
	if err != nil {
		return err
	}
	if info == nil {
		return root.errorf("the member info is missing: it names the API and its version")
	}
	for _, name := range []string{"title", "version"} {
		to := &c.doc.API.Name
		if name == "version" {
			to = &c.doc.API.Version
		}
		v, err := info.get(name)
		if err != nil {
			return err
		}
		if v == nil {
			return info.errorf("the member %s is missing: API keys name the API by it", name)
		}
		if *to, err = v.scalar(); err != nil {
			return err
		}
		if *to == "" {
			c.warn("%s is empty: API keys name the API by it", v.pointer())
		}
	}
	return nil
}

func (c *compiler) paths(root *value) error {
	paths, err := root.get("paths")
	if err != nil || paths == nil {
		return err
	}
	members, err := paths.object()
	if err != nil {
		return err
	}
	for _, m := range members {
		if strings.HasPrefix(m.name, "x-") {
			continue
		}
		if err := c.pathItem(m.name, m.value); err != nil {
			return err
		}
	}
	return nil
}

// pathItem compiles the operations of one path. Those of a referenced item
// (OpenAPI 3.1 section 4.8.9.1) and its own are taken together.
func (c *compiler) pathItem(template string, item *value) error {
	if !strings.HasPrefix(template, "/") {
		return item.errorf("a path must start with /")
	}
	if n := strings.Count(template, "/"); n > maxSegments {
		return item.errorf("the path has %d segments: there may be %d", n, maxSegments)
	}
	segments, err := splitTemplate(template)
	if err != nil {
		return item.errorf("%s", err)
	}
	items := []*value{item}
	if item.kind == object && item.step("$ref") != nil {
		target, err := c.follow(item)
		if err != nil {
			return err
		}
		items = append(items, target)
	}
	declared := map[string]bool{}
	for _, it := range items {
		if it.kind == null {
			continue // "/a:" with nothing below: a path without operations
		}
		bases, err := c.basesOf(it, c.bases)
		if err != nil {
			return err
		}
		operations, err := c.operations(it)
		if err != nil {
			return err
		}
		for _, o := range operations {
			if declared[o.name] {
				return o.value.errorf("%s is declared here and in the referenced path item: keep one", o.name)
			}
			declared[o.name] = true
			if err := c.operation(template, segments, o.name, o.value, bases); err != nil {
				return err
			}
		}
	}
	return nil
}

// operations returns the operations of a path item with their methods.
func (c *compiler) operations(item *value) ([]member, error) {
	members, err := item.object()
	if err != nil {
		return nil, err
	}
	var found []member
	for _, m := range members {
		switch m.name {
		case "get", "put", "post", "delete", "options", "head", "patch":
		case "trace":
			if c.swagger() {
				continue
			}
		case "query":
			if !c.atLeast("3.2") || c.swagger() {
				continue
			}
		case "additionalOperations":
			if !c.atLeast("3.2") || c.swagger() {
				continue
			}
			more, err := m.value.object()
			if err != nil {
				return nil, err
			}
			found = append(found, more...) // methods as they are written
			continue
		case "x-wso2-disable-security":
			c.warn("%s: x-wso2-disable-security has no meaning in a path item and is not followed: write it at the operations", m.value.pointer())
			continue
		case "security", "x-wso2-application-security", "x-wso2-mutual-ssl", "x-wso2-auth-header":
			return nil, m.value.errorf("%s has no meaning in a path item: write it at the operations", m.name)
		default:
			continue
		}
		found = append(found, member{strings.ToUpper(m.name), m.value})
	}
	return found, nil
}

func (c *compiler) operation(template string, segments []pattern, method string, v *value, bases []string) error {
	if v.kind == object && v.step("$ref") != nil && v.step("security") != nil {
		return v.errorf("security beside $ref is not read (OpenAPI 3.1 section 4.8.23.1): write it where the reference leads, or take the reference out")
	}
	v, err := c.follow(v)
	if err != nil {
		return err
	}
	if _, err := v.object(); err != nil {
		return err
	}
	if !c.servable(segments) {
		c.warn("%s %s is never served: no request path in canonical form fits it", method, template)
		return nil
	}
	op := &caddymgw.Operation{API: c.doc.API, Method: method, Template: template}
	if op.ID, err = v.member("operationId"); err != nil {
		return err
	}
	if bases, err = c.basesOf(v, bases); err != nil {
		return err
	}
	if op.Alternatives, err = c.effective(v); err != nil {
		return err
	}
	for _, base := range bases {
		if err := c.insert(base, segments, op, v); err != nil {
			return err
		}
	}
	return nil
}

// servable reports whether a canonical path can fit: one with an empty or dot
// segment never does, and ";" only where it is allowed.
func (c *compiler) servable(segments []pattern) bool {
	var sample strings.Builder
	for _, p := range segments {
		sample.WriteByte('/')
		for i, text := range p {
			if i > 0 {
				sample.WriteByte('v') // the value of a parameter
			}
			sample.WriteString(url.PathEscape(text))
		}
	}
	_, err := Canonical(sample.String(), c.options.AllowEncodedSlash, c.options.AllowSemicolon)
	return err == nil
}

// What paths may be: tries are walked by recursion. Real ones have a dozen
// segments.
const (
	maxSegments = 200     // of a path, base path included
	maxPlaces   = 1 << 18 // of operations, each of which has one below every base path
)

// insert puts an operation into the trie. Where another one has the same
// method and the same path, one stands for both, with the stricter security.
func (c *compiler) insert(base string, segments []pattern, op *caddymgw.Operation, v *value) error {
	n := &c.doc.trie
	prefix, err := Canonical(base+"/", c.options.AllowEncodedSlash, c.options.AllowSemicolon)
	if err != nil {
		return v.errorf("the base path %q is not canonical", base)
	}
	if n := len(prefix) - 1 + len(segments); n > maxSegments {
		return v.errorf("with its base path, the path has %d segments: there may be %d", n, maxSegments)
	}
	if c.places++; c.places > maxPlaces {
		return v.errorf("operations and base paths (servers) multiply to more than %d: name one base path with base_path", maxPlaces)
	}
	for _, s := range prefix[:len(prefix)-1] {
		n = n.child(pattern{s})
	}
	for _, s := range segments {
		n = n.child(s)
	}
	if n.methods == nil {
		n.methods = map[string]*caddymgw.Operation{}
	}
	if other := n.methods[op.Method]; other != nil {
		if op, err = c.merge(other, op, v); err != nil {
			return err
		}
	}
	n.methods[op.Method] = op
	if !c.known[op] {
		c.known[op] = true
		c.inserted = append(c.inserted, op)
	}
	if !slices.Contains(c.doc.API.BasePaths, base) {
		c.doc.API.BasePaths = append(c.doc.API.BasePaths, base)
	}
	return nil
}

// finish keeps the operations that can be reached, in document order.
func (c *compiler) finish() {
	reached := map[*caddymgw.Operation]bool{}
	c.doc.trie.walk(func(op *caddymgw.Operation) { reached[op] = true })
	for _, op := range c.inserted {
		if reached[op] {
			c.doc.API.Operations = append(c.doc.API.Operations, op)
			switch {
			case op.Public():
				c.public = append(c.public, op.Label())
			case slices.ContainsFunc(op.Alternatives, func(alt caddymgw.Alternative) bool { return len(alt) == 0 }):
				c.public = append(c.public, op.Label()+" ({})")
			}
		}
	}
	c.refuseDoubles()
	slices.Sort(c.doc.API.BasePaths)
	if len(c.public) > 0 {
		c.warn("public operations, without any authentication: %s", strings.Join(c.public, ", "))
	}
	if len(c.doc.API.Operations) == 0 {
		c.warn("the document declares no operation: every request is answered with 404")
	}
}

// refuseDoubles takes away the operationIds that stand for several operations: a
// key that is limited to one would open them all (OpenAPI 3.1 section 4.8.10
// wants each once).
func (c *compiler) refuseDoubles() {
	count := map[string]int{}
	for _, op := range c.doc.API.Operations {
		count[op.ID]++
	}
	for _, op := range c.doc.API.Operations {
		if n := count[op.ID]; op.ID != "" && n > 1 {
			c.warn("the operationId %s is that of %d operations, so that none of them has it: %s %s", op.ID, n, op.Method, op.Template)
			op.ID = ""
		}
	}
}

func (c *compiler) warn(format string, args ...any) {
	c.doc.Warnings = append(c.doc.Warnings, fmt.Sprintf(format, args...))
}
