package diff

import (
	"fmt"
	"slices"
	"strings"
)

// Change is what became of an operation or a scheme.
type Change string

// The changes.
const (
	Weaker   Change = "weaker"   // more are let in, and nobody is kept out anew
	Changed  Change = "changed"  // some are let in anew, some are kept out anew
	Stronger Change = "stronger" // fewer are let in
	New      Change = "new"
	Gone     Change = "gone"
	Same     Change = "same"
)

// Changes lists them, what a reviewer looks at first coming first.
func Changes() []Change { return []Change{Weaker, Changed, Stronger, New, Gone, Same} }

// Operation is what became of one.
type Operation struct {
	Change Change `json:"change"`
	Method string `json:"method"`
	Path   string `json:"path"` // with its base path, as the newer of the documents has it
	ID     string `json:"operation_id,omitempty"`
	// Opens says that somebody is let in who was not before, or is everybody.
	Opens bool      `json:"opens"`
	Was   *Security `json:"was"` // nil: there was none
	Now   *Security `json:"now"` // nil: there is none
}

// Scheme is a security scheme that is new, gone or another one.
type Scheme struct {
	Change Change `json:"change"`
	Name   string `json:"name"`
	Was    string `json:"was,omitempty"` // such as "apiKey in header X-Api-Key"
	Now    string `json:"now,omitempty"`
}

// API is one of the documents.
type API struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	OpenAPI string `json:"openapi"`
}

// Report is what differs between two documents.
type Report struct {
	Old        API            `json:"old"`
	New        API            `json:"new"`
	Operations []Operation    `json:"operations"` // by change, in document order; those that are the same are left out
	Schemes    []Scheme       `json:"schemes"`    // by name
	Counts     map[Change]int `json:"counts"`     // of operations
}

// FailOn is a kind of differences that is not wanted.
type FailOn string

// The kinds, each with all that stands before it.
const (
	FailOnWeaker  FailOn = "weaker"  // somebody is let in who was not: weaker, changed, or new and open to everybody
	FailOnChanged FailOn = "changed" // callers notice: stronger too
	FailOnAny     FailOn = "any"     // anything at all
)

// ParseFailOn reads one of the kinds.
func ParseFailOn(text string) (FailOn, error) {
	all := []string{string(FailOnWeaker), string(FailOnChanged), string(FailOnAny)}
	if !slices.Contains(all, text) {
		return "", fmt.Errorf("%q is no kind of differences: there are %s", text, strings.Join(all, ", "))
	}
	return FailOn(text), nil
}

// Count returns how many differences are of the kind.
func (r *Report) Count(on FailOn) (n int) {
	for _, op := range r.Operations {
		switch {
		case on == FailOnAny, op.Opens, on == FailOnChanged && op.Change == Stronger:
			n++
		}
	}
	if on == FailOnAny {
		n += len(r.Schemes)
	}
	return n
}
