package bearer

import (
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// reading is what the claims of one token say, read once and shared by all who
// see the token. It holds nothing that was judged.
type reading struct {
	profile      string // of the issuer that it was read for
	principal    *caddymgw.Principal
	confirmation token.Confirmation
}

// read returns false where a claim is missing or has the wrong form. The
// subject is in the first of the subject claims that is there; the principal
// has the name of the scheme that the token was first seen at.
func (i *issuer) read(c *token.Claims, s *caddymgw.Scheme, subjectClaims ...string) (*reading, bool) {
	subject, ok := firstString(c.All, subjectClaims)
	if !ok {
		return nil, false
	}
	scopes, ok := i.scopes(c.All)
	if !ok {
		return nil, false
	}
	b, ok := token.ReadConfirmation(c.All)
	if !ok {
		return nil, false
	}
	return &reading{i.profile, &caddymgw.Principal{
		Subject:  subject,
		Issuer:   i.Name,
		Scheme:   s.Name,
		KeyID:    c.ID,
		Scopes:   scopes,
		Roles:    i.roles(c.All),
		IssuedAt: c.IssuedAt,
		Expires:  c.Expires,
		Claims:   c.All,
	}, b}, true
}

// firstString returns the first of the claims that is there. An empty one is
// not passed over: another claim names another kind of subject.
func firstString(all map[string]any, names []string) (string, bool) {
	for _, name := range names {
		if v, ok := all[name]; ok {
			s, _ := v.(string)
			return s, s != ""
		}
	}
	return "", false
}

// scopes unites the scope claims, each scope once and under the name that the
// document gives it.
func (i *issuer) scopes(all map[string]any) ([]string, bool) {
	var scopes []string
	seen := map[string]bool{}
	for _, name := range i.ScopeClaims {
		v, ok := all[name]
		if !ok {
			continue
		}
		list, ok := token.Strings(v)
		if !ok {
			s, ok := v.(string)
			if !ok {
				return nil, false
			}
			list = []string{s}
		}
		for _, item := range list {
			for scope := range strings.SplitSeq(item, " ") {
				if mapped, ok := i.ScopeMap[scope]; ok {
					scope = mapped
				}
				if scope == "" || seen[scope] {
					continue
				}
				seen[scope] = true
				scopes = append(scopes, scope)
			}
		}
	}
	return scopes, true
}

// roles returns none where the claim has another form: that of issuers whose
// roles we do not know.
func (i *issuer) roles(all map[string]any) []string {
	v := at(all, i.RolesClaim)
	if role, ok := v.(string); ok && role != "" {
		return []string{role}
	}
	list, _ := token.Strings(v)
	return list
}

// at returns the claim of that name, which may have dots in it, or the one that
// the path leads to; nil where there is none.
func at(all map[string]any, path string) any {
	if v, ok := all[path]; ok {
		return v
	}
	name, rest, ok := strings.Cut(path, ".")
	if !ok {
		return nil
	}
	inner, _ := all[name].(map[string]any)
	return at(inner, rest)
}
