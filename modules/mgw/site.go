package mgw

import (
	"errors"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw"
)

// Site is where an API is served: one openapi_auth of a configuration.
type Site struct {
	Document string
	API      *caddymgw.API
	Gateway  *caddymgw.Gateway
	Server   *caddyhttp.Server // nil: none, as in tests
}

// listen says at which addresses.
func (s Site) listen() string {
	if s.Server == nil {
		return ""
	}
	return strings.Join(s.Server.Listen, ", ")
}

// RegisterGateway notes what decides for an API.
func (a *App) RegisterGateway(s Site) {
	a.apis.mu.Lock()
	defer a.apis.mu.Unlock()
	a.apis.sites = append(a.apis.sites, s)
}

// Sites lists where APIs are served, in the order in which they were provisioned.
func (a *App) Sites() []Site {
	a.apis.mu.Lock()
	defer a.apis.mu.Unlock()
	return append([]Site(nil), a.apis.sites...)
}

// reportOnly is what is not enforced of an API; nil: everything is. Its lock is held.
func (r *apiRegistry) reportOnly(api *caddymgw.API) *caddymgw.ReportOnly {
	for _, s := range r.sites {
		if s.API == api {
			return s.Gateway.ReportOnly
		}
	}
	return nil
}

// whenReady speaks with nobody before the app is ready: a configuration that is
// only looked at asks no issuer about a token.
type whenReady struct {
	app *App
	http.RoundTripper
}

func (t whenReady) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.app.IsReady() {
		return nil, errors.New("the gateway does not run yet")
	}
	return t.RoundTripper.RoundTrip(r)
}
