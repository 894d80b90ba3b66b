package openapigateway

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// api is one document of a directive.
type api struct {
	file     string
	doc      *openapi.Document
	auth     caddyhttp.RouteList // openapi_auth
	settings settings
	targets  map[*caddymgw.Operation]byKeyType
}

// settings are the options of openapi_auth that matter here.
type settings struct {
	BasePath          string      `json:"base_path"`
	AuthHeader        string      `json:"auth_header"`
	Combine           string      `json:"combine"`
	Resource          string      `json:"resource"`
	Faults            fault.Style `json:"faults"`
	StripBasePath     bool        `json:"strip_base_path"`
	AllowEncodedSlash bool        `json:"allow_encoded_slash"`
	AllowSemicolon    bool        `json:"allow_semicolon"`
}

// read compiles a document, by the options of openapi_auth.
func (g *directive) read(file string) (*api, error) {
	a := &api{file: file}
	name, err := g.relative(file)
	if err != nil {
		return nil, err
	}
	if a.auth, err = g.expand("openapi_auth", []string{name}, g.options, nil); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(a.auth[0].HandlersRaw[0], &a.settings); err != nil {
		return nil, err
	}
	options := openapi.Options{
		BasePath: a.settings.BasePath, AuthHeader: a.settings.AuthHeader, CombineAny: a.settings.Combine == "any",
		AllowEncodedSlash: a.settings.AllowEncodedSlash, AllowSemicolon: a.settings.AllowSemicolon,
	}
	if err := g.readTargets(a, options); err != nil {
		return nil, err
	}
	if len(a.doc.API.Operations) == 0 {
		return nil, fmt.Errorf("%s declares no operation", file)
	}
	if err := a.settle(); err != nil {
		return nil, err
	}
	if a.replaces() && !a.settings.StripBasePath {
		a.auth, err = g.expand("openapi_auth", []string{name}, g.options, [][]string{{"strip_base_path"}})
	}
	return a, err
}

// relative names a document as it would be written in the Caddyfile, so that it
// never looks like a matcher.
func (g *directive) relative(file string) (string, error) {
	dir, err := filepath.Abs(filepath.Dir(g.head.File))
	if err != nil {
		return "", err
	}
	name, err := filepath.Rel(dir, file)
	if strings.HasPrefix(name, "@") {
		name = "." + string(filepath.Separator) + name
	}
	return name, err
}

// route is the whole gateway of one document.
func (g *directive) route(a *api, all []*api) (caddyhttp.Route, error) {
	name, err := g.relative(a.file)
	if err != nil {
		return caddyhttp.Route{}, err
	}
	var sub caddyhttp.Subroute
	cors, written := g.blocks["cors"]
	if written || a.doc.CORS != nil {
		if !written {
			cors = new(block)
		}
		routes, err := g.expand("openapi_cors", []string{name}, cors.lines, nil)
		if err != nil {
			return caddyhttp.Route{}, err
		}
		sub.Routes = append(sub.Routes, routes...)
	}
	sub.Routes = append(sub.Routes, a.auth...)
	if validate, written := g.blocks["validate"]; written {
		var more [][]string
		if a.settings.Faults != "" && !validate.has["faults"] {
			more = [][]string{{"faults", string(a.settings.Faults)}}
		}
		routes, err := g.expand("openapi_validate", []string{name}, validate.lines, more)
		if err != nil {
			return caddyhttp.Route{}, err
		}
		sub.Routes = append(sub.Routes, routes...)
	}
	proxies, err := g.proxies(a)
	if err != nil {
		return caddyhttp.Route{}, err
	}
	sub.Routes = append(sub.Routes, proxies...)
	route := caddyhttp.Route{HandlersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(sub, "handler", "subroute", nil)}}
	matchers, err := g.matchers(a, all)
	if len(matchers) > 0 {
		route.MatcherSetsRaw = []caddy.ModuleMap{matchers}
	}
	return route, err
}

// matchers takes the requests of a document: those below its base paths, but for
// those below the base paths of others that lie deeper.
func (g *directive) matchers(a *api, all []*api) (caddy.ModuleMap, error) {
	own, err := a.paths()
	if err != nil {
		return nil, err
	}
	var others []string
	for _, other := range all {
		if other == a {
			continue
		}
		paths, err := other.paths()
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			if slices.ContainsFunc(a.doc.API.BasePaths, func(base string) bool {
				return strings.HasPrefix(strings.ToLower(p), strings.ToLower(unescape(base))+"/")
			}) {
				others = append(others, p)
			}
		}
	}
	m := caddy.ModuleMap{}
	if !slices.Contains(a.doc.API.BasePaths, "") {
		m["path"] = g.JSON(caddyhttp.MatchPath(own))
	}
	if len(others) > 0 {
		m["not"] = g.JSON(caddyhttp.MatchNot{MatcherSetsRaw: []caddy.ModuleMap{{"path": g.JSON(caddyhttp.MatchPath(others))}}})
	}
	return m, nil
}

// wellKnown is where openapi_auth answers too (RFC 9728 section 3.1).
const wellKnown = "/.well-known/oauth-protected-resource"

// paths are the patterns of a document's requests.
func (a *api) paths() ([]string, error) {
	var all, resources []string
	for _, base := range a.doc.API.BasePaths {
		path := unescape(base)
		if !literal(path) {
			return nil, fmt.Errorf("%s: no path matcher can be written for the base path %s: name another one with base_path", a.file, base)
		}
		if base != "" {
			all = append(all, path, path+"/*")
		}
		resources = append(resources, wellKnown+path)
	}
	if a.settings.Resource != "" {
		u, err := url.Parse(a.settings.Resource)
		if err != nil {
			return nil, fmt.Errorf("resource %q: must be a URL such as https://api.example.com/v1", a.settings.Resource)
		}
		resources = []string{wellKnown + strings.TrimSuffix(u.Path, "/")}
	}
	if !slices.ContainsFunc(a.doc.API.Schemes, func(s *caddymgw.Scheme) bool {
		return s.Type == caddymgw.OAuth2 || s.Type == caddymgw.OpenIDConnect || s.HTTPScheme == "bearer"
	}) {
		return all, nil
	}
	for _, r := range resources {
		if !literal(r) {
			return nil, fmt.Errorf("%s: no path matcher can be written for %s: name another resource", a.file, r)
		}
	}
	return append(all, resources...), nil
}

// literal reports whether a path matcher compares a path as it is written: no byte
// is for a pattern, an escape or a placeholder.
func literal(path string) bool { return !strings.ContainsAny(path, `*?[\{}%`) }

// unescape returns a base path as path matchers compare it.
func unescape(base string) string {
	path, err := url.PathUnescape(base)
	if err != nil {
		return base
	}
	return path
}
