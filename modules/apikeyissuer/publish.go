package apikeyissuer

import (
	"context"
	"net/http"

	"github.com/caddymgw/gateway/caddymgw/fault"
)

// Where the public keys are. An upstream that verifies backend JWTs must not find
// those that sign API keys: it would take a key for an assertion.
const (
	jwksPath        = "/jwks.json"
	backendJWKSPath = "/backend/jwks.json"
)

// publish answers with public keys of the gateway, for those who verify what it
// signs themselves.
func (h *Handler) publish(w http.ResponseWriter, r *http.Request, keys func() []byte) error {
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
	_, err := w.Write(keys())
	return err
}
