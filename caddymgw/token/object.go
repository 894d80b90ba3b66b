package token

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxDepth bounds the nesting of claims.
	maxDepth = 16
	// maxValues bounds how many values a header or a payload holds; a list or an
	// object counts twice, a member of an object as memberCost, since so much more
	// they cost. Anybody can send a token, and to read it must cost no more than to
	// check its signature.
	maxValues  = 1000
	memberCost = 3
)

// decodeObject reads a JSON object: names exact and each once, valid UTF-8,
// nothing behind it, not deeper than maxDepth and of no more than maxValues.
// Numbers stay as written.
func decodeObject(part string) (map[string]any, error) {
	b, err := decode(part)
	if err != nil {
		return nil, err
	}
	// Two members of one name are found where they are put into a map: the
	// decoder would keep a second one.
	r := reader{jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true)), string(b), maxValues}
	if r.PeekKind() != '{' {
		return nil, ErrMalformed
	}
	v, err := r.value(1)
	if err != nil {
		return nil, ErrMalformed
	}
	if rest := r.text[r.InputOffset():]; strings.Trim(rest, " \t\r\n") != "" {
		return nil, ErrMalformed
	}
	return v.(map[string]any), nil
}

// reader reads the values of a text, and cuts strings and numbers out of it
// rather than to copy them.
type reader struct {
	*jsontext.Decoder
	text string
	left int // values
}

func (r *reader) value(cost int) (any, error) {
	if r.left -= cost; r.left < 0 {
		return nil, ErrMalformed
	}
	switch kind := r.PeekKind(); kind {
	case '{', '[':
		r.left--
		return r.composite(kind)
	case '"':
		return r.str()
	case '0':
		return r.number()
	default:
		t, err := r.ReadToken()
		if err != nil || t.Kind() == 'n' {
			return nil, err
		}
		return t.Bool(), nil
	}
}

func (r *reader) composite(kind jsontext.Kind) (any, error) {
	if r.StackDepth() >= maxDepth {
		return nil, ErrMalformed
	}
	if _, err := r.ReadToken(); err != nil {
		return nil, err
	}
	var names []string
	values := []any{}
	cost := 1
	for next := r.PeekKind(); next != '}' && next != ']'; next = r.PeekKind() {
		if kind == '{' {
			name, err := r.str()
			if err != nil {
				return nil, err
			}
			names, cost = append(names, name), memberCost
		}
		v, err := r.value(cost)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	if _, err := r.ReadToken(); err != nil || kind == '[' {
		return values, err
	}
	members := make(map[string]any, len(names))
	for i, name := range names {
		members[name] = values[i]
	}
	if len(members) < len(names) {
		return nil, ErrMalformed
	}
	return members, nil
}

func (r *reader) str() (string, error) {
	raw, err := r.ReadValue()
	if err != nil || raw.Kind() != '"' {
		return "", ErrMalformed
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		s := r.cut(raw)
		return s[1 : len(s)-1], nil
	}
	b, err := jsontext.AppendUnquote(nil, raw)
	return string(b), err
}

// number keeps the text: a float64 would lose digits.
func (r *reader) number() (any, error) {
	raw, err := r.ReadValue()
	if err != nil {
		return nil, err
	}
	n := r.cut(raw)
	// Readers would differ on what no float64 holds, and on a second zero.
	if f, err := strconv.ParseFloat(n, 64); err != nil || f == 0 && n[0] == '-' {
		return nil, ErrMalformed
	}
	return Number(n), nil
}

// cut returns what was just read, as a part of the text.
func (r *reader) cut(raw jsontext.Value) string {
	end := r.InputOffset()
	return r.text[end-int64(len(raw)) : end]
}
