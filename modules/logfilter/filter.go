package logfilter

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/logging"
	"go.uber.org/zap/zapcore"

	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(Filter{})
}

// Filter replaces, in the field "request" of a log line, the values of every
// header, query parameter and cookie that a loaded OpenAPI document declares as
// a credential, in whatever spelling; Authorization always; what stands before an
// @ in URLs; and everything that looks like a signed or encrypted token. It does the same to
// the headers in "resp_headers" and to URLs in text fields such as "uri", where
// it is named for them. What it replaces reads REDACTED.
type Filter struct{}

// CaddyModule returns the Caddy module information.
func (Filter) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.logging.encoders.filter.mgw", New: func() caddy.Module { return new(Filter) }}
}

// Provision notes that this configuration is filtered.
func (Filter) Provision(ctx caddy.Context) error {
	mgw.FilterLoaded(ctx)
	return nil
}

// Filter returns the field with a cleaned copy; fields of other kinds are
// returned as they are.
func (Filter) Filter(in zapcore.Field) zapcore.Field {
	switch value := in.Interface.(type) {
	case caddyhttp.LoggableHTTPRequest:
		value.Request = clean(value.Request)
		in.Interface = value
	case caddyhttp.LoggableHTTPHeader:
		value.Header = cleanHeaders(value.Header)
		in.Interface = value
	}
	if in.Type == zapcore.StringType {
		in.String = cleanURI(in.String)
	}
	return in
}

const redacted = "REDACTED"

// signed is a compact JWS or JWE: its header is a JSON object, which starts so.
// Its dots may be escaped, and some of its parts may be empty.
var signed = regexp.MustCompile(`eyJ[A-Za-z0-9_-]*((\.|%2[eE])[A-Za-z0-9_-]*){2,4}`)

// userinfo is the user and password of a URL (RFC 3986 section 3.2.1).
var userinfo = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#@]*@`)

func clean(r *http.Request) *http.Request {
	c := r.WithContext(r.Context())
	c.RequestURI = cleanURI(r.RequestURI)
	c.Header = cleanHeaders(r.Header)
	return c
}

func cleanHeaders(h http.Header) http.Header {
	cleaned := make(http.Header, len(h))
	for name, values := range h {
		list := make([]string, len(values))
		for i, v := range values {
			list[i] = cleanHeader(name, v)
		}
		cleaned[name] = list
	}
	return cleaned
}

func cleanHeader(name, value string) string {
	switch {
	case mgw.Redacted("header", name), name == "Authorization", name == "Proxy-Authorization":
		return redacted
	case name == "Cookie":
		value = cleanPairs(value, ";", "cookie")
	case name == "Referer", name == "Location", name == "Content-Location":
		value = cleanURI(value)
	}
	return signed.ReplaceAllLiteralString(value, redacted)
}

func cleanURI(uri string) string {
	uri = userinfo.ReplaceAllString(uri, "${1}"+redacted+"@")
	path, query, found := strings.Cut(uri, "?")
	if found {
		uri = path + "?" + cleanPairs(query, "&", "query")
	}
	return signed.ReplaceAllLiteralString(uri, redacted)
}

// cleanPairs redacts the values of declared names. A name that can't be read
// might be one of them.
func cleanPairs(s, sep, kind string) string {
	pairs := strings.Split(s, sep)
	for i, pair := range pairs {
		name, _, found := strings.Cut(pair, "=")
		if !found {
			continue
		}
		plain, err := strings.TrimSpace(name), error(nil)
		if kind == "query" {
			plain, err = url.QueryUnescape(name)
		}
		if err != nil || mgw.Redacted(kind, plain) {
			pairs[i] = name + "=" + redacted
		}
	}
	return strings.Join(pairs, sep)
}

// UnmarshalCaddyfile parses the filter. Syntax:
//
//	request mgw
func (*Filter) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if err := mgw.NoArg(d); err != nil {
		return err
	}
	for d.NextBlock(0) {
		return d.Errf("unrecognized option: %s; there are none", d.Val())
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner      = (*Filter)(nil)
	_ caddyfile.Unmarshaler  = (*Filter)(nil)
	_ logging.LogFieldFilter = (*Filter)(nil)
)
