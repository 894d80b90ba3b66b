package openapiauth

import (
	"cmp"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw"
)

// wellKnown is where the metadata of a protected resource lie: its path stands
// behind (RFC 9728 section 3.1).
const wellKnown = "/.well-known/oauth-protected-resource"

// resource is the metadata of RFC 9728 section 2.
type resource struct {
	Resource             string   `json:"resource"`
	Name                 string   `json:"resource_name"`
	AuthorizationServers []string `json:"authorization_servers,omitempty"`
	Scopes               []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported"`
}

// describesResource reports whether a request that no operation fits asks for
// the metadata of the API.
func (h *Handler) describesResource(r *http.Request) bool {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), wellKnown)
	if !ok || !h.tokens || r.Method != http.MethodGet {
		return false
	}
	return slices.ContainsFunc(h.resources(r), func(u *url.URL) bool { return strings.TrimSuffix(u.EscapedPath(), "/") == path })
}

// resources are the identifiers of the API: the one that is configured, else one
// for each base path.
func (h *Handler) resources(r *http.Request) []*url.URL {
	if h.Resource != "" {
		u, err := url.Parse(h.Resource)
		if err != nil {
			return nil
		}
		return []*url.URL{u}
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	var list []*url.URL
	for _, base := range h.doc.API.BasePaths {
		path, err := url.PathUnescape(base)
		if err != nil {
			continue
		}
		u := &url.URL{Scheme: scheme, Host: authority(r.Host), Path: path}
		if u.EscapedPath() != base {
			u.RawPath = base
		}
		list = append(list, u)
	}
	return list
}

// authority is the one spelling of a Host.
func authority(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return strings.TrimSuffix(strings.ToLower(host), ".")
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.ToLower(name), "."), port)
}

// warnOfAnyHost tells that clients are believed what the API is called, where the
// server answers any of them.
func (h *Handler) warnOfAnyHost(server *caddyhttp.Server) {
	if h.tokens && h.Resource == "" && server != nil && slices.ContainsFunc(server.Routes, answersAnyHost) {
		h.app.Warn("the metadata of the API (RFC 9728) and challenges name the Host that a request brings, and its server answers any: name the API by the option resource", "document", h.Document)
	}
}

// answersAnyHost reports whether a route asks for no host. Matchers may be
// provisioned already, or not.
func answersAnyHost(route caddyhttp.Route) bool {
	if len(route.MatcherSets)+len(route.MatcherSetsRaw) == 0 {
		return true
	}
	isHost := func(m any) bool { _, ok := m.(*caddyhttp.MatchHost); return ok }
	return slices.ContainsFunc(route.MatcherSets, func(set caddyhttp.MatcherSet) bool { return !slices.ContainsFunc(set, isHost) }) ||
		slices.ContainsFunc(route.MatcherSetsRaw, func(set caddy.ModuleMap) bool { return set["host"] == nil })
}

// resourceOf is the identifier that the path is below, the longest of them; else
// the first.
func (h *Handler) resourceOf(r *http.Request, path string) *url.URL {
	var first, best *url.URL
	for _, u := range h.resources(r) {
		base := strings.TrimSuffix(u.EscapedPath(), "/")
		below := path == base || strings.HasPrefix(path, base+"/")
		if below && (best == nil || len(base) > len(best.EscapedPath())) {
			best = u
		}
		first = cmp.Or(first, u)
	}
	return cmp.Or(best, first)
}

// resourceMetadata is the URL that a challenge names.
func (h *Handler) resourceMetadata(r *http.Request) string {
	u := h.resourceOf(r, r.URL.EscapedPath())
	if u == nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + wellKnown + strings.TrimSuffix(u.EscapedPath(), "/")
}

func (h *Handler) describeResource(w http.ResponseWriter, r *http.Request) error {
	u := h.resourceOf(r, strings.TrimPrefix(r.URL.EscapedPath(), wellKnown))
	m := resource{
		Resource: u.String(), Name: h.doc.API.Name, AuthorizationServers: h.issuers,
		Scopes: h.scopes(), BearerMethods: []string{"header"},
	}
	w.Header().Set("Content-Type", "application/json")
	if h.Resource == "" { // who asks has named us: that is for nobody else
		w.Header().Set("Cache-Control", "no-store")
	}
	return json.NewEncoder(w).Encode(m)
}

// scopes are those that the operations ask of tokens.
func (h *Handler) scopes() (scopes []string) {
	for _, op := range h.doc.API.Operations {
		for _, alt := range op.Alternatives {
			for _, req := range alt {
				if req.Scheme.Type == caddymgw.OAuth2 || req.Scheme.Type == caddymgw.OpenIDConnect {
					scopes = append(scopes, req.Scopes...)
				}
			}
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}
