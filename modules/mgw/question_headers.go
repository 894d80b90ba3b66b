package mgw

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/credential"
)

// expectations are the headers with "_" or "." in their names that a server lets
// through, as it drops all others.
type expectations struct{ underscore, dot []string }

// expected are those of the server where an API is served. A document alone has
// those that it needs.
func (s Site) expected() (e expectations) {
	if s.Server != nil {
		return expectations{s.Server.ExpectedUnderscoreHeaders, s.Server.ExpectedDotHeaders}
	}
	for _, scheme := range s.API.Schemes {
		switch p := scheme.Place; {
		case p.In != credential.Header:
		case strings.Contains(p.Name, "_"):
			e.underscore = append(e.underscore, p.Name)
		case strings.Contains(p.Name, "."):
			e.dot = append(e.dot, p.Name)
		}
	}
	return e
}

// drop removes what Caddy's server would not hand on: see the options
// expected_underscore_headers and expected_dot_headers.
func (e expectations) drop(h http.Header) {
	for name, values := range h {
		underscore, dot := strings.Contains(name, "_"), strings.Contains(name, ".")
		var kept bool
		switch {
		case underscore && dot:
			kept = len(values) == 1 && (matches(e.underscore, name, false) || matches(e.dot, name, false))
		case underscore:
			kept = len(values) == 1 && matches(e.underscore, name, true)
		case dot:
			kept = len(values) == 1 && matches(e.dot, name, true)
		default:
			kept = !matches(hyphenated(e.underscore, "_"), name, true) && !matches(hyphenated(e.dot, "."), name, true)
		}
		if !kept {
			delete(h, name)
		}
	}
}

// matches reports whether entries name a header, or with globs what it begins with.
func matches(entries []string, name string, globs bool) bool {
	return slices.ContainsFunc(entries, func(entry string) bool {
		prefix, glob := strings.CutSuffix(entry, "*")
		prefix = http.CanonicalHeaderKey(prefix)
		return !glob && name == prefix || glob && globs && strings.HasPrefix(name, prefix)
	})
}

func hyphenated(entries []string, separator string) (all []string) {
	for _, entry := range entries {
		all = append(all, strings.ReplaceAll(entry, separator, "-"))
	}
	return all
}
