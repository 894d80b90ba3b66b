package openapi

import "fmt"

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
		where += ": " + e.Pointer
	}
	return where + ": " + e.Message
}
