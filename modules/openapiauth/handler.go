package openapiauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(Handler))
}

// Handler authenticates requests as an OpenAPI document says, in its "security"
// and security schemes. What the document does not declare is answered with 404
// or 405, what is not allowed with 401 or 403; only the rest goes on.
//
// It sets the placeholders {http.auth.user.id}, {http.auth.user.scheme},
// {http.auth.user.scopes}, {http.auth.user.key_id}, {http.auth.user.issuer},
// {http.auth.user.keytype},
// {mgw.api}, {mgw.operation} and {mgw.fault.code}, and the access-log fields
// mgw_api, mgw_operation and mgw_outcome.
type Handler struct {
	// The OpenAPI document, 2.0 to 3.2, YAML or JSON. Required.
	Document string `json:"document"`

	// SHA-256 of the document and the files it refers to, so that a reload sees
	// a changed one. Written by the Caddyfile adapter.
	Fingerprint string `json:"fingerprint,omitempty"`

	// The path below which the operations lie; replaces the paths of the
	// document's servers (2.0: basePath).
	BasePath string `json:"base_path,omitempty"`

	// What an operation asks for where the document declares nothing: oauth2,
	// deny, public, or the names of schemes of which one must hold. Default: oauth2
	DefaultSecurity []string `json:"default_security,omitempty"`

	// How single schemes are verified, by scheme name. Default: by their type.
	// Each is a module in the namespace mgw.verifiers, named by its member
	// "verifier".
	SchemesRaw map[string]json.RawMessage `json:"schemes,omitempty" caddy:"namespace=mgw.verifiers inline_key=verifier"`

	// The header in which Basic and Bearer credentials are read. Default: that of
	// x-wso2-auth-header, else Authorization.
	AuthHeader string `json:"auth_header,omitempty"`

	// How requirements combine: openapi, as OpenAPI says, or any, as WSO2 API
	// Microgateway does: each scheme that is named suffices alone, and so does any
	// one of the scopes. Default: openapi
	Combine string `json:"combine,omitempty"`

	// Ask that all credentials of an alternative name one subject. Default: an
	// application's key and a user's token may differ.
	SameSubject bool `json:"same_subject,omitempty"`

	// Leave verified credentials in the request. Default: they are stripped.
	ForwardCredentials bool `json:"forward_credentials,omitempty"`

	// Headers that tell the upstream who calls. What clients send under these
	// names is removed.
	IdentityHeaders []IdentityHeader `json:"identity_headers,omitempty"`

	// A short-lived JWT that tells the upstream who calls. Default: none.
	BackendJWT *BackendJWT `json:"backend_jwt,omitempty"`

	// The identifier of the API as a protected resource (RFC 9728), a URL.
	// Default: scheme and host of each request, and the base path.
	Resource string `json:"resource,omitempty"`

	// Cut the base path from requests that pass.
	StripBasePath bool `json:"strip_base_path,omitempty"`

	// The form of error bodies: wso2, problem (RFC 9457), or caddy, which leaves
	// them to handle_errors. Default: wso2
	Faults fault.Style `json:"faults,omitempty"`

	// Let %2F stand inside a segment. Default: such paths are answered with 400.
	AllowEncodedSlash bool `json:"allow_encoded_slash,omitempty"`

	// Let ; and %3B stand in the path. Default: such paths are answered with 400.
	AllowSemicolon bool `json:"allow_semicolon,omitempty"`

	// Decide, log and count, but let through what would be refused, for the whole
	// API or for single schemes. Default: everything is enforced.
	ReportOnly *ReportOnly `json:"report_only,omitempty"`

	app      *mgw.App
	doc      *openapi.Document
	gateway  *caddymgw.Gateway
	border   *caddymgw.Border
	reported *caddymgw.ReportOnly // nil: everything is enforced
	vary     string               // where caches must look for keys

	certificateHeaders []string // where verifiers read certificates of clients
	logs               bool
	tokens             bool     // access tokens are accepted here
	issuers            []string // theirs, as far as they are URLs
	logger             *zap.Logger
}

// IdentityHeader is one header that the upstream gets.
type IdentityHeader struct {
	// The header's name. Required.
	Header string `json:"header"`

	// subject, scheme, issuer, key_id, scopes, api or operation; or a text with
	// such fields between < and >. Required.
	Field string `json:"field"`
}

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.openapi_auth", New: func() caddy.Module { return new(Handler) }}
}

// Gate says that requests are decided on here, and by what.
func (h *Handler) Gate() (file string, doc *openapi.Document) { return h.Document, h.doc }

