package verifiers

import (
	"errors"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(Basic))
}

// Basic verifies HTTP Basic credentials (RFC 7617) of the users of the app
// mgw. It has no options. Where no user is configured it lets nobody in.
type Basic struct {
	app *mgw.App
}

// CaddyModule returns the Caddy module information.
func (*Basic) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw.verifiers.basic", New: func() caddy.Module { return new(Basic) }}
}

// Provision finds the users.
func (v *Basic) Provision(ctx caddy.Context) error {
	var err error
	v.app, err = mgw.FromContext(ctx)
	return err
}

// Verifier returns the verifier of the users; Closed without any.
func (v *Basic) Verifier() caddymgw.Verifier {
	if b := v.app.Basic(); b != nil {
		return b
	}
	return caddymgw.Closed()
}

// CheckScheme wants the type http with the scheme basic.
func (*Basic) CheckScheme(s *caddymgw.Scheme) error {
	if s.Type != caddymgw.HTTP || s.HTTPScheme != "basic" {
		return errors.New("basic verifies schemes of the type http, scheme basic")
	}
	return nil
}

// UnmarshalCaddyfile parses the module. Syntax:
//
//	basic
func (*Basic) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return bare(d) }

// Interface guards
var (
	_ caddy.Provisioner     = (*Basic)(nil)
	_ caddyfile.Unmarshaler = (*Basic)(nil)
	_ mgw.VerifierModule    = (*Basic)(nil)
	_ mgw.SchemeChecker     = (*Basic)(nil)
)
