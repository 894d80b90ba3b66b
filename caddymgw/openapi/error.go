package openapi

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says what is wrong in a document, and where.
type Error struct {
	File    string // as given to Load, or relative to its folder
	Line    int    // from 1; 0 if unknown
	Pointer string // RFC 6901, from the root of File; "" is the root
	Message string // what is wrong, and the remedy
}

// Error returns "FILE:LINE: POINTER: MESSAGE".
func (e *Error) Error() string {
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Pointer != "" {
		where += ": " + shortPointer(e.Pointer)
	}
	return where + ": " + shorten(e.Message, maxMessage)
}

// What is shown of one step of a pointer and of a message, in bytes: keys and
// values may be as long as the document.
const (
	maxStep    = 200
	maxMessage = 4000
)

// shortPointer shortens each step.
func shortPointer(pointer string) string {
	if len(pointer) <= maxStep {
		return pointer
	}
	steps := strings.Split(pointer, "/")
	for i, s := range steps {
		steps[i] = shorten(s, maxStep)
	}
	return strings.Join(steps, "/")
}

// shorten takes out the middle of what is longer than n bytes.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	head, tail := n/2, len(s)-n/2
	for !utf8.RuneStart(s[head]) {
		head--
	}
	for !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + "..." + s[tail:]
}