// readyTimeout is how long a request waits for the gateway to become ready.
const readyTimeout = 5 * time.Second

// ServeHTTP lets the request pass or answers it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	d := h.decide(r)
	h.publish(r, d)
	if undeclared(d) && h.describesResource(r) {
		return h.describeResource(w, r)
	}
	if d.Denial != nil {
		return h.refuse(w, r, d)
	}
	assertion, err := h.assertion(d)
	if err != nil {
		h.logger.Error("signing for the upstream failed", zap.Error(err))
	}
	if err != nil && !h.gateway.ReportOnly.Everything() {
		return h.refuse(w, r, caddymgw.Decision{Operation: d.Operation, Denial: notReady()})
	}
	w = h.report(w, r, d)
	l := h.newLease(w, r, h.gateway.ReportOnly.Enforced(d.Principals))
	if l != nil {
		w = l
		defer l.stop()
	}
	if h.vary != "" {
		vary := w.Header()["Vary"]
		if vary == nil && l != nil {
			vary = l.vary[:0]
		}
		w.Header()["Vary"] = append(vary, h.vary)
	}
	announce(w.Header(), d.Retirement)
	query := r.URL.RawQuery
	h.border.Cross(r, d)
	if assertion != "" {
		r.Header[h.BackendJWT.Header] = []string{assertion}
	}
	if h.StripBasePath {
		h.stripBasePath(r)
	}
	if query != r.URL.RawQuery {
		forgetOriginal(r)
	}
	if h.StripBasePath || query != r.URL.RawQuery {
		r.RequestURI = r.URL.RequestURI()
	}
	return next.ServeHTTP(w, r)
}

func (h *Handler) decide(r *http.Request) caddymgw.Decision {
	if h.app.IsReady() {
		return h.gateway.Decide(r.Context(), r)
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if h.app.Ready(ctx) == nil {
		return h.gateway.Decide(r.Context(), r)
	}
	d := h.unready()
	h.gateway.Observer.Decided(&caddymgw.Request{HTTP: r, Now: start}, d, time.Since(start))
	return d
}

func notReady() *caddymgw.Denial {
	d := caddymgw.Deny(fault.Unclassified, caddymgw.ReasonNotReady)
	d.RetryAfter = readyTimeout
	return d
}

func (h *Handler) assertion(d caddymgw.Decision) (string, error) {
	if h.BackendJWT == nil {
		return "", nil
	}
	return h.BackendJWT.signer.Sign(d)
}

// refuse answers with the denial's status, challenges and fault.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, d caddymgw.Decision) error {
	denial := d.Denial
	if c := h.logger.Check(zapcore.DebugLevel, "refused"); c != nil {
		fields := []zap.Field{
			zap.Int("status", denial.Status),
			zap.Int("code", int(denial.Fault)),
			zap.String("reason", string(denial.Reason)),
		}
		if d.Operation != nil {
			fields = append(fields, zap.String("operation", d.Operation.Label()))
		}
		c.Write(fields...)
	}
	header := w.Header()
	for _, c := range denial.Challenges {
		if h.tokens && strings.HasPrefix(c, "Bearer ") {
			c = fault.WithResource(c, h.resourceMetadata(r))
		}
		header.Add("WWW-Authenticate", c)
	}
	if denial.Allow != nil {
		header.Set("Allow", strings.Join(denial.Allow, ", "))
	}
	if denial.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(denial.RetryAfter.Seconds())))
	}
	if h.Faults == fault.Caddy {
		h.border.Clean(r)
		forgetOriginal(r)
		return caddyhttp.Error(denial.Status, errors.New(denial.Fault.Message()))
	}
	header.Set("Cache-Control", "no-store")
	h.Faults.Write(w, denial.Fault, "")
	return nil
}

// stripBasePath is the only rewrite that we do; the rest of the path goes on
// as it came.
func (h *Handler) stripBasePath(r *http.Request) {
	rest, ok := h.doc.StripBasePath(r.URL.EscapedPath())
	if !ok {
		return
	}
	path, err := url.PathUnescape(rest)
	if err != nil {
		return
	}
	r.URL.Path, r.URL.RawPath = path, ""
	if r.URL.EscapedPath() != rest {
		r.URL.RawPath = rest
	}
}

// forgetOriginal takes the query of the request as it arrived out of Caddy's
// memory: handle_errors restores it, and FastCGI sends it.
func forgetOriginal(r *http.Request) {
	if o, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && o.URL != nil {
		o.URL.RawQuery = r.URL.RawQuery
	}
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ mgw.Gate                    = (*Handler)(nil)
)
