package caddymgw

import "slices"

// granted reports whether the principal has what the requirement asks.
func (r *Requirement) granted(p *Principal) bool {
	have := r.rights(p)
	if r.AnyScope && len(r.Scopes) > 0 {
		return slices.ContainsFunc(r.Scopes, func(s string) bool { return slices.Contains(have, s) })
	}
	return !slices.ContainsFunc(r.Scopes, func(s string) bool { return !slices.Contains(have, s) })
}

// missing lists what the principal lacks of it.
func (r *Requirement) missing(p *Principal) (list []string) {
	have := r.rights(p)
	for _, s := range r.Scopes {
		if !slices.Contains(have, s) {
			list = append(list, s)
		}
	}
	return list
}

// rights are the principal's scopes for OAuth 2 and OpenID Connect, and the roles
// for every other scheme (OpenAPI 3.1 section 4.8.30.1).
func (r *Requirement) rights(p *Principal) []string {
	if r.Scheme.Type == OAuth2 || r.Scheme.Type == OpenIDConnect {
		return p.Scopes
	}
	return p.Roles
}
