package openapi

import (
	"fmt"
	"strings"
)

// pattern is a partly templated segment, such as {id}.json or {a}:{verb}: the
// literal texts around its parameters, first and last included.
type pattern []string

// parseSegment reads one decoded segment of a path template. A segment without
// a parameter gives one text; ok is false where braces do not pair.
func parseSegment(s string) (p pattern, ok bool) {
	for {
		text, rest, found := strings.Cut(s, "{")
		if strings.Contains(text, "}") {
			return nil, false
		}
		p = append(p, text)
		if !found {
			return p, true
		}
		name, tail, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.Contains(name, "{") {
			return nil, false
		}
		s = tail
	}
}

// whole reports whether the segment is one parameter and nothing else.
func (p pattern) whole() bool { return len(p) == 2 && p[0] == "" && p[1] == "" }

// match reports whether s fits with a value of at least one byte for each
// parameter. Taking each inner text as early as it may stand finds a fit if
// there is one.
func (p pattern) match(s string) bool {
	last := len(p) - 1
	if !strings.HasPrefix(s, p[0]) {
		return false
	}
	s = s[len(p[0]):]
	for _, text := range p[1:last] {
		if s == "" {
			return false
		}
		i := strings.Index(s[1:], text)
		if i < 0 {
			return false
		}
		s = s[1+i+len(text):]
	}
	return len(s) > len(p[last]) && strings.HasSuffix(s, p[last])
}

// splitTemplate reads a path template into its segments. A "?" or "#" part,
// which no request path can hold, is dropped.
func splitTemplate(template string) ([]pattern, error) {
	var segments []pattern
	for raw := range strings.SplitSeq(cutQuery(template)[1:], "/") {
		p, ok := parseSegment(raw)
		if !ok {
			return nil, fmt.Errorf("the braces of the segment %q do not pair, or name no parameter", raw)
		}
		for i, text := range p {
			decoded, ok := decode(text)
			if !ok {
				return nil, fmt.Errorf("the segment %q has a malformed escape", raw)
			}
			p[i] = decoded
		}
		segments = append(segments, p)
	}
	return segments, nil
}

// cutQuery cuts at the first "?" or "#" outside of braces.
func cutQuery(s string) string {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			depth--
		case '?', '#':
			if depth <= 0 {
				return s[:i]
			}
		}
	}
	return s
}
