package lint

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// Options say how a document is read, and what is looked for.
type Options struct {
	openapi.Options
	Disable []string // ids of rules that are left out
}

// File looks at a document. One that does not load is a finding. Its errors are
// about what it was asked: a file that can't be opened, and rules that don't exist,
// also those that the document wants to ignore.
func File(file string, options Options) (*Report, error) {
	if err := CheckIDs(options.Disable); err != nil {
		return nil, err
	}
	if err := readable(file); err != nil {
		return nil, err
	}
	s, err := read(file, options.Options)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, r := range Rules() {
		if r.check == nil || s.doc == nil && !r.unloaded || slices.Contains(options.Disable, r.ID) || slices.Contains(s.ignored, r.ID) {
			continue
		}
		for _, i := range r.check(&view{s, r.ID}) {
			findings = append(findings, i.finding(r))
		}
	}
	if s.err != nil {
		findings = s.failed(findings)
	}
	return newReport(findings), nil
}

func readable(file string) error {
	info, err := os.Stat(file) // opening a pipe would wait for who writes to it
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("the document can't be read: %s is no file", file)
	}
	f, err := os.Open(file) //nolint:gosec // that the caller names
	if err != nil {
		return fmt.Errorf("the document can't be read: %w", err)
	}
	return f.Close()
}

// failed adds why the document does not load, unless a rule has found the same.
func (s *subject) failed(findings []Finding) []Finding {
	r := doesNotLoad()
	f := Finding{Rule: r.ID, Severity: r.Severity, File: s.file, Operations: []string{}, Message: s.err.Error()}
	var e *openapi.Error
	if errors.As(s.err, &e) {
		f.File, f.Line, f.Pointer, f.Message = e.File, e.Line, e.Pointer, e.Message
	}
	if slices.ContainsFunc(findings, func(o Finding) bool { return o.File == f.File && o.Line == f.Line && o.Pointer == f.Pointer }) {
		return findings
	}
	return append(findings, f)
}

const loads = "does-not-load"

func doesNotLoad() Rule {
	return Rule{
		ID: loads, Severity: Error, Title: "The document does not load",
		Why:    "The gateway does not start with it: it can't tell from it who may call what.",
		Remedy: "Correct what the message says. Other rules look at documents that load.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: everyone}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
	}
}

// unverified stands for whatever verifies a scheme in a gateway.
type unverified struct{ caddymgw.Verifier }

// bind closes the alternatives that no request can satisfy, as the gateway does.
func bind(api *caddymgw.API) {
	v := &unverified{caddymgw.Closed()}
	caddymgw.Bind(api, func(*caddymgw.Scheme) caddymgw.Verifier { return v })
}
