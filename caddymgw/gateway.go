package caddymgw

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// Router finds the operation of a request. It judges the path before it
// matches: its denials are 400, 404 and 405.
type Router interface {
	Route(*http.Request) (*Operation, *Denial)
}

// Gateway decides for one API. Its fields are set once, before the first call
// of Decide; it is safe for concurrent use.
type Gateway struct {
	Router   Router
	Observer Observer // may be nil
	// SameSubject asks that all principals of an alternative are one subject.
	SameSubject bool
	ReportOnly  *ReportOnly      // nil: everything is enforced
	Now         func() time.Time // nil: time.Now
	// Client tells the address behind trusted proxies. Nil: RemoteAddr.
	Client func(*http.Request) netip.Addr
	// Target returns the request target as it arrived, before any rewrite,
	// which would hide its absolute form. Nil: that of the request itself.
	Target func(*http.Request) (uri string, parsed *url.URL)
}

// Decide judges one request. It reads headers, URL and TLS state, never the
// body, and changes nothing.
func (g *Gateway) Decide(ctx context.Context, r *http.Request) Decision {
	now := time.Now
	if g.Now != nil {
		now = g.Now
	}
	start := now()
	e := &evaluation{req: Request{HTTP: r, Now: start, Client: g.client(r)}, sameSubject: g.SameSubject}
	d := g.settle(ctx, e, g.decide(ctx, e))
	if g.Observer != nil {
		g.Observer.Decided(&e.req, d, now().Sub(start))
	}
	return d
}

func (g *Gateway) decide(ctx context.Context, e *evaluation) Decision {
	r := e.req.HTTP
	uri, parsed := r.RequestURI, r.URL
	if g.Target != nil {
		uri, parsed = g.Target(r)
	}
	if !originForm(r.Method, uri, parsed) {
		return Decision{Denial: Deny(fault.BadRequest, ReasonPath)}
	}
	op, denial := g.Router.Route(r)
	if denial != nil {
		return Decision{Denial: denial}
	}
	if op.API.TLSOnly && r.TLS == nil {
		return Decision{Denial: Deny(fault.NotFound, ReasonTransport)}
	}
	e.req.Operation = op
	query, err := credential.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Decision{Operation: op, Denial: Deny(fault.BadRequest, ReasonQuery)}
	}
	if op.Public() {
		return Decision{Operation: op}
	}
	return e.decide(ctx, query)
}

func (g *Gateway) client(r *http.Request) netip.Addr {
	if g.Client != nil {
		return g.Client(r)
	}
	ap, _ := netip.ParseAddrPort(r.RemoteAddr)
	return ap.Addr().Unmap()
}

// originForm reports whether the request target has the origin-form of RFC
// 9112 section 3.2.1: the absolute form would choose another authority than
// the Host header says, and "*" and the authority form name no path. HTTP/2
// and 3 have no RequestURI of another form than this.
func originForm(method, uri string, u *url.URL) bool {
	return strings.HasPrefix(u.Path, "/") && u.Host == "" && u.Scheme == "" && u.Opaque == "" &&
		method != http.MethodConnect && (uri == "" || strings.HasPrefix(uri, "/"))
}
