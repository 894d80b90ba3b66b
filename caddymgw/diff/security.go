package diff

import (
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
)

// Security is what one of the documents asks for.
type Security struct {
	// Operation is the one that gets the requests by this document, as "GET /path",
	// where that is another one; "" where it is the same.
	Operation string `json:"operation,omitempty"`
	Everybody bool   `json:"everybody"` // no credential is needed
	TLSOnly   bool   `json:"tls_only,omitempty"`
	// Alternatives are in document order: one of them must hold as a whole. An empty
	// one is {}; none at all means that the operation is public.
	Alternatives [][]Requirement `json:"alternatives"`
}

// Requirement is a scheme and what is asked of it.
type Requirement struct {
	Scheme   string   `json:"scheme"`
	Scopes   []string `json:"scopes"`
	AnyScope bool     `json:"any_scope,omitempty"` // one of them suffices
	// Is says what the scheme is, as in "apiKey in header X-Api-Key", where it is
	// another one by the other document; else "".
	Is string `json:"is,omitempty"`
}

func securityOf(op *caddymgw.Operation) *Security {
	s := &Security{Everybody: everybody(op), TLSOnly: op.API.TLSOnly, Alternatives: [][]Requirement{}}
	for _, alt := range op.Alternatives {
		list := []Requirement{}
		for _, r := range alt {
			list = append(list, Requirement{r.Scheme.Name, append([]string{}, r.Scopes...), r.AnyScope, ""})
		}
		s.Alternatives = append(s.Alternatives, list)
	}
	return s
}

// define says what the schemes are of which is knows something.
func (s *Security) define(is map[string]string) {
	if s == nil {
		return
	}
	for _, alt := range s.Alternatives {
		for i := range alt {
			alt[i].Is = is[alt[i].Scheme]
		}
	}
}

// String says it in words, such as "key, or oauth[read write] and certificate".
func (s *Security) String() string {
	var words []string
	for _, alt := range s.Alternatives {
		words = append(words, inWords(alt))
	}
	if len(words) == 0 {
		words = []string{inWords(nil)}
	}
	text := strings.Join(words, ", or ")
	if s.TLSOnly {
		text += "; over TLS only"
	}
	return text
}

func inWords(alt []Requirement) string {
	if len(alt) == 0 {
		return "everybody"
	}
	var words []string
	for _, r := range alt {
		by := " "
		if r.AnyScope {
			by = " or "
		}
		text := r.Scheme
		if len(r.Scopes) > 0 {
			text += "[" + strings.Join(slices.Sorted(slices.Values(r.Scopes)), by) + "]"
		}
		if r.Is != "" {
			text += " (" + r.Is + ")"
		}
		words = append(words, text)
	}
	return strings.Join(words, " and ")
}
