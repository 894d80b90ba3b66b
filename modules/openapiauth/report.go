package openapiauth

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/modules/mgw"
)

// ReportOnly names what is decided on and not enforced, while an API moves behind
// the gateway: what would be refused is logged and counted, and passes. Credentials
// of what is not enforced stay in the request; the rest of it is cleaned as ever.
type ReportOnly struct {
	// The security schemes that are not enforced. A request passes if it would pass
	// were they struck from the document. Default: nothing of the API is enforced,
	// neither what it declares nor that it declares it.
	Schemes []string `json:"schemes,omitempty"`

	// Clients in these networks (CIDR, or an address alone) are told what they would be refused for, in
	// the response header X-Would-Be-Refused. Default: nobody is.
	Networks []string `json:"networks,omitempty"`

	prefixes []netip.Prefix
}

// wouldBe is the header that tells.
const wouldBe = "X-Would-Be-Refused"

// provisionReport reads the option, once the schemes are bound. It warns loudly.
func (h *Handler) provisionReport() (*caddymgw.ReportOnly, error) {
	o := h.ReportOnly
	if o == nil {
		return nil, nil
	}
	api := h.doc.API
	for i, name := range o.Schemes {
		switch {
		case !slices.ContainsFunc(api.Schemes, named(name)):
			return nil, fmt.Errorf("report_only %s: the document %s declares no such scheme: %s", name, h.Document, h.schemes())
		case slices.Contains(o.Schemes[:i], name):
			return nil, fmt.Errorf("report_only %s: the scheme is named twice", name)
		}
	}
	for _, text := range o.Networks {
		prefix, err := parseNetwork(text)
		if err != nil {
			return nil, fmt.Errorf("report_only: networks %q: must be like 10.0.0.0/8 or 10.0.0.1", text)
		}
		o.prefixes = append(o.prefixes, prefix)
	}
	r := caddymgw.NewReportOnly(api, o.Schemes)
	if r.Everything() {
		h.app.Warn("NOTHING OF THIS API IS ENFORCED: with report_only every request passes, also such as the document does not declare", "document", h.Document)
		return r, nil
	}
	var touched []string
	for _, op := range api.Operations {
		if r.Touches(op) {
			touched = append(touched, op.Label())
		}
	}
	h.app.Warn("NOT ENFORCED, with report_only: "+strings.Join(o.Schemes, ", ")+". Requests pass without them at "+strings.Join(touched, ", "), "document", h.Document)
	return r, nil
}

// parseNetwork reads a network; an address alone is one of itself.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.WithZone("").Unmap().Prefix(address.Unmap().BitLen())
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}

// report logs a refusal that is not made, and returns what tells the client.
func (h *Handler) report(w http.ResponseWriter, r *http.Request, d caddymgw.Decision) http.ResponseWriter {
	if h.ReportOnly == nil {
		return w
	}
	t := &teller{ResponseWriterWrapper: caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
	told := d.Report
	if told == nil {
		return t
	}
	if c := h.logger.Check(zapcore.InfoLevel, "would be refused"); c != nil {
		c.Write(reported(told, d.Operation)...)
	}
	if client := h.gateway.Client(r); client.IsValid() && slices.ContainsFunc(h.ReportOnly.prefixes, func(p netip.Prefix) bool { return p.Contains(client) }) {
		t.text[0] = fmt.Sprintf("%d; code=%d; reason=%s", told.Status, told.Fault, told.Reason)
		t.tell() // also where somebody else answers, since what comes next fails
	}
	return t
}

func reported(told *caddymgw.Report, op *caddymgw.Operation) []zap.Field {
	fields := []zap.Field{
		zap.Int("status", told.Status),
		zap.Int("code", int(told.Fault)),
		zap.String("reason", string(told.Reason)),
	}
	if op != nil {
		fields = append(fields, zap.String("operation", op.Label()))
	}
	if p := told.Principal; p != nil {
		fields = append(fields, zap.String("scheme", p.Scheme), zap.String("subject", p.Subject), zap.String("key_id", p.KeyID))
	}
	return fields
}

// unready is the decision while nothing can be decided.
func (h *Handler) unready() caddymgw.Decision {
	if h.gateway.ReportOnly.Everything() {
		return caddymgw.Decision{Report: &caddymgw.Report{Denial: notReady()}}
	}
	return caddymgw.Decision{Denial: notReady()}
}

// undeclared reports whether no operation fits, be that enforced or not.
func undeclared(d caddymgw.Decision) bool {
	return d.Denial != nil && d.Denial.Reason == caddymgw.ReasonNoOperation || d.Report != nil && d.Report.Reason == caddymgw.ReasonNoOperation
}

// parseReportOnly parses the option. Syntax:
//
//	report_only [<scheme...>] {
//		networks <cidr...>|private_ranges
//	}
func parseReportOnly(d *caddyfile.Dispenser) (*ReportOnly, error) {
	o := &ReportOnly{Schemes: d.RemainingArgs()}
	seen := mgw.Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := seen.Check(d); err != nil {
			return nil, err
		}
		if d.Val() != "networks" {
			return nil, d.Errf("unrecognized option of report_only: %s", d.Val())
		}
		for _, network := range d.RemainingArgs() {
			if network == "private_ranges" {
				o.Networks = append(o.Networks, caddyhttp.PrivateRangesCIDR()...)
				continue
			}
			if _, err := parseNetwork(network); err != nil {
				return nil, d.Errf("networks %s: must be like 10.0.0.0/8 or 10.0.0.1, or private_ranges", strconv.Quote(network))
			}
			o.Networks = append(o.Networks, network)
		}
		if len(o.Networks) == 0 {
			return nil, d.ArgErr()
		}
	}
	return o, nil
}
