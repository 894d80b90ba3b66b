package openapiauth

import (
	"encoding/json"
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	httpcaddyfile.RegisterDirective("openapi_auth", parse)
	httpcaddyfile.RegisterDirectiveOrder("openapi_auth", httpcaddyfile.Before, "basic_auth")
}

// parse parses the directive. It takes no matcher: one would leave the rest of
// the site to the proxy without any check. Syntax:
//
//	openapi_auth <document> {
//		base_path        <path>
//		default_security oauth2|deny|public|scheme <name...>
//		scheme <name> <verifier> {
//			...
//		}
//		auth_header      <header>
//		combine          openapi|any
//		same_subject
//		forward_credentials
//		identity_header  <header> <field>
//		backend_jwt      <header> {
//			...
//		}
//		resource         <url>
//		strip_base_path
//		faults           wso2|problem|caddy
//		allow_encoded_slash
//		allow_semicolon
//		report_only      [<scheme...>] {
//			networks <cidr...>
//		}
//	}
func parse(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	d := h.Dispenser
	d.Next()
	handler := new(Handler)
	if !d.AllArgs(&handler.Document) || handler.Document == "" {
		return nil, d.Err("openapi_auth wants one argument, the OpenAPI document; it takes no matcher (use a handle block)")
	}
	handler.Document = mgw.Relative(d, handler.Document)
	seen := mgw.Once{}
	for d.NextBlock(0) {
		if option := d.Val(); option != "scheme" && option != "identity_header" {
			if err := seen.Check(d); err != nil {
				return nil, err
			}
		}
		if err := handler.parseOption(d); err != nil {
			return nil, err
		}
	}
	if options, err := handler.options(); err == nil {
		if files, err := openapi.Files(handler.Document, options); err == nil {
			handler.Fingerprint = mgw.Fingerprint(files...)
		}
	}
	return h.NewRoute(nil, handler), nil
}

func (h *Handler) parseOption(d *caddyfile.Dispenser) (err error) {
	switch option := d.Val(); option {
	case "base_path":
		h.BasePath, err = mgw.OneArg(d)
	case "default_security":
		h.DefaultSecurity = d.RemainingArgs()
		if len(h.DefaultSecurity) == 0 {
			return d.ArgErr()
		}
		if _, bad := defaultSecurity(h.DefaultSecurity); bad != nil {
			return d.WrapErr(bad)
		}
	case "scheme":
		return h.parseScheme(d)
	case "auth_header":
		h.AuthHeader, err = mgw.OneArg(d)
	case "combine":
		h.Combine, err = mgw.OneArg(d)
		if err == nil && !slices.Contains(combinations, h.Combine) {
			return d.Errf("combine %s: must be openapi or any", h.Combine)
		}
	case "same_subject":
		h.SameSubject, err = true, mgw.NoArg(d)
	case "forward_credentials":
		h.ForwardCredentials, err = true, mgw.NoArg(d)
	case "identity_header":
		var id IdentityHeader
		if !d.AllArgs(&id.Header, &id.Field) {
			return d.Err("identity_header wants a header and a field")
		}
		h.IdentityHeaders = append(h.IdentityHeaders, id)
	case "backend_jwt":
		h.BackendJWT, err = parseBackendJWT(d)
	case "resource":
		h.Resource, err = mgw.OneArg(d)
	case "strip_base_path":
		h.StripBasePath, err = true, mgw.NoArg(d)
	case "faults":
		var style string
		style, err = mgw.OneArg(d)
		h.Faults = fault.Style(style)
		if err == nil && h.Faults != fault.WSO2 && h.Faults != fault.Problem && h.Faults != fault.Caddy {
			return d.Errf("faults %s: must be wso2, problem or caddy", style)
		}
	case "allow_encoded_slash":
		h.AllowEncodedSlash, err = true, mgw.NoArg(d)
	case "allow_semicolon":
		h.AllowSemicolon, err = true, mgw.NoArg(d)
	case "report_only":
		h.ReportOnly, err = parseReportOnly(d)
	default:
		return d.Errf("unrecognized option of openapi_auth: %s", option)
	}
	return err
}

func (h *Handler) parseScheme(d *caddyfile.Dispenser) error {
	var name string
	if !d.Args(&name) || !d.NextArg() {
		return d.Err("scheme wants the name of a security scheme and a verifier, as in: scheme petstore_key api_key")
	}
	if _, twice := h.SchemesRaw[name]; twice {
		return d.Errf("scheme %s is given twice", name)
	}
	module := d.Val()
	unm, err := caddyfile.UnmarshalModule(d, "mgw.verifiers."+module)
	if err != nil {
		return err
	}
	if h.SchemesRaw == nil {
		h.SchemesRaw = map[string]json.RawMessage{}
	}
	h.SchemesRaw[name] = caddyconfig.JSONModuleObject(unm, "verifier", module, nil)
	return nil
}
