package mgw

import (
	"cmp"
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

// served is an API as that of its sites has it which enforces least: whoever looks
// wants to know what passes anywhere. Its lock is held.
func (r *apiRegistry) served(one registered) Served {
	var weakest *Site
	for i := range r.sites {
		s := &r.sites[i]
		if s.API.Name == one.api.Name && s.API.Version == one.api.Version && (weakest == nil || s.weaker(*weakest)) {
			weakest = s
		}
	}
	if weakest == nil {
		return Served{one.api, one.document, nil}
	}
	return Served{weakest.API, one.document, weakest.Gateway.ReportOnly}
}

// weaker reports whether more passes at a site than at another one. Sites are
// provisioned in any order: of those that are alike it is one of the two.
func (s Site) weaker(other Site) bool {
	unenforced, public := s.open()
	others, publicThere := other.open()
	return cmp.Or(cmp.Compare(unenforced, others), cmp.Compare(public, publicThere), strings.Compare(other.listen(), s.listen())) > 0
}

// open counts the operations of which something is not enforced, and the public
// ones.
func (s Site) open() (unenforced, public int) {
	r := s.Gateway.ReportOnly
	for _, op := range s.API.Operations {
		if r.Everything() || r.Touches(op) {
			unenforced++
		}
		if op.Public() {
			public++
		}
	}
	if r.Everything() {
		unenforced++ // what is not declared
	}
	return unenforced, public
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
