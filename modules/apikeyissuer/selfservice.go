package apikeyissuer

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/token"
	"github.com/caddymgw/gateway/modules/mgw"
)

// list shows the caller's keys, a page at a time.
func (h *Handler) list(c *call) *answer {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return &answer{code: fault.BadRequest, detail: "The query can't be read"}
	}
	q, limit, err := mgw.KeyQuery(values, time.Now(), false)
	if err != nil {
		return &answer{code: fault.BadRequest, detail: err.Error()}
	}
	q.Subject = c.user.Name
	page, err := h.app.KeyPage(c.r.Context(), q, limit)
	if err != nil {
		return h.failed(c, err)
	}
	writeJSON(c.w, page)
	return nil
}

// show shows one of the caller's keys.
func (h *Handler) show(c *call) *answer {
	k, bad := h.own(c)
	if bad != nil {
		return bad
	}
	writeJSON(c.w, k)
	return nil
}

// revoke ends one of the caller's keys. It is idempotent.
func (h *Handler) revoke(c *call) *answer {
	if _, bad := h.own(c); bad != nil {
		return bad
	}
	if _, err := h.app.RevokeKey(c.r.Context(), c.actor(), c.keyID, "revoked by its owner", false); err != nil {
		return h.failed(c, err)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// rotate replaces one of the caller's keys by a new one with the same rights, as
// far as he still has them.
func (h *Handler) rotate(c *call) *answer {
	if _, bad := h.own(c); bad != nil {
		return bad
	}
	var asked struct {
		Overlap *int64 `json:"overlap"` // seconds
	}
	if len(c.body) > 0 {
		if err := apikey.Decode(c.body, &asked, "overlap"); err != nil {
			return &answer{code: fault.BadRequest, detail: err.Error()}
		}
	}
	how := apikey.Rotation{Narrow: func(g *apikey.Grant) error { return h.cut(c, g) }}
	if err := how.SetOverlap(asked.Overlap); err != nil {
		return &answer{code: fault.BadRequest, detail: err.Error()}
	}
	issued, err := h.app.RotateKey(c.r.Context(), c.actor(), c.keyID, how)
	if err != nil {
		return h.failed(c, err)
	}
	respond(c, issued)
	return nil
}

// own is the caller's key of the path. That somebody else has one of that id is
// not told.
func (h *Handler) own(c *call) (mgw.Key, *answer) {
	if c.r.URL.RawQuery != "" {
		return mgw.Key{}, &answer{code: fault.BadRequest, detail: "This takes no query"}
	}
	k, err := h.app.Key(c.r.Context(), c.keyID)
	if err == nil && k.Subject != c.user.Name {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return k, h.failed(c, err)
	}
	return k, nil
}

// errNoAPILeft means that none of what a key is for may be had any more.
var errNoAPILeft = &apikey.GrantError{Member: "apis", Reason: "none of the APIs of this key is for you any more: ask for a new key"}

// cut takes from a grant what the caller may not have any more.
func (h *Handler) cut(c *call, g *apikey.Grant) error {
	most, bad := h.bound(c.user)
	if bad != nil {
		return errNoAPILeft
	}
	apis, ok := apikey.Intersect(g.APIs, most.APIs)
	if !ok {
		return errNoAPILeft
	}
	g.APIs = apis
	g.Scopes = slices.DeleteFunc(slices.Clone(g.Scopes), func(s string) bool { return !slices.Contains(most.Scopes, s) })
	if most.Life > 0 && (g.Life == 0 || g.Life > most.Life) {
		g.Life = most.Life
	}
	if thumbprint := token.Thumbprint(c.r.TLS); g.Certificate == "" {
		g.Certificate = thumbprint // over mutual TLS keys are for the caller's certificate
	}
	return nil
}
