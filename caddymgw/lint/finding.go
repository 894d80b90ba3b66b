package lint

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// Finding is what a rule found, and where.
type Finding struct {
	Rule       string   `json:"rule"`
	Severity   Severity `json:"severity"`
	File       string   `json:"file"`
	Line       int      `json:"line"`       // from 1; 0 if unknown
	Pointer    string   `json:"pointer"`    // RFC 6901, from the root of File
	Operations []string `json:"operations"` // those that it is about, as "GET /pets"
	Message    string   `json:"message"`
}

// Report is all that was found.
type Report struct {
	Findings []Finding        `json:"findings"` // the worst first, then by file and line
	Counts   map[Severity]int `json:"counts"`
}

// Count returns how many findings are at least as bad.
func (r *Report) Count(worst Severity) (n int) {
	for severity, count := range r.Counts {
		if severity.AtLeast(worst) {
			n += count
		}
	}
	return n
}

func newReport(findings []Finding) *Report {
	r := &Report{Findings: append([]Finding{}, findings...), Counts: map[Severity]int{}}
	for _, s := range Severities() {
		r.Counts[s] = 0
	}
	for _, f := range findings {
		r.Counts[f.Severity]++
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(
			slices.Index(Severities(), a.Severity)-slices.Index(Severities(), b.Severity),
			strings.Compare(a.File, b.File), a.Line-b.Line, strings.Compare(a.Rule, b.Rule),
		)
	})
	return r
}

// issue is what a check returns.
type issue struct {
	at         openapi.Node
	operations []*operation
	message    string
}

// finding is an issue in a report.
func (i issue) finding(r Rule) Finding {
	f := Finding{Rule: r.ID, Severity: r.Severity, Operations: []string{}, Message: i.message}
	f.File, f.Line, f.Pointer = position(i.at)
	for _, op := range i.operations {
		f.Operations = append(f.Operations, op.label())
	}
	return f
}

// position says where a node stands.
func position(n openapi.Node) (file string, line int, pointer string) {
	var e *openapi.Error
	if errors.As(n.Errorf(""), &e) {
		return e.File, e.Line, e.Pointer
	}
	return "", 0, ""
}
