package openapivalidate

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/schema"
)

func init() {
	caddy.RegisterModule(new(Handler))
}

// Handler refuses requests whose parameters or body are not what the OpenAPI
// document says, with 400 and all that is wrong. It stands behind openapi_auth,
// which decides what operation a request is for, so that only those are looked
// into who may call. The next handler gets the very bytes that were judged.
//
// Bodies without a schema stream. Others are read as a whole first.
type Handler struct {
	// The document that openapi_auth has on this site. Required.
	Document string `json:"document"`

	// SHA-256 of the document and the files its schemas lie in, so that a reload
	// sees a changed one. Written by the Caddyfile adapter.
	Fingerprint string `json:"fingerprint,omitempty"`

	// What becomes of schemas that can't be followed: lenient leaves each out with
	// a warning, strict refuses the configuration. Default: lenient
	Mode schema.Mode `json:"mode,omitempty"`

	// Let requests pass whatever is wrong with them, and only log and count it.
	ReportOnly bool `json:"report_only,omitempty"`

	// Whether responses are looked into: off; report, which logs and counts what
	// is wrong; or enforce, which answers with 500 in their place. Default: off
	Responses Responses `json:"responses,omitempty"`

	// The size up to which bodies are read, in bytes. Larger ones of requests are
	// answered with 413, larger ones of responses stream without being judged.
	// Default: 1048576
	MaxBody int64 `json:"max_body,omitempty"`

	// How long a body of a request may take to arrive; then 408. Default: 30s
	BodyTimeout caddy.Duration `json:"body_timeout,omitempty"`

	// The form of error bodies: wso2, problem (RFC 9457), or caddy, which leaves
	// them to handle_errors. Default: wso2
	Faults fault.Style `json:"faults,omitempty"`

	doc    *schema.Document
	api    *caddymgw.API
	counts *prometheus.CounterVec
	logger *zap.Logger
}

// Responses says what is done about responses.
type Responses string

// What can be done.
const (
	Off     Responses = "off"
	Report  Responses = "report"
	Enforce Responses = "enforce"
)

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.openapi_validate", New: func() caddy.Module { return new(Handler) }}
}

// OperationVar is the variable in which openapi_auth leaves the operation that it
// has let a request through for; nil where it lets through what is not declared.
const OperationVar = "mgw_operation"

var (
	errNoGate  = errors.New("openapi_validate: no openapi_auth stands before it on this way, so that there is no operation to hold the request against")
	errAnother = errors.New("openapi_validate: the openapi_auth before it has another document")
)

// ServeHTTP judges the request, and the response if wanted.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	decided, known := caddyhttp.GetVar(r.Context(), OperationVar).(*caddymgw.Operation)
	switch {
	case !known:
		return caddyhttp.Error(http.StatusInternalServerError, errNoGate)
	case decided == nil:
		return next.ServeHTTP(w, r) // none is declared, and openapi_auth only reports
	}
	op := h.doc.Operation(decided.Method, decided.Template)
	if op == nil || decided.API.Name != h.api.Name || decided.API.Version != h.api.Version {
		return caddyhttp.Error(http.StatusInternalServerError, errAnother)
	}
	j := &judging{Handler: h, decided: decided, op: op}
	if a := j.request(w, r); a != nil {
		publish(r)
		return h.answer(w, *a)
	}
	if h.Responses == Off {
		return next.ServeHTTP(w, r)
	}
	r.Header.Del("Accept-Encoding") // a compressed response can't be looked into
	rec := newRecorder(w, j, r.Method)
	if err := next.ServeHTTP(rec, r); err != nil {
		return rec.fail(err)
	}
	return rec.finish()
}

// judging is one request on its way.
type judging struct {
	*Handler
	decided *caddymgw.Operation
	op      *schema.Operation
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
