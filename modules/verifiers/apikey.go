package verifiers

import (
	"errors"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(APIKey))
}

// APIKey verifies API keys that the authority of this gateway has signed. It
// has no options.
type APIKey struct {
	app *mgw.App
}

// CaddyModule returns the Caddy module information.
func (*APIKey) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw.verifiers.api_key", New: func() caddy.Module { return new(APIKey) }}
}

// Provision finds the authority.
func (v *APIKey) Provision(ctx caddy.Context) error {
	var err error
	if v.app, err = mgw.FromContext(ctx); err != nil {
		return err
	}
	return v.app.UseAPIKeys()
}

// Verifier returns the authority.
func (v *APIKey) Verifier() caddymgw.Verifier { return v.app.Authority() }

// CheckScheme wants the type apiKey: a key is never an access token.
func (*APIKey) CheckScheme(s *caddymgw.Scheme) error {
	if s.Type != caddymgw.APIKey {
		return errors.New("api_key verifies schemes of the type apiKey")
	}
	return nil
}

// UnmarshalCaddyfile parses the module. Syntax:
//
//	api_key
func (*APIKey) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return bare(d) }

// bare parses a module without options.
func bare(d *caddyfile.Dispenser) error {
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
	_ caddy.Provisioner     = (*APIKey)(nil)
	_ caddyfile.Unmarshaler = (*APIKey)(nil)
	_ mgw.VerifierModule    = (*APIKey)(nil)
	_ mgw.SchemeChecker     = (*APIKey)(nil)
)
