package openapiauth

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/modules/mgw"
)

// publish makes the decision known to the rest of Caddy: as placeholders, and
// in the access log where there is one.
func (h *Handler) publish(r *http.Request, d caddymgw.Decision) {
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(func(key string) (any, bool) { return h.placeholder(d, key) })
	}
	caddyhttp.SetVar(r.Context(), "mgw_operation", d.Operation) // for openapi_validate
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
	extra.Set(zap.String("mgw_outcome", mgw.Outcome(d)))
}

// placeholder knows all of our names, whatever was decided: one that nobody
// knows would go to the upstream as it is written.
func (h *Handler) placeholder(d caddymgw.Decision, key string) (any, bool) {
	if name, ours := strings.CutPrefix(key, "http.auth.user."); ours {
		return h.user(d, name)
	}
	switch key {
	case "mgw.fault.code":
		if d.Denial == nil {
			return "", true
		}
		return strconv.Itoa(int(d.Denial.Fault)), true
	case "mgw.api":
		return h.doc.API.Name, true
	case "mgw.operation":
		if d.Operation == nil {
			return "", true
		}
		return d.Operation.Label(), true
	}
	return nil, false
}

// user is the subject, and the one of each scheme; "" where nobody is known.
func (h *Handler) user(d caddymgw.Decision, name string) (any, bool) {
	subject := new(caddymgw.Principal)
	if d.Denial == nil && len(d.Principals) > 0 {
		subject = d.Principals[0]
	}
	switch name {
	case "id":
		return subject.Subject, true
	case "scheme":
		return subject.Scheme, true
	case "scopes":
		return strings.Join(subject.Scopes, " "), true
	case "key_id":
		return subject.KeyID, true
	case "issuer":
		return subject.Issuer, true
	case "keytype":
		return keyType(d), true
	}
	scheme, ok := strings.CutSuffix(name, ".id")
	if !ok || !slices.ContainsFunc(h.doc.API.Schemes, func(s *caddymgw.Scheme) bool { return s.Name == scheme }) {
		return nil, false
	}
	if d.Denial == nil {
		for _, p := range d.Principals {
			if p.Scheme == scheme {
				return p.Subject, true
			}
		}
	}
	return "", true
}

// keyType is what the credentials say that they are for (claim keytype); "" where
// none does. One that is not for production makes the request none of it.
func keyType(d caddymgw.Decision) (kind string) {
	if d.Denial != nil {
		return ""
	}
	for _, p := range d.Principals {
		own, text := p.Claims["keytype"].(string)
		if !text && p.Claims["keytype"] != nil {
			own = "unknown"
		}
		if own != "" && (kind == "" || kind == "PRODUCTION") {
			kind = own
		}
	}
	return kind
}
