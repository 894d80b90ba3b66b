package openapi

import (
	"slices"

	"github.com/caddymgw/gateway/caddymgw"
)

// combineAny reads alternatives as WSO2 API Microgateway does: each application
// scheme (apiKey, http, oauth2, openIdConnect) that any of them names suffices
// alone, and so does any one of all scopes asked. Scopes are asked of tokens
// and of Basic users; roles that an http scheme is asked for itself stay in their
// place. Mutual TLS stays where an alternative asks for it too.
func combineAny(alternatives []caddymgw.Alternative) []caddymgw.Alternative {
	var scopes []string
	for _, alt := range alternatives {
		for _, r := range alt {
			if r.Scheme.Type == caddymgw.OAuth2 || r.Scheme.Type == caddymgw.OpenIDConnect {
				for _, s := range r.Scopes {
					if !slices.Contains(scopes, s) {
						scopes = append(scopes, s)
					}
				}
			}
		}
	}
	var combined []caddymgw.Alternative
	add := func(alt caddymgw.Alternative) {
		same := func(other caddymgw.Alternative) bool { return slices.EqualFunc(alt, other, sameRequirement) }
		if !slices.ContainsFunc(combined, same) {
			combined = append(combined, alt)
		}
	}
	for _, alt := range alternatives {
		beside := certificates(alt)
		if len(beside) == len(alt) { // also {}
			add(alt)
			continue
		}
		for _, r := range alt {
			if r.Scheme.Type == caddymgw.MutualTLS {
				continue
			}
			single := caddymgw.Requirement{Scheme: r.Scheme}
			switch {
			case r.Scheme.Type == caddymgw.HTTP && len(r.Scopes) > 0:
				single.Scopes = r.Scopes
			case r.Scheme.Type != caddymgw.APIKey:
				single.Scopes, single.AnyScope = scopes, len(scopes) > 0
			}
			add(append(slices.Clone(beside), single))
		}
	}
	return combined
}
