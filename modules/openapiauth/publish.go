package openapiauth

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw"
)

// publish makes the decision known to the rest of Caddy: as placeholders, and
// in the access log where there is one.
func (h *Handler) publish(r *http.Request, d caddymgw.Decision) {
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(func(key string) (any, bool) { return placeholder(d, key) })
	}
	if !h.logs {
		return
	}
	extra, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields)
	if !ok {
		return
	}
	extra.Set(zap.String("mgw_api", h.doc.API.Name))
	if d.Operation != nil {
		extra.Set(zap.String("mgw_operation", d.Operation.Label()))
	}
	extra.Set(zap.String("mgw_outcome", outcome(d)))
}

// outcome is "pass", or the reason of the denial.
func outcome(d caddymgw.Decision) string {
	if d.Denial == nil {
		return "pass"
	}
	return string(d.Denial.Reason)
}

func placeholder(d caddymgw.Decision, key string) (any, bool) {
	name, ours := strings.CutPrefix(key, "mgw.")
	if ours {
		switch {
		case name == "fault.code" && d.Denial != nil:
			return strconv.Itoa(int(d.Denial.Fault)), true
		case name == "api" && d.Operation != nil:
			return d.Operation.API.Name, true
		case name == "operation" && d.Operation != nil:
			return d.Operation.Label(), true
		}
		return nil, false
	}
	name, ours = strings.CutPrefix(key, "http.auth.user.")
	if !ours || d.Denial != nil || len(d.Principals) == 0 {
		return nil, false
	}
	p := d.Principals[0]
	switch name {
	case "id":
		return p.Subject, true
	case "scheme":
		return p.Scheme, true
	case "scopes":
		return strings.Join(p.Scopes, " "), true
	case "key_id":
		return p.KeyID, true
	case "issuer":
		return p.Issuer, true
	}
	for _, p := range d.Principals {
		if name == p.Scheme+".id" {
			return p.Subject, true
		}
	}
	return nil, false
}
