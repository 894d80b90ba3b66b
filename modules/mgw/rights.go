package mgw

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/apikey"
)

// CheckRights refuses a request for rights that no loaded document knows: a key
// for an operation of that name would open nothing, or later something else. Where
// no document is loaded, as on a gateway that only issues, nothing is known. Its
// error is a *apikey.GrantError, which names what comes near.
func (a *App) CheckRights(r apikey.Request) error {
	a.apis.mu.Lock()
	defer a.apis.mu.Unlock()
	if len(a.apis.apis) == 0 {
		return nil
	}
	var covered []*caddymgw.API
	names := map[string]bool{}
	for id, known := range a.apis.apis {
		names[id.name] = true
		if len(r.APIs) == 0 || slices.ContainsFunc(r.APIs, func(x apikey.RequestedAPI) bool {
			return x.Name == id.name && (x.Version == id.version || x.Version == "" || x.Version == "*")
		}) {
			covered = append(covered, known.api)
		}
	}
	for i, x := range r.APIs {
		if !names[x.Name] {
			return &apikey.GrantError{Member: fmt.Sprintf("apis[%d]", i), Reason: "no API of this name is served here" + nearest(x.Name, names)}
		}
		versions := map[string]bool{}
		for id := range a.apis.apis {
			if id.name == x.Name {
				versions[id.version] = true
			}
		}
		if x.Version != "" && x.Version != "*" && !versions[x.Version] {
			return &apikey.GrantError{Member: fmt.Sprintf("apis[%d]", i), Reason: "this API is not served in this version" + nearest(x.Version, versions)}
		}
	}
	operations, scopes := map[string]bool{}, map[string]bool{}
	for _, u := range a.users {
		for _, s := range u.Scopes {
			scopes[s] = true // which the upstream may ask for
		}
	}
	for _, api := range covered {
		for _, op := range api.Operations {
			if op.ID != "" {
				operations[op.ID] = true
			}
			for _, alt := range op.Alternatives {
				for _, req := range alt {
					for _, s := range req.Scopes {
						scopes[s] = true
					}
				}
			}
		}
	}
	for i, op := range r.Operations {
		if !operations[op] {
			return &apikey.GrantError{Member: fmt.Sprintf("operations[%d]", i), Reason: "no operation has this operationId" + nearest(op, operations)}
		}
	}
	for i, s := range r.Scopes {
		if !scopes[s] {
			return &apikey.GrantError{Member: fmt.Sprintf("scopes[%d]", i), Reason: "no operation asks for this scope, and no user has it" + nearest(s, scopes)}
		}
	}
	return nil
}

const maxNearest = 3

// nearest names the known words that differ least from what was asked for: "" if
// none is alike.
func nearest(asked string, known map[string]bool) string {
	if len(asked) > 200 { // it is no typing error, and would cost
		return ""
	}
	type candidate struct {
		word     string
		distance int
	}
	var near []candidate
	for word := range known {
		d := levenshtein.ComputeDistance(strings.ToLower(asked), strings.ToLower(word))
		if d <= max(2, len(asked)/2) {
			near = append(near, candidate{word, d})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int { return cmp.Or(a.distance-b.distance, strings.Compare(a.word, b.word)) })
	if len(near) == 0 {
		return ""
	}
	var words []string
	for _, c := range near[:min(maxNearest, len(near))] {
		words = append(words, c.word)
	}
	return "; the nearest are " + strings.Join(words, ", ")
}
