package apikeyissuer

import (
	"context"
	"net/http"

	"github.com/caddymgw/gateway/caddymgw/fault"
)

const jwksPath = "/jwks.json"

// publish answers with the public keys of the gateway, for those who verify its
// keys and its backend JWTs themselves.
func (h *Handler) publish(w http.ResponseWriter, r *http.Request) error {
	if r.TLS == nil && !h.AllowHTTP {
		h.refuse(w, answer{code: fault.NotFound})
		return nil
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		fault.WSO2.Write(w, fault.MethodNotAllowed, "")
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := h.app.Ready(ctx); err != nil {
		h.refuse(w, answer{code: fault.Unclassified})
		return nil
	}
	w.Header().Set("Content-Type", "application/jwk-set+json") // RFC 7517 section 8.5.2
	w.Header().Set("Cache-Control", "public, max-age=600")
	_, err := w.Write(h.app.JWKS())
	return err
}
