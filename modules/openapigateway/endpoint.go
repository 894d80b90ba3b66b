package openapigateway

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func init() {
	caddy.RegisterModule(new(Endpoint))
}

// Endpoint stands before a proxy and knows where it sends requests: it puts the
// path of the endpoint before theirs, byte by byte as they came, and does not load
// where the endpoint is this gateway itself. Written by openapi_gateway.
type Endpoint struct {
	// The addresses of the proxy's upstreams.
	Upstreams []string `json:"upstreams,omitempty"`

	// The path of the endpoint, escaped, without a trailing slash. The base path
	// of the document has been stripped before.
	Path string `json:"path,omitempty"`

	decoded string
}

// CaddyModule returns the Caddy module information.
func (*Endpoint) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.openapi_endpoint", New: func() caddy.Module { return new(Endpoint) }}
}

// Provision checks the path and the upstreams.
func (e *Endpoint) Provision(ctx caddy.Context) error {
	if e.Path != "" {
		var err error
		if e.decoded, err = url.PathUnescape(e.Path); err != nil {
			return fmt.Errorf("openapi_endpoint: path %q: %w", e.Path, err)
		}
		if _, err := openapi.Canonical(e.Path, false, false); err != nil || e.Path[len(e.Path)-1] == '/' {
			return fmt.Errorf("openapi_endpoint: path %q: must be like /v2", e.Path)
		}
	}
	server, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return e.refuseOwn(server)
}

// ServeHTTP puts the path before that of the request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if e.Path != "" {
		escaped := e.Path + r.URL.EscapedPath()
		r.URL.Path, r.URL.RawPath = e.decoded+r.URL.Path, ""
		if r.URL.EscapedPath() != escaped {
			r.URL.RawPath = escaped
		}
		r.RequestURI = r.URL.RequestURI()
	}
	return next.ServeHTTP(w, r)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Endpoint)(nil)
	_ caddyhttp.MiddlewareHandler = (*Endpoint)(nil)
)
