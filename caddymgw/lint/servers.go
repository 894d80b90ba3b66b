package lint

import (
	"cmp"
	"net"
	"net/netip"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// exposed is a server that clients are told to speak to without TLS.
type exposed struct {
	at         openapi.Node
	url        string
	operations []*operation
}

// exposed finds such servers: of operations, of their paths and of the document, of
// which the nearest count. OpenAPI 2.0 says it by schemes and host.
func (v *view) exposed() (all []exposed) {
	member := "servers"
	if !v.root.Get("swagger").IsZero() {
		member = "schemes"
	}
	host := v.root.Get("host").Scalar()
	for _, g := range byCause(v.operations(), func(op *operation) openapi.Node { return v.holder(op, member) }) {
		for _, item := range g.at.Get(member).Items() {
			e := exposed{item.Get("url"), item.Get("url").Scalar(), g.operations}
			if member == "schemes" {
				e.at, e.url = item, item.Scalar()+"://"+cmp.Or(host, "HOST") // that of the document
			}
			if cleartext(e.url, item.Get("variables")) {
				all = append(all, e)
			}
		}
	}
	return all
}

// holder is what has the servers of an operation.
func (v *view) holder(op *operation, member string) openapi.Node {
	for _, node := range []openapi.Node{op.node, op.item} {
		if hasItems(node.Get(member)) {
			return node
		}
	}
	return v.root
}

// passwords are the operations that take HTTP Basic.
func (e exposed) passwords() (all []*operation) {
	for _, op := range e.operations {
		if op.asks(func(s *caddymgw.Scheme) bool { return s.HTTPScheme == "basic" }) {
			all = append(all, op)
		}
	}
	return all
}

// cleartext reports whether a URL is one without TLS, to another machine. Its scheme
// may be left to variables.
func cleartext(url string, variables openapi.Node) bool {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return false
	}
	schemes := []string{scheme}
	if name, found := strings.CutPrefix(scheme, "{"); found {
		variable := variables.Get(strings.TrimSuffix(name, "}"))
		schemes = []string{variable.Get("default").Scalar()}
		for _, value := range variable.Get("enum").Items() {
			schemes = append(schemes, value.Scalar())
		}
	}
	for _, s := range schemes {
		if s = strings.ToLower(s); s == "http" || s == "ws" {
			authority, _, _ := strings.Cut(rest, "/")
			return !loopback(authority)
		}
	}
	return false
}

// loopback reports whether an authority is that of the own machine (RFC 6761
// section 6.3).
func loopback(authority string) bool {
	host, _, err := net.SplitHostPort(authority)
	if err != nil {
		host = strings.Trim(authority, "[]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && (ip.IsLoopback() || ip.IsUnspecified())
}
