package mgw

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"golang.org/x/net/http/httpguts"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/apikey"
)

// APIName names an API.
type APIName struct {
	Name    string `json:"name"`
	Version string `json:"version"` // of a question also "" and *: every one
}

// names reports whether an API is meant; nil means every one.
func (n *APIName) names(api *caddymgw.API) bool {
	return n == nil || n.Name == api.Name && (n.Version == api.Version || n.Version == "" || n.Version == "*")
}

// Question is a request that nobody has sent, as it would come to openapi_auth.
type Question struct {
	API     *APIName            `json:"api,omitempty"`     // default: every one that declares the path
	Method  string              `json:"method"`            // required
	Path    string              `json:"path"`              // as in the request line, with its query; required
	Headers map[string][]string `json:"headers,omitempty"` // their names in any case
	Client  string              `json:"client,omitempty"`  // the address of who connects; default: it is not known
	TLS     bool                `json:"tls"`               // it came by TLS, without a client certificate
}

// QuestionMembers are the names that a Question has in JSON.
const QuestionMembers = "api, method, path, headers, client, tls"

// Check refuses what no server would take for a request. Its error is a
// *apikey.GrantError, and repeats nothing.
func (q Question) Check() error {
	switch {
	case q.Method == "" || !httpguts.ValidHeaderFieldName(q.Method): // both are tokens
		return &apikey.GrantError{Member: "method", Reason: "must be a method such as GET"}
	case q.Path == "" || strings.ContainsFunc(q.Path, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return &apikey.GrantError{Member: "path", Reason: "must be like /pets/1?full=yes, without blanks"}
	}
	if _, err := url.ParseRequestURI(q.Path); err != nil {
		return &apikey.GrantError{Member: "path", Reason: "no server can read this: must be like /pets/1?full=yes"}
	}
	for name, values := range q.Headers {
		if !httpguts.ValidHeaderFieldName(name) {
			return &apikey.GrantError{Member: "headers", Reason: "a name is none of a header"}
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return &apikey.GrantError{Member: "headers", Reason: "a value holds control characters"}
			}
		}
	}
	if _, err := netip.ParseAddr(q.Client); q.Client != "" && err != nil {
		return &apikey.GrantError{Member: "client", Reason: "must be an address such as 192.0.2.1"}
	}
	return nil
}

// request is what Caddy would hand to openapi_auth at a site.
func (q Question) request(ctx context.Context, s Site) (*http.Request, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	target, err := url.ParseRequestURI(q.Path)
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method: q.Method, URL: target, RequestURI: q.Path, Header: http.Header{}, Body: http.NoBody,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	for name, values := range q.Headers {
		for _, v := range values {
			r.Header.Add(name, strings.Trim(v, " \t"))
		}
	}
	r.Host = r.Header.Get("Host")
	delete(r.Header, "Host")
	if q.Client != "" {
		r.RemoteAddr = net.JoinHostPort(q.Client, "0")
	}
	if q.TLS {
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
	}
	r = caddyhttp.PrepareRequest(r.WithContext(ctx), caddy.NewReplacer(), nil, s.Server)
	s.expected().drop(r.Header)
	return r, nil
}
