package openapigateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw/fault"
)

// group are the operations whose requests go the same way.
type group struct {
	to     byKeyType
	labels []string
}

// proxies are the routes behind openapi_auth. The last one takes what the others
// leave: only requests of declared operations come here.
func (g *directive) proxies(a *api) (caddyhttp.RouteList, error) {
	groups, err := a.groups()
	if err != nil {
		return nil, err
	}
	var routes caddyhttp.RouteList
	for i, group := range groups {
		matchers := caddy.ModuleMap{}
		if i < len(groups)-1 {
			matchers["vars_regexp"] = g.JSON(caddyhttp.MatchVarsRE{"{mgw.operation}": {Pattern: pattern(group.labels)}})
		}
		more, err := g.byKeyType(a, group.to, matchers)
		if err != nil {
			return nil, err
		}
		routes = append(routes, more...)
	}
	return routes, nil
}

// groups puts the largest last, and keeps the order of the document otherwise.
func (a *api) groups() ([]group, error) {
	var groups []group
	of := map[string]byKeyType{}
	for _, op := range a.doc.API.Operations {
		to, label := a.targets[op], op.Label()
		if other, known := of[label]; known && other != to {
			return nil, fmt.Errorf("%s: %s names two operations that go to different endpoints: change the operationId", a.file, label)
		}
		of[label] = to
		i := slices.IndexFunc(groups, func(g group) bool { return g.to == to })
		if i < 0 {
			groups = append(groups, group{to, []string{label}})
			continue
		}
		groups[i].labels = append(groups[i].labels, label)
	}
	largest := slices.MaxFunc(groups, func(x, y group) int { return len(x.labels) - len(y.labels) })
	i := slices.IndexFunc(groups, func(g group) bool { return g.to == largest.to })
	return append(slices.Delete(groups, i, i+1), largest), nil
}

func pattern(labels []string) string {
	quoted := make([]string, len(labels))
	for i, label := range labels {
		quoted[i] = regexp.QuoteMeta(label)
	}
	return "^(?:" + strings.Join(quoted, "|") + ")$"
}

// byKeyType sends keys of the type PRODUCTION, and credentials without a type, to
// one target and all others to the other, as WSO2 API Microgateway does.
func (g *directive) byKeyType(a *api, to byKeyType, matchers caddy.ModuleMap) (caddyhttp.RouteList, error) {
	production := caddy.ModuleMap{"vars": g.JSON(caddyhttp.VarsMatcher{"{http.auth.user.keytype}": {"", "PRODUCTION"}})}
	sandbox := caddy.ModuleMap{"not": g.JSON(caddyhttp.MatchNot{MatcherSetsRaw: []caddy.ModuleMap{production}})}
	var routes caddyhttp.RouteList
	add := func(r caddyhttp.Route, sets ...caddy.ModuleMap) {
		all := caddy.ModuleMap{}
		for _, set := range sets {
			for name, m := range set {
				all[name] = m
			}
		}
		if len(all) > 0 {
			r.MatcherSetsRaw = []caddy.ModuleMap{all}
		}
		routes = append(routes, r)
	}
	last := to.production
	switch {
	case to.production == nil:
		add(a.refuse("Production key offered to the API with no production endpoint"), matchers, production)
		last = to.sandbox
	case to.sandbox == nil:
		add(a.refuse("Sandbox key offered to the API with no sandbox endpoint"), matchers, sandbox)
	case to.sandbox != to.production:
		r, err := g.proxy(to.sandbox)
		if err != nil {
			return nil, err
		}
		add(r, matchers, sandbox)
	}
	r, err := g.proxy(last)
	if err != nil {
		return nil, err
	}
	add(r, matchers)
	return routes, nil
}

// refuse answers 403, in the style of the document's faults.
func (a *api) refuse(why string) caddyhttp.Route {
	if a.settings.Faults == fault.Caddy {
		return caddyhttp.Route{HandlersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(
			caddyhttp.StaticError{Error: why, StatusCode: caddyhttp.WeakString(strconv.Itoa(http.StatusForbidden))}, "handler", "error", nil)}}
	}
	body, contentType := a.settings.Faults.Body(fault.AccessDenied, why)
	return caddyhttp.Route{HandlersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(caddyhttp.StaticResponse{
		StatusCode: caddyhttp.WeakString(strconv.Itoa(http.StatusForbidden)),
		Headers:    http.Header{"Content-Type": {contentType}, "Cache-Control": {"no-store"}},
		Body:       string(body),
	}, "handler", "static_response", nil)}}
}
