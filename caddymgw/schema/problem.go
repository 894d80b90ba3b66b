package schema

import (
	"strings"
	"unicode/utf8"
)

// In is the part of a message in which a problem is.
type In string

// The parts.
const (
	Path   In = "path"
	Query  In = "query"
	Header In = "header"
	Cookie In = "cookie"
	Body   In = "body"
)

// Problem is one way in which a message breaks the document.
type Problem struct {
	In In
	// Pointer is a JSON pointer (RFC 6901) into the body, or into the parameters
	// of In, which are then the members of one object. "" is the whole body.
	Pointer string
	// Message repeats no value that was sent.
	Message string
}

// String returns "IN#POINTER: MESSAGE".
func (p Problem) String() string { return string(p.In) + "#" + p.Pointer + ": " + p.Message }

// What one message may be answered with.
const (
	maxProblems = 20
	maxText     = 240 // bytes of a pointer or message
)

// more stands for the problems beyond maxProblems.
const more = "there are more problems"

// problems is a list with a bound.
type problems struct{ list []Problem }

func (p *problems) add(in In, pointer, message string) {
	switch {
	case len(p.list) < maxProblems-1:
		p.list = append(p.list, Problem{in, cut(pointer), cut(message)})
	case len(p.list) == maxProblems-1:
		p.list = append(p.list, Problem{in, "", more})
	}
}

// cut shortens a text, and takes control bytes and what is no UTF-8 out of it.
func cut(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
		for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) {
			s = s[:len(s)-1]
		}
		s += "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || 0x7f <= r && r <= 0x9f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// pointer makes a JSON pointer of tokens.
func pointer(tokens ...string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(escapePointer.Replace(t))
	}
	return b.String()
}
