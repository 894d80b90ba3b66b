package openapigateway

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// refuseOwn refuses an upstream at which this very server listens: a request
// would go round until nothing is left of the machine.
func (e *Endpoint) refuseOwn(server *caddyhttp.Server) error {
	if server == nil {
		return nil
	}
	hosts := hostsOf(server)
	for _, upstream := range e.Upstreams {
		to, ok := addressOf(upstream)
		if !ok {
			continue
		}
		for _, listen := range server.Listen {
			at, err := caddy.ParseNetworkAddress(listen)
			if err != nil || !meets(at, to) {
				continue
			}
			if sameHost(at, to.Host) || served(hosts, to.Host) {
				return fmt.Errorf("the upstream %s is this gateway itself, which listens on %s: name the upstream behind it, as in: openapi_gateway DOCUMENT HOST:PORT, or in x-caddymgw-upstreams (servers of a document are often the address of the gateway)", upstream, listen)
			}
		}
	}
	return nil
}

// refuseAdmin refuses an endpoint of the document that is the admin API of this
// program: it would be open to whoever may call an operation. An upstream in the
// Caddyfile is its author's own choice.
func (g *directive) refuseAdmin(e *openapi.Endpoint) error {
	if e == nil {
		return nil
	}
	listen := caddy.DefaultAdminListen
	if admin, ok := g.Option("admin").(*caddy.AdminConfig); ok {
		if admin.Disabled {
			return nil
		}
		listen = admin.Listen
	}
	at, err := caddy.ParseNetworkAddressWithDefaults(caddy.NewReplacer().ReplaceKnown(listen, ""), "tcp", adminPort)
	if err != nil {
		return fmt.Errorf("admin %s: %w", listen, err)
	}
	for _, server := range e.Servers {
		if to, ok := addressOf(server); ok && meets(at, to) && sameHost(at, to.Host) {
			return e.Errorf("%s is the admin API of this program: no document may send requests there", server)
		}
	}
	return nil
}

// adminPort is the one that Caddy takes where an address of the admin API has none.
const adminPort = 2019

// addressOf reads an upstream as reverse_proxy does; ok is false where only a
// request can tell.
func addressOf(upstream string) (caddy.NetworkAddress, bool) {
	port := uint(80)
	if scheme, rest, ok := strings.Cut(upstream, "://"); ok {
		upstream, _, _ = strings.Cut(rest, "/")
		if scheme == "https" {
			port = 443
		}
	}
	if strings.Contains(upstream, "{") {
		return caddy.NetworkAddress{}, false
	}
	a, err := caddy.ParseNetworkAddressWithDefaults(upstream, "tcp", port)
	return a, err == nil
}

// meets reports whether two addresses may be one, by all but the host.
func meets(a, b caddy.NetworkAddress) bool {
	if a.IsUnixNetwork() || b.IsUnixNetwork() {
		return a.IsUnixNetwork() && b.IsUnixNetwork()
	}
	return a.StartPort <= b.EndPort && b.StartPort <= a.EndPort
}

// sameHost reports whether who connects to a host reaches a listener.
func sameHost(listen caddy.NetworkAddress, host string) bool {
	if strings.EqualFold(listen.Host, host) {
		return true
	}
	if listen.IsUnixNetwork() {
		return false
	}
	for _, at := range addresses(listen.Host) {
		for _, to := range addresses(host) {
			if to.IsUnspecified() { // connects to the machine itself
				to = netip.IPv6Loopback()
				if at.Is4() {
					to = loopback
				}
			}
			if at == to || at.IsUnspecified() && (to.IsLoopback() || ofThisMachine(to)) {
				return true
			}
		}
	}
	return false
}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// addresses reads a host as far as no resolver is asked; "" is every address.
func addresses(host string) []netip.Addr {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host != "localhost" && strings.HasSuffix(host, ".localhost") { // RFC 6761 section 6.3
		host = "localhost"
	}
	switch host {
	case "":
		return []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	case "localhost":
		return []netip.Addr{loopback, netip.IPv6Loopback()}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return nil
	}
	return []netip.Addr{a.Unmap()}
}

func ofThisMachine(a netip.Addr) bool {
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, o := range own {
		if p, err := netip.ParsePrefix(o.String()); err == nil && p.Addr().Unmap() == a {
			return true
		}
	}
	return false
}

// hostsOf lists the names that a server serves.
func hostsOf(server *caddyhttp.Server) (hosts []string) {
	for _, route := range server.Routes {
		for _, set := range route.MatcherSets {
			for _, m := range set {
				switch m := m.(type) {
				case *caddyhttp.MatchHost:
					hosts = append(hosts, *m...)
				case caddyhttp.MatchHost:
					hosts = append(hosts, m...)
				}
			}
		}
	}
	return hosts
}

// served reports whether a name is among those of a server, of which some may
// begin with "*.".
func served(hosts []string, name string) bool {
	name = strings.TrimSuffix(name, ".")
	_, parent, _ := strings.Cut(name, ".")
	for _, h := range hosts {
		below, wildcard := strings.CutPrefix(h, "*.")
		if strings.EqualFold(h, name) || wildcard && strings.EqualFold(below, parent) {
			return true
		}
	}
	return false
}
