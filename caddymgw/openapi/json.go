package openapi

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// parseJSON reads RFC 8259 JSON. Repeated names are kept for whoever reads the
// object.
func (b *builder) parseJSON(content []byte) (*value, error) {
	r := &jsonReader{
		builder: b, content: content, line: 1,
		dec: jsontext.NewDecoder(bytes.NewReader(content), jsontext.AllowDuplicateNames(true)),
	}
	root, err := r.value(nil, "", 0)
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, r.fail("text follows the document")
	}
	return root, nil
}

type jsonReader struct {
	*builder
	dec     *jsontext.Decoder
	content []byte
	offset  int // up to which lines are counted
	line    int
}

func (r *jsonReader) lineNow() int {
	if end := int(r.dec.InputOffset()); end > r.offset {
		r.line += bytes.Count(r.content[r.offset:end], []byte{'\n'})
		r.offset = end
	}
	return r.line
}

func (r *jsonReader) fail(message string) error {
	return &Error{File: r.source.name, Line: r.lineNow(), Pointer: string(r.dec.StackPointer()), Message: message}
}

func (r *jsonReader) token() (jsontext.Token, error) {
	t, err := r.dec.ReadToken()
	if err != nil {
		var syntactic *jsontext.SyntacticError
		if errors.As(err, &syntactic) && syntactic.Err != nil {
			err = syntactic.Err
		}
		return t, r.fail("not valid JSON: " + err.Error())
	}
	return t, nil
}

func (r *jsonReader) value(parent *value, key string, depth int) (*value, error) {
	if depth > maxDepth {
		return nil, r.fail("nested too deeply")
	}
	t, err := r.token()
	if err != nil {
		return nil, err
	}
	line := r.lineNow()
	switch t.Kind() {
	case 'n':
		return r.node(null, line, parent, key)
	case 't', 'f':
		return r.scalar(boolean, t.String(), line, parent, key)
	case '0':
		return r.scalar(number, t.String(), line, parent, key)
	case '"':
		return r.scalar(text, t.String(), line, parent, key)
	case '[':
		return r.list(line, parent, key, depth)
	}
	return r.object(line, parent, key, depth)
}

func (r *jsonReader) scalar(k kind, s string, line int, parent *value, key string) (*value, error) {
	v, err := r.node(k, line, parent, key)
	if err == nil {
		v.text = s
	}
	return v, err
}

func (r *jsonReader) list(line int, parent *value, key string, depth int) (*value, error) {
	v, err := r.node(list, line, parent, key)
	if err != nil {
		return nil, err
	}
	for r.dec.PeekKind() != ']' {
		item, err := r.value(v, index(len(v.items)), depth+1)
		if err != nil {
			return nil, err
		}
		v.items = append(v.items, item)
	}
	_, err = r.token()
	return v, err
}

func (r *jsonReader) object(line int, parent *value, key string, depth int) (*value, error) {
	v, err := r.node(object, line, parent, key)
	if err != nil {
		return nil, err
	}
	seen := map[string]struct{}{}
	for r.dec.PeekKind() != '}' {
		t, err := r.token()
		if err != nil {
			return nil, err
		}
		name := t.String()
		child, err := r.value(v, name, depth+1)
		if err != nil {
			return nil, err
		}
		r.add(v, seen, name, child)
	}
	_, err = r.token()
	return v, err
}
