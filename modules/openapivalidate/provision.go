package openapivalidate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/caddymgw/schema"
	"github.com/caddymgw/gateway/modules/mgw"
)

const (
	defaultMaxBody     = 1 << 20
	defaultBodyTimeout = 30 * time.Second
)

// Provision reads the schemas of the document.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	app, err := mgw.FromContext(ctx)
	if err != nil {
		return err
	}
	if err := h.defaults(); err != nil {
		return err
	}
	if h.Document == "" {
		return errors.New("openapi_validate: no document is named")
	}
	server, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	options := schema.Options{Mode: h.Mode, Responses: h.Responses != Off, Arrives: arrives(server)}
	if h.doc, err = schema.Load(h.Document, options); err != nil {
		return fmt.Errorf("openapi_validate: %w", err)
	}
	for i, w := range h.doc.Warnings {
		if i == mostWarnings {
			app.Warn(fmt.Sprintf("and %d more in what openapi_validate leaves out; mode strict names them", len(h.doc.Warnings)-i), "document", h.Document)
			break
		}
		app.Warn(w, "document", h.Document)
	}
	if h.counts, err = counter(ctx); err != nil {
		return err
	}
	return app.WantDocument(h.Document, "openapi_validate", h.open)
}

// mostWarnings bounds what one document may say at each load.
const mostWarnings = 20

func (h *Handler) defaults() error {
	h.Mode = cmp.Or(h.Mode, schema.Lenient)
	h.Responses = cmp.Or(h.Responses, Off)
	h.Faults = cmp.Or(h.Faults, fault.WSO2)
	h.MaxBody = cmp.Or(h.MaxBody, defaultMaxBody)
	h.BodyTimeout = cmp.Or(h.BodyTimeout, caddy.Duration(defaultBodyTimeout))
	switch {
	case !slices.Contains([]schema.Mode{schema.Lenient, schema.Strict}, h.Mode):
		return fmt.Errorf("mode %q: must be lenient or strict", h.Mode)
	case !slices.Contains([]Responses{Off, Report, Enforce}, h.Responses):
		return fmt.Errorf("responses %q: must be off, report or enforce", h.Responses)
	case !slices.Contains([]fault.Style{fault.WSO2, fault.Problem, fault.Caddy}, h.Faults):
		return fmt.Errorf("faults %q: must be wso2, problem or caddy", h.Faults)
	case h.MaxBody < 0:
		return fmt.Errorf("max_body %d: must be above 0", h.MaxBody)
	case h.BodyTimeout < 0:
		return fmt.Errorf("body_timeout %s: must be above 0", time.Duration(h.BodyTimeout))
	}
	return nil
}

// open compares with the document as openapi_auth has it.
func (h *Handler) open(doc *openapi.Document) error {
	h.api = doc.API
	for _, op := range doc.API.Operations {
		if h.doc.Operation(op.Method, op.Template) == nil {
			return fmt.Errorf("openapi_validate: %s: the operation %s is not found in it", h.Document, op.Label())
		}
	}
	return nil
}

// arrives reports whether Caddy lets a header through: names with "_" or "." only
// where the server expects them.
func arrives(server *caddyhttp.Server) func(string) bool {
	return func(name string) bool {
		name = strings.ToLower(name)
		var expected []string
		switch {
		case server == nil:
			return true
		case strings.Contains(name, "_"):
			expected = server.ExpectedUnderscoreHeaders
		case strings.Contains(name, "."):
			expected = server.ExpectedDotHeaders
		default:
			return true
		}
		return slices.ContainsFunc(expected, func(entry string) bool {
			prefix, glob := strings.CutSuffix(strings.ToLower(entry), "*")
			return prefix == name || glob && strings.HasPrefix(name, prefix)
		})
	}
}

// counter is the one of the configuration, whichever handler comes first.
func counter(ctx caddy.Context) (*prometheus.CounterVec, error) {
	made := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "mgw", Name: "validations_total",
		Help: "Requests and responses that were held against the document: good, bad, or not judged.",
	}, []string{"api", "operation", "message", "outcome"})
	err := ctx.GetMetricsRegistry().Register(made)
	var there prometheus.AlreadyRegisteredError
	if errors.As(err, &there) {
		if existing, ok := there.ExistingCollector.(*prometheus.CounterVec); ok {
			return existing, nil
		}
	}
	return made, err
}
