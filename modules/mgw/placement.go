package mgw

import (
	"fmt"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/rewrite"
	"go.uber.org/zap"
)

// Gate marks a handler that decides whether requests pass.
type Gate interface{ Gate() }

// checkPlacement looks for proxies that requests reach without passing the gate
// that was meant for them. Only a configuration that is about to start can be
// judged: handlers are provisioned one after another.
func (a *App) checkPlacement(http *caddyhttp.App) error {
	p := placement{dials: map[string]*dialled{}}
	for name, server := range http.Servers {
		if err := p.walk(server.Routes, &passage{}); err != nil {
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
		if err := p.handlers(route.Handlers, &branch); err != nil {
			return err
		}
		if branch.gate && !at.gate && !branch.proxy {
			at.partial = true
		}
	}
	return nil
}

func (p *placement) handlers(handlers []caddyhttp.MiddlewareHandler, at *passage) error {
	for _, h := range handlers {
		switch h := h.(type) {
		case Gate:
			if at.proxy {
				return fmt.Errorf("a proxy stands before openapi_auth, so that no request ever comes to it: put openapi_auth first")
			}
			at.gate = true
		case *caddyhttp.Subroute:
			if err := p.walk(h.Routes, at); err != nil {
				return err
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
	if at.partial && !at.gate {
		return fmt.Errorf("openapi_auth stands in a block for some requests, and the proxy behind it takes all of them: put the proxy into the block too")
	}
	at.proxy = true
	if r := h.Rewrite; r != nil && at.gate && (r.URI != "" || r.Method != "" || r.StripPathPrefix != "" || r.StripPathSuffix != "" || len(r.URISubstring)+len(r.PathRegexp) > 0) {
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
	return nil
}
