package openapigateway

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(Endpoint))
}

// Endpoint stands before a proxy and knows where it sends requests: it puts the
// path of the endpoint before theirs, byte by byte as they came, and does not load
// where the endpoint is this gateway itself. What goes round all the same, by a name
// that only a resolver knows, is answered with 508. Written by openapi_gateway.
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

// Endpoint says that openapi_gateway has written this, and the gate before it.
func (*Endpoint) Endpoint() {}

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

// maxHops is how many Caddys a request may have passed.
const maxHops = 20

var errLoop = errors.New("openapi_endpoint: the request has passed too many gateways: is its upstream this gateway, by another name?")

// hops counts them by what their proxies write (RFC 9110 section 7.6.3).
func hops(r *http.Request) (n int) {
	for _, line := range r.Header["Via"] {
		n += strings.Count(line, " Caddy")
	}
	return n
}

// ServeHTTP puts the path before that of the request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if hops(r) >= maxHops {
		return caddyhttp.Error(http.StatusLoopDetected, errLoop)
	}
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
	_ mgw.Endpoint                = (*Endpoint)(nil)
)
