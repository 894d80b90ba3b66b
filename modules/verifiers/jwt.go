package verifiers

import (
	"errors"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(JWT))
}

// JWT verifies access tokens of the token issuers of the app mgw, for the types
// http bearer, oauth2 and openIdConnect. Where no issuer is configured it lets
// nobody in.
type JWT struct {
	// The issuers whose tokens count. Default: all of the app's.
	Issuers []string `json:"issuers,omitempty"`

	verifier caddymgw.Verifier
}

// CaddyModule returns the Caddy module information.
func (*JWT) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw.verifiers.jwt", New: func() caddy.Module { return new(JWT) }}
}

// Provision finds the issuers.
func (v *JWT) Provision(ctx caddy.Context) error {
	app, err := mgw.FromContext(ctx)
	if err != nil {
		return err
	}
	v.verifier = caddymgw.Closed()
	b, err := app.Bearer(v.Issuers)
	if b != nil {
		v.verifier = b
	}
	return err
}

// Verifier returns the verifier of the issuers; Closed without any.
func (v *JWT) Verifier() caddymgw.Verifier { return v.verifier }

// CheckScheme wants a type that bears access tokens.
func (*JWT) CheckScheme(s *caddymgw.Scheme) error {
	if s.Type != caddymgw.OAuth2 && s.Type != caddymgw.OpenIDConnect && (s.Type != caddymgw.HTTP || s.HTTPScheme != "bearer") {
		return errors.New("jwt verifies schemes of the types oauth2, openIdConnect, and http with the scheme bearer")
	}
	return nil
}

// UnmarshalCaddyfile parses the module. Syntax:
//
//	jwt {
//		issuers <iss...>
//	}
func (v *JWT) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if err := mgw.NoArg(d); err != nil {
		return err
	}
	seen := mgw.Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := seen.Check(d); err != nil {
			return err
		}
		if d.Val() != "issuers" {
			return d.Errf("unrecognized option of jwt: %s", d.Val())
		}
		if v.Issuers = d.RemainingArgs(); len(v.Issuers) == 0 {
			return d.ArgErr()
		}
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner     = (*JWT)(nil)
	_ caddyfile.Unmarshaler = (*JWT)(nil)
	_ mgw.VerifierModule    = (*JWT)(nil)
	_ mgw.SchemeChecker     = (*JWT)(nil)
)
