package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// form reads a form into one object.
func (m *media) form(k kind, h http.Header, content []byte) (v any, where string, err error) {
	if k == formKind {
		all, err := parseFields(string(content))
		if err != nil {
			return nil, "", errors.New("the form can't be read")
		}
		return m.object(all, nil)
	}
	parts, err := parseParts(h.Get("Content-Type"), content)
	if err != nil {
		return nil, "", err
	}
	all, files := fields{}, map[string][]any{}
	for _, p := range parts {
		v, text, err := m.part(p)
		switch {
		case err != nil:
			return nil, pointer(p.name), err
		case text:
			all[p.name] = append(all[p.name], string(p.content))
		default:
			files[p.name] = append(files[p.name], v)
		}
	}
	return m.object(all, files)
}

// object makes the object of a form out of its fields, each written as its
// encoding says, and of values that are ready.
func (m *media) object(all fields, ready map[string][]any) (v any, where string, err error) {
	object := map[string]any{}
	schema := m.check.schema
	used := map[string]bool{}
	for name := range properties(schema) {
		v, found, err := m.field(name, all, used)
		if err != nil {
			return nil, pointer(name), err
		}
		if found {
			object[name] = v
		}
	}
	for name, values := range all {
		if used[name] {
			continue
		}
		of := property(schema, name)
		object[name] = coerce(values[0], of)
		if len(values) > 1 {
			object[name] = itemsOf(values, of)
		}
	}
	for name, values := range ready {
		if _, twice := object[name]; twice {
			return nil, pointer(name), errRepeated
		}
		switch t := typesOf(property(schema, name)); {
		case t.has(anArray) && (!t.has(scalars) || len(values) > 1):
			object[name] = values
		case len(values) > 1:
			return nil, pointer(name), errRepeated
		default:
			object[name] = values[0]
		}
	}
	return object, "", nil
}

// field reads a property that the schema declares, and marks the fields that it
// was made of.
func (m *media) field(name string, all fields, used map[string]bool) (v any, found bool, err error) {
	e, ok := m.encodings[name]
	if !ok {
		e = encoding{style: styleForm, explode: true}
	}
	of := property(m.check.schema, name)
	c := &check{schema: of, types: typesOf(of)}
	values, plain := all[name]
	if plain {
		used[name] = true
	}
	if plain && len(values) == 1 && c.types.has(anArray|anObject) && !c.types.has(scalars) && strings.ContainsAny(values[0], "[{") {
		if v, _, err := parseJSON([]byte(values[0])); err == nil { // JSON in a field
			return v, true, nil
		}
	}
	if !plain && c.types.has(anObject) && !c.types.has(scalars) {
		e.style = styleDeepObject // what name[member] is everywhere
	}
	got, found, err := all.get(name, e.style, e.explode, c)
	if err != nil || !found {
		return nil, found, err
	}
	if e.style == styleDeepObject {
		for key := range all {
			if _, ok := deepKey(key, name); ok {
				used[key] = true
			}
		}
	}
	ways, err := got.values(c, e.style)
	if err != nil {
		return nil, true, err
	}
	return ways[0], true, nil
}

// part is one part of multipart/form-data (RFC 7578).
type part struct {
	name        string
	contentType string
	file        bool
	content     []byte
}

const maxParts = 1000

var (
	errMultipart = errors.New("the multipart body can't be read")
	errPartName  = errors.New("a part has no name, or its Content-Disposition is malformed")
	errFilename  = errors.New("the file name has a path or control bytes in it")
	errTransfer  = errors.New("a part with Content-Transfer-Encoding can't be checked")
)

func parseParts(contentType string, content []byte) ([]part, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" || !bytes.HasPrefix(content, []byte("--"+params["boundary"])) {
		return nil, errMultipart // text before the first part, which readers skip, is not let through
	}
	reader := multipart.NewReader(bytes.NewReader(content), params["boundary"])
	var all []part
	for {
		next, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, errMultipart
		}
		if len(all) == maxParts {
			return nil, fmt.Errorf("there are more than %d parts", maxParts)
		}
		p, err := parsePart(next)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

func parsePart(next *multipart.Part) (p part, err error) {
	h := http.Header(next.Header)
	disposition, err1 := one(h, "Content-Disposition")
	kind, params, err2 := mime.ParseMediaType(disposition)
	if err1 != nil || err2 != nil || kind != "form-data" || params["name"] == "" || !utf8.ValidString(params["name"]) {
		return p, errPartName
	}
	p.name = params["name"]
	filename, file := params["filename"]
	if strings.ContainsFunc(filename, func(r rune) bool { return r < ' ' || r == '/' || r == '\\' || r == 0x7f }) {
		return p, errFilename
	}
	p.file = file
	if coding := h.Get("Content-Transfer-Encoding"); coding != "" && !strings.EqualFold(coding, "binary") && !strings.EqualFold(coding, "8bit") && !strings.EqualFold(coding, "7bit") {
		return p, errTransfer
	}
	if p.contentType, err = one(h, "Content-Type"); err != nil {
		return p, err
	}
	if p.content, err = io.ReadAll(next); err != nil {
		return p, errMultipart
	}
	return p, nil
}

// part reads one part; text means that its value is written like a field.
func (m *media) part(p part) (v any, text bool, err error) {
	if p.contentType != "" && kindOf(p.contentType) == jsonKind {
		v, _, err := parseJSON(p.content)
		return v, false, err
	}
	if p.file || p.contentType != "" && kindOf(p.contentType) != textKind || bytesOnly(property(m.check.schema, p.name)) {
		return string(p.content), false, nil
	}
	if !utf8.Valid(p.content) {
		return nil, false, errors.New("the text is not UTF-8")
	}
	return nil, true, nil
}

// bytesOnly reports whether a schema, or that of its items, is a file.
func bytesOnly(s *openapi3.Schema) bool {
	if s == nil {
		return false
	}
	if i := items(s); i != nil {
		s = i
	}
	return s.Format == "binary"
}
