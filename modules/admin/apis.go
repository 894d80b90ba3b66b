package admin

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/modules/mgw"
)

// api is an API in a list.
type api struct {
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	OpenAPI   string   `json:"openapi"`
	Document  string   `json:"document"`
	BasePaths []string `json:"base_paths"` // "" is the root
	TLSOnly   bool     `json:"tls_only,omitempty"`
}

type listedAPI struct {
	api
	Operations    int `json:"operations"`
	Public        int `json:"public"`
	NobodyCanCall int `json:"nobody_can_call"`
}

// shownAPI is an API with its effective security.
type shownAPI struct {
	api
	Operations []operation `json:"operations"` // in document order
}

type operation struct {
	Method        string          `json:"method"`
	Template      string          `json:"template"`
	Paths         []string        `json:"paths"` // with each base path
	OperationID   string          `json:"operation_id,omitempty"`
	Public        bool            `json:"public"`
	Alternatives  [][]requirement `json:"alternatives"` // one of them must hold; an empty one is {}
	NobodyCanCall bool            `json:"nobody_can_call"`
}

type requirement struct {
	Scheme   string              `json:"scheme"`
	Type     caddymgw.SchemeType `json:"type"`
	Scopes   []string            `json:"scopes"`
	AnyScope bool                `json:"any_scope,omitempty"` // one of them suffices
	Verified bool                `json:"verified"`            // false: nothing here verifies it, so that it never holds
}

func listAPIs(c *call) *failure {
	app, bad := c.plain()
	if bad != nil {
		return bad
	}
	all := []listedAPI{}
	for _, served := range app.APIs() {
		l := listedAPI{api: describeAPI(served), Operations: len(served.Operations)}
		for _, op := range served.Operations {
			switch {
			case op.Public():
				l.Public++
			case nobodyCanCall(op):
				l.NobodyCanCall++
			}
		}
		all = append(all, l)
	}
	writeJSON(c.w, http.StatusOK, all)
	return nil
}

func showAPI(c *call) *failure {
	app, bad := c.plain()
	if bad != nil {
		return bad
	}
	name, version := c.r.PathValue("name"), c.r.PathValue("version")
	for _, served := range app.APIs() {
		if served.Name != name || served.Version != version {
			continue
		}
		shown := shownAPI{api: describeAPI(served), Operations: []operation{}}
		for _, op := range served.Operations {
			shown.Operations = append(shown.Operations, describeOperation(op))
		}
		writeJSON(c.w, http.StatusOK, shown)
		return nil
	}
	return notFound("no API of this name and version is served here")
}

// plain is the beginning of calls that take neither query nor body.
func (c *call) plain() (*mgw.App, *failure) {
	if bad := c.noQuery(); bad != nil {
		return nil, bad
	}
	return running()
}

func describeAPI(s mgw.Served) api {
	return api{
		Name: s.Name, Version: s.Version, OpenAPI: s.OpenAPI, Document: s.Document,
		BasePaths: orEmpty(s.BasePaths), TLSOnly: s.TLSOnly,
	}
}

func describeOperation(op *caddymgw.Operation) operation {
	o := operation{
		Method: op.Method, Template: op.Template, Paths: []string{}, OperationID: op.ID,
		Public: op.Public(), Alternatives: [][]requirement{}, NobodyCanCall: nobodyCanCall(op),
	}
	for _, base := range op.API.BasePaths {
		o.Paths = append(o.Paths, base+op.Template)
	}
	for _, alt := range op.Alternatives {
		requirements := []requirement{}
		for i := range alt {
			r := &alt[i]
			requirements = append(requirements, requirement{
				Scheme: r.Scheme.Name, Type: cmp.Or(r.Scheme.Type, "none"), Scopes: orEmpty(r.Scopes), AnyScope: r.AnyScope, Verified: verified(r),
			})
		}
		o.Alternatives = append(o.Alternatives, requirements)
	}
	return o
}

func verified(r *caddymgw.Requirement) bool {
	return r.Verifier != nil && r.Verifier != caddymgw.Closed()
}

// nobodyCanCall: each alternative asks for something that nothing verifies.
func nobodyCanCall(op *caddymgw.Operation) bool {
	return !op.Public() && !slices.ContainsFunc(op.Alternatives, func(alt caddymgw.Alternative) bool {
		return !slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return !verified(&r) })
	})
}

// orEmpty is [] in JSON where a list is nil.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
