package openapigateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// target is where requests go, and by which options of the proxy.
type target struct {
	upstreams []string // of reverse_proxy
	replace   bool     // path takes the place of the base path
	path      string
	more      [][]string // lines of reverse_proxy
}

// byKeyType are the targets of an operation. Nil: none for that type of key.
// Equal: all keys go there.
type byKeyType struct{ production, sandbox *target }

// readTargets compiles the document and finds out where requests go.
func (g *directive) readTargets(a *api, options openapi.Options) error {
	proxy := g.blocks["proxy"]
	if proxy == nil {
		proxy = new(block)
	}
	a.targets = map[*caddymgw.Operation]byKeyType{}
	var err error
	if len(g.upstreams) > 0 || proxy.has["to"] || proxy.has["dynamic"] {
		t, err := named(g.upstreams)
		if err != nil {
			return err
		}
		if a.doc, err = openapi.Load(a.file, options); err != nil {
			return err
		}
		for _, op := range a.doc.API.Operations {
			a.targets[op] = byKeyType{t, t}
		}
		return nil
	}
	var endpoints map[*caddymgw.Operation]openapi.Endpoints
	if a.doc, endpoints, err = openapi.LoadEndpoints(a.file, options); err != nil {
		return err
	}
	if err := oneLogin(endpoints); err != nil {
		return err
	}
	known := map[*openapi.Endpoint]*target{nil: nil}
	for _, op := range a.doc.API.Operations {
		for _, e := range []*openapi.Endpoint{endpoints[op].Production, endpoints[op].Sandbox} {
			if _, ok := known[e]; ok {
				continue
			}
			if err := g.refuseAdmin(e); err != nil {
				return err
			}
			if known[e], err = declared(e, proxy); err != nil {
				return err
			}
		}
		a.targets[op] = byKeyType{known[endpoints[op].Production], known[endpoints[op].Sandbox]}
	}
	return nil
}

// named is what stands behind the document. An upstream with a path, were it "/",
// gets it in the place of the base path.
func named(upstreams []string) (*target, error) {
	t := new(target)
	for i, as := range upstreams {
		u, path, replace := as, "", false
		if scheme, rest, ok := strings.Cut(as, "://"); ok {
			if host, p, ok := strings.Cut(rest, "/"); ok {
				u, path, replace = scheme+"://"+host, strings.TrimRight("/"+p, "/"), true
			}
		}
		if _, err := openapi.Canonical(path+"/", false, false); err != nil || strings.ContainsAny(path, "?#{}") {
			return nil, fmt.Errorf("upstream %s: its path must be like /v2, without query and placeholders", as)
		}
		if i > 0 && (path != t.path || replace != t.replace) {
			return nil, errors.New("the upstreams have different paths: a proxy gives all of them one")
		}
		t.upstreams, t.path, t.replace = append(t.upstreams, u), path, replace
	}
	return t, nil
}

// declared is an endpoint of the document.
func declared(e *openapi.Endpoint, proxy *block) (*target, error) {
	t := &target{upstreams: e.Servers, replace: e.Replace, path: e.Path}
	if e.User != "" && !proxy.has["header_up authorization"] {
		return nil, e.Errorf("its servers want %s to log in (securityConfig), and no document has passwords: write into the gateway's block: proxy { header_up Authorization \"Basic {env.BACKEND_LOGIN}\" }, with %s:PASSWORD in base64 in that variable", e.User, e.User)
	}
	if strings.HasPrefix(e.Servers[0], "http://") && !proxy.has["header_up host"] { // with https it is the default
		t.more = append(t.more, []string{"header_up", "Host", "{http.reverse_proxy.upstream.hostport}"})
	}
	if len(e.Servers) == 1 {
		return t, nil
	}
	policy := "round_robin"
	if e.Failover {
		policy = "first"
		t.add(proxy, "unhealthy_status", "502", "503", "504")
	}
	t.add(proxy, "lb_policy", policy)
	t.add(proxy, "fail_duration", "10s")
	if !proxy.has["lb_retries"] {
		t.add(proxy, "lb_try_duration", "5s")
	}
	return t, nil
}

// oneLogin: there is one block for the proxies of all endpoints, so that what one
// of them wants for a login would be sent to the others too.
func oneLogin(all map[*caddymgw.Operation]openapi.Endpoints) error {
	var wants, other *openapi.Endpoint
	for _, b := range all {
		for _, e := range []*openapi.Endpoint{b.Production, b.Sandbox} {
			switch {
			case e == nil:
			case wants == nil && e.User != "":
				wants = e
			case wants == nil || e.User != wants.User:
				other = e
			}
		}
	}
	if wants == nil || other == nil {
		return nil
	}
	return wants.Errorf("its servers want %s to log in (securityConfig), and other endpoints of the document don't, which would be sent the login too: give them one securityConfig, or write the handlers yourself", wants.User)
}

// add adds a line, unless the Caddyfile has one of that name.
func (t *target) add(proxy *block, line ...string) {
	if !proxy.has[line[0]] {
		t.more = append(t.more, line)
	}
}

// settle decides what becomes of base paths. Where every target has the base path
// itself for its path, nothing is cut and nothing put in its place.
func (a *api) settle() error {
	bases := a.doc.API.BasePaths
	kept := !a.settings.StripBasePath
	for t := range a.each() {
		kept = kept && (!t.replace || len(bases) == 1 && t.path == bases[0])
	}
	for t := range a.each() {
		switch {
		case kept:
			t.replace, t.path = false, ""
		case t.replace || a.settings.StripBasePath:
		case len(bases) != 1:
			return fmt.Errorf("%s: some requests keep one of the base paths (servers), and others don't (endpoints): write endpoints for all operations, or name an upstream", a.file)
		default:
			t.replace, t.path = true, bases[0]
		}
	}
	return nil
}

// each goes through the targets, of which some come more than once.
func (a *api) each() iter.Seq[*target] {
	return func(yield func(*target) bool) {
		for _, b := range a.targets {
			for _, t := range []*target{b.production, b.sandbox} {
				if t != nil && !yield(t) {
					return
				}
			}
		}
	}
}

// replaces reports whether any target wants the base path cut.
func (a *api) replaces() bool {
	for t := range a.each() {
		if t.replace {
			return true
		}
	}
	return false
}

// proxy is the route to a target.
func (g *directive) proxy(t *target) (caddyhttp.Route, error) {
	proxy := g.blocks["proxy"]
	if proxy == nil {
		proxy = new(block)
	}
	routes, err := g.expand("reverse_proxy", t.upstreams, proxy.lines, t.more)
	if err != nil {
		return caddyhttp.Route{}, err
	}
	endpoint := &Endpoint{Upstreams: append(slices.Clone(t.upstreams), proxy.to...), Path: t.path}
	own := caddyconfig.JSONModuleObject(endpoint, "handler", "openapi_endpoint", nil)
	routes[0].HandlersRaw = append([]json.RawMessage{own}, routes[0].HandlersRaw...)
	return routes[0], nil
}
