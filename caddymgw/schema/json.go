package schema

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxNesting bounds how deep a body may be.
const maxNesting = 100

var (
	errJSON     = errors.New("not valid JSON")
	errTwice    = errors.New("a member stands twice in one object")
	errNesting  = errors.New("nested too deeply")
	errNumber   = errors.New("the number is too large")
	errTrailing = errors.New("text follows the JSON value")
)

// parseJSON reads one JSON value (RFC 8259) that has one meaning to every reader:
// no member twice, nothing behind it, UTF-8 only. With an error comes the pointer
// to where it is.
func parseJSON(content []byte) (v any, pointer string, err error) {
	p := parser{jsontext.NewDecoder(bytes.NewReader(content))}
	if v, err = p.value(0); err == nil {
		if _, err := p.dec.ReadToken(); errors.Is(err, io.EOF) {
			return v, "", nil
		}
		return nil, "", errTrailing
	}
	return nil, string(p.dec.StackPointer()), err
}

type parser struct{ dec *jsontext.Decoder }

func (p parser) token() (jsontext.Token, error) {
	t, err := p.dec.ReadToken()
	switch {
	case err == nil:
		return t, nil
	case errors.Is(err, jsontext.ErrDuplicateName):
		return t, errTwice
	}
	return t, errJSON
}

func (p parser) value(depth int) (any, error) {
	if depth > maxNesting {
		return nil, errNesting
	}
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return t.Bool(), nil
	case '"':
		return t.String(), nil
	case '0':
		f, err := strconv.ParseFloat(t.String(), 64)
		if err != nil {
			return nil, errNumber
		}
		return f, nil
	case '[':
		return p.list(depth)
	}
	return p.object(depth)
}

func (p parser) list(depth int) (any, error) {
	list := []any{}
	for p.dec.PeekKind() != ']' {
		item, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	_, err := p.token()
	return list, err
}

func (p parser) object(depth int) (any, error) {
	object := map[string]any{}
	for p.dec.PeekKind() != '}' {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		name := t.String()
		if object[name], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := p.token()
	return object, err
}

// parseNumber reads a number that was written as text: as JSON has it, leading
// zeros aside.
func parseNumber(s string) (float64, bool) {
	digits := strings.TrimPrefix(s, "-")
	for len(digits) > 1 && digits[0] == '0' && '0' <= digits[1] && digits[1] <= '9' {
		digits = digits[1:]
	}
	if !jsonNumber.MatchString(digits) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
