package openapi

import (
	"fmt"
	"slices"
	"strings"
)

// maxBasePaths bounds how many base paths servers give, and what their variables
// may multiply to.
const maxBasePaths = 256

func (c *compiler) documentBases(root *value) error {
	if c.options.BasePath != "" {
		base, err := cleanBase(c.options.BasePath)
		if err != nil {
			return fmt.Errorf("base_path %q: %w", c.options.BasePath, err)
		}
		c.bases, c.fixed = []string{base}, true
		return nil
	}
	v, err := root.get("x-wso2-basePath")
	if err != nil {
		return err
	}
	if v != nil {
		s, err := v.str()
		if err != nil {
			return err
		}
		base, err := cleanBase(strings.ReplaceAll(s, "{version}", c.doc.API.Version))
		if err != nil {
			return v.errorf("%s", err)
		}
		c.bases, c.fixed = []string{base}, true
		return nil
	}
	if !c.swagger() {
		c.bases, err = c.basesOf(root, []string{""})
		return err
	}
	s, err := root.member("basePath")
	if err != nil {
		return err
	}
	base, err := cleanBase(s)
	if err != nil {
		v, _ := root.get("basePath")
		return v.errorf("%s", err)
	}
	c.bases = []string{base}
	return nil
}

// basesOf returns the base paths of the servers that v has of its own, else
// the inherited ones. Hosts are ignored (OpenAPI 3.1 section 4.8.5).
func (c *compiler) basesOf(v *value, inherited []string) ([]string, error) {
	if c.fixed || c.swagger() {
		return inherited, nil
	}
	servers, err := v.get("servers")
	if err != nil || servers == nil || servers.kind == null {
		return inherited, err
	}
	items, err := servers.list()
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return inherited, nil
	}
	var bases []string
	for _, item := range items {
		more, err := serverBases(item)
		if err != nil {
			return nil, err
		}
		for _, b := range more {
			if !slices.Contains(bases, b) {
				bases = append(bases, b)
			}
		}
		if len(bases) > maxBasePaths {
			return nil, item.errorf("the servers give more than %d base paths: name one with base_path", maxBasePaths)
		}
	}
	return bases, nil
}

func serverBases(server *value) ([]string, error) {
	template, err := server.member("url")
	if err != nil {
		return nil, err
	}
	variables, err := server.get("variables")
	if err != nil {
		return nil, err
	}
	urls := []string{template}
	if t, ok := pathPart(template); ok {
		slash, err := holdsSlash(strings.TrimSuffix(template, t), variables)
		if err != nil {
			return nil, err
		}
		if !slash {
			urls = []string{t} // variables of scheme and host do not matter
		}
	}
	for changed := true; changed; {
		changed = false
		var next []string
		for _, u := range urls {
			expanded, err := expandFirst(u, variables, server)
			if err != nil {
				return nil, err
			}
			changed = changed || len(expanded) != 1 || expanded[0] != u
			next = append(next, expanded...)
			if len(next) > maxBasePaths {
				return nil, server.errorf("the variables give more than %d base paths: name one with base_path", maxBasePaths)
			}
		}
		urls = next
	}
	var bases []string
	for _, u := range urls {
		p, ok := pathPart(u)
		if !ok {
			p = "/" + strings.TrimPrefix(u+"/", "./") // relative to the document
		}
		base, err := cleanBase(p)
		if err != nil {
			return nil, server.errorf("url %q: %s: name one with base_path", u, err)
		}
		if !slices.Contains(bases, base) {
			bases = append(bases, base)
		}
	}
	return bases, nil
}

// expandFirst replaces the first variable of a server URL by its default and
// each value of its enum.
func expandFirst(u string, variables, server *value) ([]string, error) {
	before, rest, found := strings.Cut(u, "{")
	if !found {
		return []string{u}, nil
	}
	name, after, closed := strings.Cut(rest, "}")
	if !closed {
		return nil, server.errorf("url %q: a brace is not closed", u)
	}
	var v *value
	if variables != nil {
		var err error
		if v, err = variables.get(name); err != nil {
			return nil, err
		}
	}
	if v == nil {
		return nil, server.errorf("url %q: the variable %s is not declared, so its paths can't be known: name one with base_path", u, name)
	}
	values, err := valuesOf(v)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return nil, v.errorf("the variable has neither default nor enum, so its paths can't be known: name one with base_path")
	}
	for i, s := range values {
		if strings.Contains(s, "{") {
			return nil, v.errorf("the value %q holds a brace", s)
		}
		values[i] = before + s + after
	}
	return values, nil
}

// valuesOf returns the default of a Server Variable Object and each value of
// its enum.
func valuesOf(v *value) ([]string, error) {
	var values []string
	if d, err := v.get("default"); err != nil {
		return nil, err
	} else if d != nil {
		s, err := d.scalar()
		if err != nil {
			return nil, err
		}
		values = append(values, s)
	}
	e, err := v.get("enum")
	if e == nil || err != nil {
		return values, err
	}
	items, err := e.list()
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		s, err := item.scalar()
		if err != nil {
			return nil, err
		}
		if !slices.Contains(values, s) {
			values = append(values, s)
		}
	}
	return values, nil
}

// holdsSlash reports whether a variable of a host brings a path with it, as in
// https://example.com{basePath}.
func holdsSlash(host string, variables *value) (bool, error) {
	if variables == nil {
		return false, nil
	}
	members, err := variables.object()
	if err != nil {
		return false, err
	}
	for _, m := range members {
		if !strings.Contains(host, "{"+m.name+"}") {
			continue
		}
		values, err := valuesOf(m.value)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(values, func(s string) bool { return strings.Contains(s, "/") }) {
			return true, nil
		}
	}
	return false, nil
}

// pathPart returns the path of an absolute, scheme-relative or rooted URL
// template; ok is false where it can't be told before variables are replaced.
func pathPart(u string) (string, bool) {
	if _, rest, ok := strings.Cut(u, "://"); ok {
		return fromSlash(rest), true
	}
	if rest, ok := strings.CutPrefix(u, "//"); ok {
		return fromSlash(rest), true
	}
	return u, strings.HasPrefix(u, "/")
}

func fromSlash(s string) string {
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return s[i:]
	}
	return ""
}

// cleanBase returns a base path without a trailing slash, query and fragment.
func cleanBase(s string) (string, error) {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	s = strings.TrimRight(s, "/")
	if s == "" {
		return "", nil
	}
	if !strings.HasPrefix(s, "/") {
		s = "/" + s
	}
	if n := strings.Count(s, "/"); n > maxSegments {
		return "", fmt.Errorf("the base path has %d segments: there may be %d", n, maxSegments)
	}
	if strings.ContainsAny(s, "{}") {
		return "", fmt.Errorf("a base path has no variables")
	}
	if _, err := Canonical(s, false, false); err != nil {
		return "", fmt.Errorf("the base path %q is not canonical", s)
	}
	return s, nil
}
