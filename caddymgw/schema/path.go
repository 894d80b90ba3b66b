package schema

import (
	"net/url"
	"strings"
)

// segment is one segment of a path template: the texts around its parameters and
// their names, which are one fewer.
type segment struct {
	texts []string
	names []string
}

// parseTemplate reads a path template, which the router has found to be sound.
// Its "?" or "#" part is in no path.
func parseTemplate(template string) []segment {
	var all []segment
	rest := strings.TrimPrefix(template, "/")
	s := segment{}
	for {
		end := strings.IndexAny(rest, "/{?#")
		if end < 0 {
			end = len(rest)
		}
		text := rest[:end]
		if decoded, err := url.PathUnescape(text); err == nil {
			text = decoded
		}
		s.texts = append(s.texts, text)
		switch name, tail, _ := strings.Cut(rest[min(end+1, len(rest)):], "}"); {
		case strings.HasPrefix(rest[end:], "/"):
			all, s, rest = append(all, s), segment{}, rest[end+1:]
		case strings.HasPrefix(rest[end:], "{"):
			s.names, rest = append(s.names, name), tail
		default:
			return append(all, s)
		}
	}
}

// pathValues returns the decoded values of the path parameters. The template is
// compared with the end of the path: the base path is known to be before it, or
// was cut off.
func (o *Operation) pathValues(escaped string) (map[string]string, bool) {
	parts := strings.Split(escaped, "/")
	if len(parts) <= len(o.path) {
		return nil, false
	}
	parts = parts[len(parts)-len(o.path):]
	values := map[string]string{}
	for i, s := range o.path {
		decoded, err := url.PathUnescape(parts[i])
		if err != nil || !s.match(decoded, values) {
			return nil, false
		}
	}
	return values, true
}

// match adds the values of the parameters of a segment. Each takes as little as
// it can, and at least a byte, as the router has it.
func (s segment) match(text string, values map[string]string) bool {
	text, ok := strings.CutPrefix(text, s.texts[0])
	if !ok {
		return false
	}
	for i, name := range s.names {
		after := s.texts[i+1]
		end := len(text) - len(after)
		if i < len(s.names)-1 {
			if text == "" {
				return false
			}
			end = 1 + strings.Index(text[1:], after)
		}
		if end < 1 || !strings.HasPrefix(text[end:], after) {
			return false
		}
		values[name] = text[:end]
		text = text[end+len(after):]
	}
	return text == ""
}
