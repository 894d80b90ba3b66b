package mgw

import (
	"cmp"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// APIHead is an API, as the admin API and `mgw routes` list it.
type APIHead struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	OpenAPI    string   `json:"openapi"`
	Document   string   `json:"document"`
	BasePaths  []string `json:"base_paths"` // "" is the root
	TLSOnly    bool     `json:"tls_only,omitempty"`
	ReportOnly bool     `json:"report_only,omitempty"` // nothing of it is enforced
}

// ShownAPI is an API with its effective security.
type ShownAPI struct {
	APIHead
	Operations []ShownOperation `json:"operations"` // in document order
	Schemes    []ShownScheme    `json:"schemes"`    // those that operations ask for, in document order
}

// ShownOperation is an operation with its effective security.
type ShownOperation struct {
	Method        string               `json:"method"`
	Template      string               `json:"template"`
	Paths         []string             `json:"paths"` // with each base path
	OperationID   string               `json:"operation_id,omitempty"`
	Security      string               `json:"security"` // in words
	Public        bool                 `json:"public"`
	Alternatives  [][]ShownRequirement `json:"alternatives"` // one of them must hold; an empty one is {}
	NobodyCanCall bool                 `json:"nobody_can_call"`
}

// ShownRequirement is one requirement of an alternative.
type ShownRequirement struct {
	Scheme     string              `json:"scheme"`
	Type       caddymgw.SchemeType `json:"type"`
	Scopes     []string            `json:"scopes"`
	AnyScope   bool                `json:"any_scope,omitempty"`   // one of them suffices
	Verified   *bool               `json:"verified"`              // false: nothing here verifies it, so that it never holds; null: that is not known
	ReportOnly bool                `json:"report_only,omitempty"` // it is not enforced
}

// ShownScheme is a security scheme and where its credentials are read.
type ShownScheme struct {
	Name      string              `json:"name"`
	Type      caddymgw.SchemeType `json:"type"`
	In        credential.In       `json:"in,omitempty"`
	Parameter string              `json:"parameter,omitempty"`
	Verified  *bool               `json:"verified"`        // as of its requirements
	Needs     string              `json:"needs,omitempty"` // what a configuration must say for it, unless it is verified
}

// Show describes an API whose requirements are bound to verifiers.
func (s Served) Show() ShownAPI {
	shown := ShownAPI{APIHead: s.Head(), Operations: []ShownOperation{}, Schemes: []ShownScheme{}}
	verified := map[*caddymgw.Scheme]*bool{}
	for _, op := range s.Operations {
		shown.Operations = append(shown.Operations, s.show(op))
		for _, alt := range op.Alternatives {
			for i := range alt {
				if v := isVerified(&alt[i]); v == nil || *v || verified[alt[i].Scheme] == nil {
					verified[alt[i].Scheme] = v
				}
			}
		}
	}
	for _, scheme := range s.Schemes {
		v, used := verified[scheme]
		if !used {
			continue
		}
		one := ShownScheme{Name: scheme.Name, Type: cmp.Or(scheme.Type, "none"), In: scheme.Place.In, Parameter: cmp.Or(scheme.Param, scheme.Place.Name), Verified: v}
		if v == nil || !*v {
			one.Needs = needs(scheme)
		}
		shown.Schemes = append(shown.Schemes, one)
	}
	return shown
}

// Head describes an API without its operations.
func (s Served) Head() APIHead {
	return APIHead{
		Name: s.Name, Version: s.Version, OpenAPI: s.OpenAPI, Document: s.Document,
		BasePaths: orEmpty(s.BasePaths), TLSOnly: s.TLSOnly, ReportOnly: s.ReportOnly.Everything(),
	}
}

func (s Served) show(op *caddymgw.Operation) ShownOperation {
	o := ShownOperation{
		Method: op.Method, Template: op.Template, Paths: []string{}, OperationID: op.ID, Security: op.Words(),
		Public: op.Public(), Alternatives: [][]ShownRequirement{}, NobodyCanCall: !s.ReportOnly.Reachable(op),
	}
	for _, base := range op.API.BasePaths {
		o.Paths = append(o.Paths, base+op.Template)
	}
	for _, alt := range op.Alternatives {
		requirements := []ShownRequirement{}
		for i := range alt {
			r := &alt[i]
			requirements = append(requirements, ShownRequirement{
				Scheme: r.Scheme.Name, Type: cmp.Or(r.Scheme.Type, "none"), Scopes: orEmpty(r.Scopes), AnyScope: r.AnyScope,
				Verified: isVerified(r), ReportOnly: s.ReportOnly.Covers(r.Scheme),
			})
		}
		o.Alternatives = append(o.Alternatives, requirements)
	}
	return o
}

// isVerified is nil where only a configuration can tell.
func isVerified(r *caddymgw.Requirement) *bool {
	if r.Verifier == Unjudged() {
		return nil
	}
	verified := r.Verifier != nil && r.Verifier != caddymgw.Closed()
	return &verified
}

// needs is what a configuration must say to have a scheme verified.
func needs(s *caddymgw.Scheme) string {
	switch {
	case s.Type == "":
		return ""
	case s.Type == caddymgw.APIKey && s.Place.In == credential.Header && strings.ContainsAny(s.Param, "_."):
		option := "expected_underscore_headers "
		if !strings.Contains(s.Param, "_") {
			option = "expected_dot_headers "
		}
		return "servers { " + option + strings.ToLower(s.Param) + " }, apikey_issuer"
	case s.Type == caddymgw.APIKey:
		return "apikey_issuer, or api_keys { trust ... }"
	case s.Type == caddymgw.MutualTLS:
		return "tls { client_auth { ... } } of the site"
	case s.Word() == "login":
		return "mgw { user ... }"
	case s.Word() == "token":
		return "mgw { token_issuer ... }"
	}
	return "openapi_auth { scheme " + s.Name + " caddy { ... } }"
}

// orEmpty is [] in JSON where a list is nil.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
