package apikeyissuer

import (
	"time"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/token"
	"github.com/caddymgw/gateway/modules/mgw"
)

// issue gives the caller a key.
func (h *Handler) issue(c *call) *answer {
	g, bad := h.grant(c)
	if bad != nil {
		h.app.RefuseKey(c.actor(), c.user.Name, bad.detail)
		return bad
	}
	issued, err := h.app.IssueKey(c.r.Context(), c.actor(), g)
	if err != nil {
		return h.failed(c, err)
	}
	respond(c, issued)
	return nil
}

// grant is what the caller gets: all that he may have here, or what he asks for
// of it. Over mutual TLS it is for his certificate alone (RFC 8705).
func (h *Handler) grant(c *call) (apikey.Grant, *answer) {
	g, bad := h.bound(c.user)
	if bad != nil {
		return g, bad
	}
	if len(c.body) > 0 {
		var asked apikey.Request
		if err := apikey.Decode(c.body, &asked, apikey.RequestMembers); err != nil {
			return g, &answer{code: fault.BadRequest, detail: err.Error()}
		}
		narrowed, err := asked.Narrow(g)
		if err == nil {
			err = h.app.CheckRights(asked)
		}
		if err != nil {
			return g, &answer{code: fault.BadRequest, detail: err.Error()}
		}
		g = narrowed
	}
	g.Certificate = token.Thumbprint(c.r.TLS)
	return g, nil
}

// bound is the most that a user may have here.
func (h *Handler) bound(user mgw.User) (apikey.Grant, *answer) {
	apis, ok := apikey.Intersect(h.apis, mgw.AllowedAPIs(user.APIs))
	if !ok {
		return apikey.Grant{}, &answer{code: fault.Forbidden, detail: "None of the APIs of this issuer is for this user"}
	}
	return apikey.Grant{Subject: user.Name, Life: time.Duration(h.Validity), APIs: apis, Scopes: user.Scopes}, nil
}
