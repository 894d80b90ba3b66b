package admin

import (
	"context"
	_ "embed"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(Router))
}

// Router serves /mgw/ on Caddy's admin endpoints. It has no configuration.
type Router struct{}

// CaddyModule returns the Caddy module information.
func (*Router) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.mgw", New: func() caddy.Module { return new(Router) }}
}

const root = "/mgw/"

// Routes returns a route for each path, and one for all other paths.
func (*Router) Routes() []caddy.AdminRoute {
	var routes []caddy.AdminRoute
	for path, methods := range endpoints() {
		routes = append(routes, caddy.AdminRoute{Pattern: path, Handler: methods})
	}
	slices.SortFunc(routes, func(a, b caddy.AdminRoute) int { return strings.Compare(a.Pattern, b.Pattern) })
	return routes
}

// endpoints are all that there are. A path is a pattern of net/http.ServeMux,
// whose wildcards hold one segment, unescaped.
func endpoints() map[string]resource {
	return map[string]resource{
		root:                           nil,
		root + "apis":                  {http.MethodGet: listAPIs},
		root + "apis/{name}/{version}": {http.MethodGet: showAPI},
		root + "apis/{name}":           nil,                       // else ServeMux would redirect to the next
		root + "apis/{name}/{$}":       {http.MethodGet: showAPI}, // info.version may be empty
		root + "keys":                  {http.MethodGet: listKeys, http.MethodPost: issueKey},
		root + "keys/{id}":             {http.MethodGet: showKey, http.MethodDelete: revokeKey},
		root + "keys/{id}/rotate":      {http.MethodPost: rotateKey},
		root + "revocations":           {http.MethodPost: revoke},
		root + "signing-keys":          {http.MethodGet: listSigningKeys},
		root + "signing-keys/{kid}":    {http.MethodDelete: retireSigningKey},
		root + "signing-keys/rotate":   {http.MethodPost: rotateSigningKey},
		root + "inspect":               {http.MethodPost: inspect},
		root + "explain":               {http.MethodPost: explain},
		root + apiDoc:                  {http.MethodGet: describe},
	}
}

const apiDoc = "openapi.json"

// resource is what can be done at a path, by method. HEAD is GET without a body.
type resource map[string]func(*call) *failure

// callTimeout bounds a call: a ledger or a storage that is away must not hold it.
const callTimeout = 30 * time.Second

// ServeHTTP implements caddy.AdminHandler. What fails is answered here: Caddy
// writes errors in a form of its own.
func (res resource) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	c := &call{w: w, r: r.WithContext(ctx)}
	if bad := res.serve(c); bad != nil {
		bad.write(w)
	}
	return nil
}

func (res resource) serve(c *call) *failure {
	// Remote access is granted by the path as it is when decoded and cleaned.
	for segment := range strings.SplitSeq(c.r.URL.Path, "/") {
		if segment == "." || segment == ".." {
			return badRequest("the path must have no dot segments")
		}
	}
	if res == nil {
		return notFound("there is nothing at this path: see " + root + apiDoc)
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	do, ok := res[method]
	if !ok {
		return methodNotAllowed(res.methods())
	}
	return do(c)
}

func (res resource) methods() (all []string) {
	for method := range res {
		all = append(all, method)
		if method == http.MethodGet {
			all = append(all, http.MethodHead)
		}
	}
	slices.Sort(all)
	return all
}

//go:embed openapi.json
var description []byte

// describe serves the description of this API.
func describe(c *call) *failure {
	if bad := c.noQuery(); bad != nil {
		return bad
	}
	c.w.Header().Set("Content-Type", "application/json")
	_, _ = c.w.Write(description)
	return nil
}

// running returns the app of the configuration that runs.
func running() (*mgw.App, *failure) {
	v, err := caddy.ActiveContext().AppIfConfigured("mgw")
	if err != nil {
		return nil, notFound("nothing in the configuration that runs uses the gateway")
	}
	app := v.(*mgw.App)
	if !app.IsReady() {
		return nil, unavailable("the gateway is not ready yet")
	}
	return app, nil
}

// Interface guards
var (
	_ caddy.Module       = (*Router)(nil)
	_ caddy.AdminRouter  = (*Router)(nil)
	_ caddy.AdminHandler = resource(nil)
)
