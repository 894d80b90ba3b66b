package openapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// Options says how a document is read.
type Options struct {
	// BasePath replaces the paths of all servers, the basePath of 2.0 and
	// x-wso2-basePath. "": they count; "/" is the root.
	BasePath string
	// DefaultSecurity applies where neither an operation nor the document
	// declares security. Declared empty is something else: public.
	DefaultSecurity DefaultSecurity
	// AuthHeader is the header in which Basic and Bearer credentials are read;
	// it replaces x-wso2-auth-header. "": that one, else Authorization.
	AuthHeader string
	// CombineAny reads security as WSO2 does: each application scheme that is
	// named counts alone, and any one of the scopes suffices.
	CombineAny bool
	// AllowEncodedSlash lets %2F stand within a segment.
	AllowEncodedSlash bool
	// AllowSemicolon lets ";" and %3B stand in a path.
	AllowSemicolon bool
}

// Document is a compiled document. It is immutable and implements
// caddymgw.Router.
type Document struct {
	API *caddymgw.API
	// CORS is what x-wso2-cors says; nil: nothing.
	CORS *CORS
	// Warnings are for the operator, once at load.
	Warnings []string
	// Files are the document and what it refers to, sorted.
	Files []string

	trie    node
	options Options
}

// Load reads and compiles a document. Its error is an *Error where something
// in a file is wrong.
func Load(file string, options Options) (*Document, error) {
	s, err := open(file)
	if err != nil {
		return nil, err
	}
	defer s.close()
	c := &compiler{sources: s, options: options, standIns: map[string]*caddymgw.Scheme{}, known: map[*caddymgw.Operation]bool{}, doc: &Document{API: new(caddymgw.API), options: options}}
	if err := c.compile(); err != nil {
		return nil, err
	}
	c.doc.Files = s.paths()
	return c.doc, nil
}

// Files returns the document and every local file that it refers to, sorted.
// Errors are those of Load.
func Files(file string, options Options) ([]string, error) {
	doc, err := Load(file, options)
	if err != nil {
		return nil, err
	}
	return doc.Files, nil
}

// Route finds the operation of a request by its method and its escaped path.
// Its denials are 400, 404 and 405.
func (d *Document) Route(r *http.Request) (*caddymgw.Operation, *caddymgw.Denial) {
	var buffer [16]string
	escaped := r.URL.EscapedPath()
	segments, err := appendCanonical(buffer[:0], escaped, d.options.AllowEncodedSlash, d.options.AllowSemicolon)
	if err != nil || r.URL.RawPath != "" && r.URL.RawPath != escaped && !d.sameSegments(r.URL.RawPath, segments) {
		return nil, caddymgw.Deny(fault.BadRequest, caddymgw.ReasonPath)
	}
	if op := d.trie.find(segments, r.Method); op != nil {
		return op, nil
	}
	var allow []string
	d.trie.methodsAt(segments, &allow)
	if len(allow) == 0 {
		return nil, caddymgw.Deny(fault.NotFound, caddymgw.ReasonNoOperation)
	}
	slices.Sort(allow)
	denial := caddymgw.Deny(fault.MethodNotAllowed, caddymgw.ReasonNoMethod)
	denial.Allow = slices.Compact(allow)
	return nil, denial
}

// sameSegments compares with the path as it came: net/url encodes it anew from
// the decoded one where any byte of it needs that, and "%2F" would become a slash.
func (d *Document) sameSegments(raw string, segments []string) bool {
	came, err := Canonical(raw, d.options.AllowEncodedSlash, d.options.AllowSemicolon)
	return err == nil && slices.Equal(came, segments)
}

// ErrNestedBasePaths means that it can't be told how much of a path to strip.
var ErrNestedBasePaths = errors.New("strip_base_path: one base path of the document lies below another: name one with base_path")

// CheckStrip reports whether StripBasePath has one answer for every path.
func (d *Document) CheckStrip() error {
	for _, a := range d.API.BasePaths {
		for _, b := range d.API.BasePaths {
			if x, y := segmentsOf(a), segmentsOf(b); len(x) < len(y) && slices.Equal(x, y[:len(x)]) {
				return ErrNestedBasePaths
			}
		}
	}
	return nil
}

// segmentsOf are those of a base path; one path may be written in several ways.
func segmentsOf(base string) []string {
	segments, err := Canonical(base+"/", true, true)
	if err != nil {
		return nil
	}
	return segments[:len(segments)-1] // but for the empty one behind the last slash
}

// StripBasePath cuts the base path from an escaped path that Route has matched.
func (d *Document) StripBasePath(escaped string) (rest string, ok bool) {
	segments, err := Canonical(escaped, d.options.AllowEncodedSlash, d.options.AllowSemicolon)
	if err != nil {
		return "", false
	}
	for _, base := range d.API.BasePaths {
		want, err := Canonical(base+"/", d.options.AllowEncodedSlash, d.options.AllowSemicolon)
		if err != nil {
			continue
		}
		want = want[:len(want)-1] // the empty segment behind the last slash
		if len(segments) > len(want) && slices.Equal(segments[:len(want)], want) {
			rest := escaped
			for range want {
				rest = rest[1+strings.IndexByte(rest[1:], '/'):]
			}
			return rest, true
		}
	}
	return "", false
}
