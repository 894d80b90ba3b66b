package verifiers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(Caddy))
}

// Caddy verifies by any authentication provider of Caddy. The provider gets a
// copy of the request without its body and finds the credential itself. What it
// answers beside a challenge (redirects, bodies, cookies) is dropped.
//
// A provider can't tell a wrong credential from none: a scheme of this kind is
// refused where the document lets anonymous requests in beside it. Roles and
// scopes are read from the user's metadata "roles" and "scopes", parted by spaces.
type Caddy struct {
	// Exactly one module in the namespace http.authentication.providers. Required.
	ProvidersRaw caddy.ModuleMap `json:"providers" caddy:"namespace=http.authentication.providers"`

	provider caddyauth.Authenticator
	logger   *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (*Caddy) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw.verifiers.caddy", New: func() caddy.Module { return new(Caddy) }}
}

// Provision loads the provider.
func (v *Caddy) Provision(ctx caddy.Context) error {
	v.logger = ctx.Logger()
	if len(v.ProvidersRaw) != 1 {
		return fmt.Errorf("caddy: exactly one authentication provider is wanted, there are %d", len(v.ProvidersRaw))
	}
	modules, err := ctx.LoadModule(v, "ProvidersRaw")
	if err != nil {
		return fmt.Errorf("caddy: loading the authentication provider: %w", err)
	}
	for name, m := range modules.(map[string]any) {
		provider, ok := m.(caddyauth.Authenticator)
		if !ok {
			return fmt.Errorf("caddy: %s is no authentication provider", name)
		}
		v.provider = provider
	}
	return nil
}

// Verifier returns the module itself.
func (v *Caddy) Verifier() caddymgw.Verifier { return v }

// CheckScheme refuses mutual TLS, which Caddy itself verifies.
func (*Caddy) CheckScheme(s *caddymgw.Scheme) error {
	if s.Type == caddymgw.MutualTLS {
		return errors.New("caddy verifies no client certificates: mtls does")
	}
	return nil
}

// Ambient says that the provider looks for the credential.
func (*Caddy) Ambient() {}

// Owns returns false: the provider is given no credential.
func (*Caddy) Owns(*caddymgw.Scheme, credential.Credential) bool { return false }

// Challenge returns nothing: the provider's own comes with its verdict.
func (*Caddy) Challenge(*caddymgw.Requirement) string { return "" }

// Verify asks the provider: true is satisfied, false absent, an error
// unavailable.
func (v *Caddy) Verify(ctx context.Context, r *caddymgw.Request, req *caddymgw.Requirement, _ credential.Credential) caddymgw.Verdict {
	request := r.HTTP.Clone(ctx)
	request.Body, request.ContentLength, request.Trailer = http.NoBody, 0, nil
	answer := &dropped{header: http.Header{}}
	user, ok, err := v.provider.Authenticate(answer, request)
	switch {
	case err != nil:
		v.logger.Error("the authentication provider failed", zap.String("scheme", req.Scheme.Name), zap.Error(err))
		return caddymgw.Verdict{Outcome: caddymgw.Unavailable, Fault: fault.Unclassified, Reason: caddymgw.ReasonNotReady}
	case !ok:
		return caddymgw.Verdict{Outcome: caddymgw.Absent, Fault: fault.InvalidCredentials, Reason: caddymgw.ReasonMissing, Challenge: answer.header.Get("WWW-Authenticate")}
	}
	return caddymgw.Verdict{Outcome: caddymgw.Satisfied, Principal: &caddymgw.Principal{
		Subject: user.ID,
		Scheme:  req.Scheme.Name,
		Scopes:  strings.Fields(user.Metadata["scopes"]),
		Roles:   strings.Fields(user.Metadata["roles"]),
	}}
}

// dropped is a ResponseWriter of which only the header is kept.
type dropped struct{ header http.Header }

// Header returns the header.
func (d *dropped) Header() http.Header { return d.header }

// Write drops what is written.
func (*dropped) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader drops the status.
func (*dropped) WriteHeader(int) {}

// UnmarshalCaddyfile parses the module. Syntax:
//
//	caddy {
//		<provider> ...
//	}
func (v *Caddy) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if err := mgw.NoArg(d); err != nil {
		return err
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		if v.ProvidersRaw != nil {
			return d.Err("one authentication provider is enough for a scheme")
		}
		unm, err := caddyfile.UnmarshalModule(d, "http.authentication.providers."+name)
		if err != nil {
			return err
		}
		v.ProvidersRaw = caddy.ModuleMap{name: caddyconfig.JSON(unm, nil)}
	}
	if v.ProvidersRaw == nil {
		return d.WrapErr(errors.New("caddy wants a block with an authentication provider"))
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Caddy)(nil)
	_ caddyfile.Unmarshaler = (*Caddy)(nil)
	_ mgw.VerifierModule    = (*Caddy)(nil)
	_ mgw.SchemeChecker     = (*Caddy)(nil)
	_ caddymgw.Ambient      = (*Caddy)(nil)
)
