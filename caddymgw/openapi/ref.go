package openapi

import (
	"errors"
	"net/url"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// maxRefs bounds a chain of references.
const maxRefs = 32

// follow resolves the "$ref" of an object, and of what it leads to. An object
// without one is returned as it is.
func (s *sources) follow(v *value) (*value, error) {
	start := v
	for range maxRefs {
		if v.kind != object {
			return v, nil
		}
		ref, err := v.get("$ref")
		if ref == nil || err != nil {
			return v, err
		}
		if v, err = s.target(ref); err != nil {
			return nil, err
		}
	}
	return nil, start.errorf("the chain of $ref is a loop, or longer than %d", maxRefs)
}

// target finds what a reference (RFC 3986, with an RFC 6901 fragment) names.
func (s *sources) target(ref *value) (*value, error) {
	raw, err := ref.str()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, ref.errorf("%q is not a reference", raw)
	}
	if u.Scheme != "" || u.Host != "" {
		return nil, ref.errorf("remote references are not followed: copy the file beside the document")
	}
	src := ref.source
	if u.Path != "" {
		name := path.Join(path.Dir(ref.source.path), u.Path)
		if path.IsAbs(u.Path) || !filepath.IsLocal(name) {
			return nil, ref.errorf("references must stay in the folder of the document")
		}
		if src, err = s.load(name); err != nil {
			var e *Error
			if errors.As(err, &e) && e.Line == 0 {
				return nil, ref.errorf("%s: %s", e.File, e.Message)
			}
			return nil, err
		}
	}
	v := src.root
	if u.Fragment == "" {
		return v, nil
	}
	tokens, ok := strings.CutPrefix(u.Fragment, "/")
	if !ok {
		return nil, ref.errorf("%q: the fragment must be a JSON pointer", raw)
	}
	for token := range strings.SplitSeq(tokens, "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		if v.twice != nil {
			_, err := v.object()
			return nil, err
		}
		if v = v.step(token); v == nil {
			return nil, ref.errorf("%q names nothing", raw)
		}
	}
	return v, nil
}

func (v *value) step(token string) *value {
	if v.kind == list {
		if i, err := strconv.Atoi(token); err == nil && 0 <= i && i < len(v.items) {
			return v.items[i]
		}
		return nil
	}
	for _, m := range v.members {
		if m.name == token {
			return m.value
		}
	}
	return nil
}
