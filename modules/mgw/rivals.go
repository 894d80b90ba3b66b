package mgw

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// served is a document on one chain of a site, in its order.
type served struct {
	file   string
	doc    *openapi.Document
	whole  bool // with its proxy, by openapi_gateway
	always bool // all requests of the chain come to it
	takes  func(*http.Request) (bool, error)
}

// refuseRivals refuses documents that stand in each other's way: what two
// directives openapi_gateway of one site claim is compared like that of one. Where
// matchers ask for more than a path, as those of handle blocks may, requests are
// told apart by what nobody here can judge.
func refuseRivals(all []*served) error {
	for i, first := range all {
		for _, then := range all[i+1:] {
			if err := rivals(first, then); err != nil {
				return err
			}
		}
	}
	return nil
}

func rivals(first, then *served) error {
	switch {
	case !first.whole && first.always && then.whole:
		return fmt.Errorf("openapi_auth %s stands before openapi_gateway %s and answers what its own document does not declare: put openapi_auth and its proxy into a handle block", first.file, then.file)
	case !first.whole || !then.whole && !then.always:
		return nil
	case first.file == then.file:
		return fmt.Errorf("%s stands twice on one site, where all of its requests go to the first: take one out", first.file)
	}
	if o, found := openapi.FindOverlap(first.doc, then.doc); found {
		return o.Err(first.file, then.file)
	}
	if o, found := openapi.FindOverlap(then.doc, first.doc); found {
		return o.Err(then.file, first.file)
	}
	for _, base := range then.doc.API.BasePaths {
		if first.has(base) {
			return fmt.Errorf("%s lies below a base path of %s, whose openapi_gateway stands before and takes all requests: name both in one openapi_gateway, or write that of %s first", then.file, first.file, then.file)
		}
	}
	return nil
}

// refuseBehind refuses a gate behind a proxy.
func refuseBehind(before []*served, s *served) error {
	for _, first := range before {
		if err := rivals(first, s); err != nil {
			return err
		}
	}
	return errors.New("a proxy stands before openapi_auth, so that no request ever comes to it: put openapi_auth first")
}

// has reports whether the requests below a base path come to a document.
func (s *served) has(base string) bool {
	if s.takes == nil {
		return true
	}
	path, err := url.PathUnescape(base)
	if err != nil {
		return false
	}
	ctx := context.WithValue(context.Background(), caddy.ReplacerCtxKey, caddy.NewEmptyReplacer())
	r := (&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path + "/"}}).WithContext(ctx)
	found, err := s.takes(r)
	return found && err == nil
}

// alone reports whether a route is like those of openapi_gateway: it has nothing
// but a document, and takes requests by nothing but their path.
func alone(route caddyhttp.Route) bool {
	if route.Group != "" || len(route.Handlers) != 1 || !onlyPaths(route.MatcherSets) {
		return false
	}
	sub, ok := route.Handlers[0].(*caddyhttp.Subroute)
	return ok && slices.ContainsFunc(sub.Routes, func(r caddyhttp.Route) bool {
		return len(r.MatcherSets) == 0 && slices.ContainsFunc(r.Handlers, isGate)
	})
}

func isGate(h caddyhttp.MiddlewareHandler) bool {
	_, ok := h.(Gate)
	return ok
}

func onlyPaths(sets []caddyhttp.MatcherSet) bool {
	for _, set := range sets {
		for _, m := range set {
			switch m := m.(type) {
			case *caddyhttp.MatchPath, caddyhttp.MatchPath:
			case *caddyhttp.MatchNot:
				if !onlyPaths(m.MatcherSets) {
					return false
				}
			default:
				return false
			}
		}
	}
	return true
}
