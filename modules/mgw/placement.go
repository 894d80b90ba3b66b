package mgw

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/rewrite"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// Gate marks a handler that decides whether requests pass.
type Gate interface {
	// Gate returns what it decides by, and the file that this was read from.
	Gate() (file string, doc *openapi.Document)
}

// Endpoint marks a handler behind a gate of which openapi_gateway has written
// both: they are for the base paths of one document.
type Endpoint interface{ Endpoint() }

// checkPlacement looks for proxies that requests reach without passing the gate
// that was meant for them, and for gates that no request comes to. Only a
// configuration that is about to start can be judged: handlers are provisioned one
// after another.
func (a *App) checkPlacement(http *caddyhttp.App) error {
	p := placement{dials: map[string]*dialled{}}
	for name, server := range http.Servers {
		if err := p.server(server); err != nil {
			return fmt.Errorf("http server %s: %w", name, err)
		}
	}
	for address, d := range p.dials {
		if d.gated && d.open {
			a.logger.Warn("an upstream behind openapi_auth is also reached without it", zap.String("upstream", address))
		}
	}
	if p.rewritten {
		a.logger.Warn("requests are rewritten between openapi_auth and the proxy: the upstream gets another target than the one that was authorised")
	}
	return nil
}

type placement struct {
	dials     map[string]*dialled
	rewritten bool
}

type dialled struct{ gated, open bool }

// passage is what a request has passed on its way along one chain.
type passage struct {
	gate    bool // it was decided on
	partial bool // some requests were, in a block whose proxy is elsewhere
	proxy   bool // all of them went to a proxy
	served  []*served
}

func (p *placement) server(s *caddyhttp.Server) error {
	var at passage
	if err := p.walk(s.Routes, &at); err != nil {
		return err
	}
	if err := refuseRivals(at.served); err != nil || s.Errors == nil {
		return err
	}
	return p.walk(s.Errors.Routes, &passage{}) // where refused requests come too
}

func (p *placement) walk(routes caddyhttp.RouteList, at *passage) error {
	for _, route := range routes {
		if route.Group == "" && len(route.MatcherSets) == 0 {
			if err := p.handlers(route.Handlers, at); err != nil {
				return err
			}
			continue
		}
		branch := *at // other requests do not come this way
		branch.served = slices.Clip(at.served)
		if err := p.handlers(route.Handlers, &branch); err != nil {
			return err
		}
		if branch.gate && !at.gate && !branch.proxy {
			at.partial = true
		}
		if !alone(route) {
			if err := refuseRivals(branch.served); err != nil {
				return err
			}
			continue
		}
		for _, s := range branch.served[len(at.served):] {
			s.takes, s.always = route.MatcherSets.AnyMatchWithError, false
		}
		at.served = branch.served
	}
	return nil
}

func (p *placement) handlers(handlers []caddyhttp.MiddlewareHandler, at *passage) error {
	for _, h := range handlers {
		switch h := h.(type) {
		case Gate:
			s := &served{always: true}
			s.file, s.doc = h.Gate()
			before := at.served
			at.served = append(at.served, s)
			if at.proxy {
				return refuseBehind(before, s)
			}
			at.gate = true
		case Endpoint:
			if n := len(at.served); n > 0 {
				at.served[n-1].whole = true
			}
		case *caddyhttp.Subroute:
			if err := p.walk(h.Routes, at); err != nil {
				return err
			}
			if h.Errors != nil {
				if err := p.walk(h.Errors.Routes, &passage{}); err != nil {
					return err
				}
			}
		case *rewrite.Rewrite:
			p.rewritten = p.rewritten || at.gate
		case *reverseproxy.Handler:
			if err := p.dial(h, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *placement) dial(h *reverseproxy.Handler, at *passage) error {
	asks := len(h.HandleResponse) > 0 // as forward_auth does, and the request may go on
	if at.partial && !at.gate && !asks {
		return fmt.Errorf("openapi_auth stands in a block for some requests, and the proxy behind it takes all of them: put the proxy into the block too")
	}
	if r := h.Rewrite; r != nil && at.gate && (!asks || r.Method != http.MethodGet) && (r.URI != "" || r.Method != "" || r.StripPathPrefix != "" || r.StripPathSuffix != "" || len(r.URISubstring)+len(r.PathRegexp) > 0) {
		p.rewritten = true
	}
	for _, u := range h.Upstreams {
		d := p.dials[u.Dial]
		if d == nil {
			d = new(dialled)
			p.dials[u.Dial] = d
		}
		d.gated, d.open = d.gated || at.gate, d.open || !at.gate
	}
	for _, answer := range h.HandleResponse {
		branch := *at
		branch.served = slices.Clip(at.served)
		if err := p.walk(answer.Routes, &branch); err != nil {
			return err
		}
	}
	at.proxy = at.proxy || !asks
	return nil
}
