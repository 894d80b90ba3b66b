package openapivalidate

import (
	"math"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/dustin/go-humanize"

	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/schema"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	httpcaddyfile.RegisterDirective("openapi_validate", parse)
	httpcaddyfile.RegisterDirectiveOrder("openapi_validate", httpcaddyfile.After, "basic_auth")
}

// parse parses the directive. It takes no matcher, as openapi_auth takes none.
// Syntax:
//
//	openapi_validate <document> {
//		mode         lenient|strict
//		report_only
//		responses    off|report|enforce
//		max_body     <size>
//		body_timeout <duration>
//		faults       wso2|problem|caddy
//	}
func parse(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	d := h.Dispenser
	d.Next()
	handler := new(Handler)
	if !d.AllArgs(&handler.Document) || handler.Document == "" {
		return nil, d.Err("openapi_validate wants one argument, the OpenAPI document that openapi_auth has; it takes no matcher (use a handle block)")
	}
	handler.Document = mgw.Relative(d, handler.Document)
	seen := mgw.Once{}
	for d.NextBlock(0) {
		if err := seen.Check(d); err != nil {
			return nil, err
		}
		if err := handler.parseOption(d); err != nil {
			return nil, err
		}
	}
	filled := *handler
	if err := filled.defaults(); err != nil {
		return nil, d.WrapErr(err)
	}
	if doc, err := schema.Load(handler.Document, schema.Options{Responses: filled.Responses != Off}); err == nil {
		handler.Fingerprint = mgw.Fingerprint(doc.Files...)
	}
	return h.NewRoute(nil, handler), nil
}

func (h *Handler) parseOption(d *caddyfile.Dispenser) (err error) {
	var word string
	switch option := d.Val(); option {
	case "mode":
		word, err = mgw.OneArg(d)
		h.Mode = schema.Mode(word)
	case "report_only":
		h.ReportOnly, err = true, mgw.NoArg(d)
	case "responses":
		word, err = mgw.OneArg(d)
		h.Responses = Responses(word)
	case "max_body":
		if word, err = mgw.OneArg(d); err != nil {
			return err
		}
		size, err := humanize.ParseBytes(word)
		if err != nil || size == 0 || size > math.MaxInt64-1 {
			return d.Errf("max_body %s: must be a size above 0, like 512KB or 10MiB", word)
		}
		h.MaxBody = int64(size)
	case "body_timeout":
		h.BodyTimeout, err = mgw.DurationArg(d)
	case "faults":
		word, err = mgw.OneArg(d)
		h.Faults = fault.Style(word)
	default:
		return d.Errf("unrecognized option of openapi_validate: %s", option)
	}
	return err
}
