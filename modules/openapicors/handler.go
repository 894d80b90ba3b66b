package openapicors

import (
	"errors"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/rs/cors"

	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(Handler))
}

// Handler answers preflights of browsers for the operations of an API, before
// anybody is authenticated: they carry no credentials. Preflights for what is not
// declared go on, and are refused like any other request. To other requests it
// adds what lets the page of an allowed origin read the response, in place of
// what the upstream says of it.
type Handler struct {
	// The document that openapi_auth has on this site. Required.
	Document string `json:"document"`

	// The origins whose pages may call, such as https://app.example.com or
	// https://*.example.com; * is every origin. Default: those of x-wso2-cors.
	AllowOrigins []string `json:"allow_origins,omitempty"`

	// The methods that they may use. Default: those of x-wso2-cors, else those
	// of the declared operations.
	AllowMethods []string `json:"allow_methods,omitempty"`

	// The headers that they may send; * is every header. Default: those of
	// x-wso2-cors, else Content-Type and those that credentials are read from.
	AllowHeaders []string `json:"allow_headers,omitempty"`

	// The headers of responses that they may read. Default: those of x-wso2-cors.
	ExposeHeaders []string `json:"expose_headers,omitempty"`

	// Let browsers send cookies and certificates; excludes the origin *. Default:
	// what x-wso2-cors says, else not.
	AllowCredentials bool `json:"allow_credentials,omitempty"`

	// How long browsers may remember an answer. Default: 10m
	MaxAge caddy.Duration `json:"max_age,omitempty"`

	doc  *openapi.Document
	cors *cors.Cors
}

const defaultMaxAge = 10 * time.Minute

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.openapi_cors", New: func() caddy.Module { return new(Handler) }}
}

// Provision waits for the document, whose operations are those of preflights.
func (h *Handler) Provision(ctx caddy.Context) error {
	if h.Document == "" {
		return errors.New("openapi_cors: no document is named")
	}
	app, err := mgw.FromContext(ctx)
	if err != nil {
		return err
	}
	return app.WantNextDocument(h.Document, "openapi_cors", h.open)
}

// ServeHTTP answers preflights, and passes on the rest.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if methods := r.Header["Access-Control-Request-Method"]; r.Method == http.MethodOptions && len(methods) > 0 {
		// A browser asks whether it may ask (Fetch standard section 3.2.2).
		if len(methods) > 1 || r.Header["Origin"] == nil || !h.declared(r, methods[0]) {
			return next.ServeHTTP(w, r)
		}
		h.cors.HandlerFunc(w, r)
		return nil
	}
	// Also without an origin, for caches: what they keep is not for every origin
	// (Fetch standard section 3.2.5).
	h.cors.HandlerFunc(w, r)
	return next.ServeHTTP(own(w), r)
}

// declared reports whether the operation that a preflight asks for exists.
func (h *Handler) declared(r *http.Request, method string) bool {
	asked := *r
	asked.Method = method
	_, denial := h.doc.Route(&asked)
	return denial == nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
