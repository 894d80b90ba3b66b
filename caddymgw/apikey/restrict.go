package apikey

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
)

// allows reports whether the key is for the API: name exact, version exact or
// "*". A key that lists none is for every API, unless lists are required.
func (l *limits) allows(api *caddymgw.API, required bool) bool {
	if len(l.apis) == 0 {
		return !required
	}
	return slices.ContainsFunc(l.apis, func(a AllowedAPI) bool {
		return a.Name == api.Name && (a.Version == api.Version || a.Version == "*")
	})
}

// permits reports whether the key may be used for this request, and if not, why.
func (l *limits) permits(r *caddymgw.Request) caddymgw.Reason {
	client := r.Client.Unmap().WithZone("") // no prefix contains another form
	switch {
	case l.operations != nil && !slices.Contains(l.operations, r.Operation.ID):
		return caddymgw.ReasonOperation
	case l.addresses != nil && !slices.ContainsFunc(l.addresses, func(p netip.Prefix) bool { return p.Contains(client) }):
		return caddymgw.ReasonAddress
	case l.referers != nil && !refererPermitted(l.referers, r.HTTP.Header["Referer"]):
		return caddymgw.ReasonReferer
	}
	return caddymgw.ReasonNone
}

// parsePrefix reads a CIDR (RFC 4632, RFC 4291) or a single address.
func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, errors.New("neither an address nor a CIDR such as 192.0.2.0/24")
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("write an IPv4 network without ::ffff: in front")
	}
	return p.Masked(), nil
}

// referer is one entry of permittedReferers: a host, or "*." and a domain for
// all hosts below it, with a path in front of which nothing else may stand.
type referer struct {
	host  string // lower case
	below bool   // host is a domain
	path  string // "" or "/..."; whole segments
}

func parseReferer(s string) (referer, error) {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
	s = strings.TrimSuffix(s, "/*")
	host, path, _ := strings.Cut(s, "/")
	r := referer{host: strings.ToLower(host)}
	if path = strings.Trim(path, "/"); path != "" {
		r.path = "/" + path
	}
	r.host, r.below = strings.CutPrefix(r.host, "*.")
	if r.host == "" || strings.ContainsAny(r.host, "*?#@ ") || strings.ContainsAny(r.path, "*?#") {
		return referer{}, errors.New("must be a host, or *. and a domain, with a path if need be, such as *.example.com/app")
	}
	return r, nil
}

// refererPermitted wants exactly one Referer (RFC 9110 section 10.1.3).
func refererPermitted(permitted []referer, lines []string) bool {
	if len(lines) != 1 {
		return false
	}
	u, err := url.Parse(lines[0])
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false
	}
	host := strings.ToLower(u.Host)
	return slices.ContainsFunc(permitted, func(r referer) bool {
		if r.below && !strings.HasSuffix(host, "."+r.host) || !r.below && host != r.host {
			return false
		}
		return r.path == "" || u.Path == r.path || strings.HasPrefix(u.Path, r.path+"/")
	})
}
