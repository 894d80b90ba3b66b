package openapiauth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"golang.org/x/net/http/httpguts"

	"github.com/caddymgw/gateway/caddymgw/backendjwt"
	"github.com/caddymgw/gateway/modules/mgw"
)

// BackendJWT is a short-lived JWT, signed by the gateway, that tells the
// upstream who calls. Its keys, which sign nothing else, are published at the
// API-key issuer's backend/jwks.json.
type BackendJWT struct {
	// The header that holds it. Required.
	Header string `json:"header"`

	// The claim aud. Default: none.
	Audience []string `json:"audience,omitempty"`

	// How long it lives, at most 1h, and never longer than what the caller
	// presented. Default: 1m
	Validity caddy.Duration `json:"validity,omitempty"`

	// wso2 adds the claims http://wso2.org/claims/*. Default: none.
	Dialect string `json:"dialect,omitempty"`

	signer *backendjwt.Signer
}

func (b *BackendJWT) provision(app *mgw.App) error {
	if !httpguts.ValidHeaderFieldName(b.Header) {
		return fmt.Errorf("backend_jwt %q: not a header name", b.Header)
	}
	if err := ownable(b.Header); err != nil {
		return fmt.Errorf("backend_jwt %s: %w", b.Header, err)
	}
	b.Header = http.CanonicalHeaderKey(b.Header)
	if b.Dialect != "" && b.Dialect != "wso2" {
		return fmt.Errorf("backend_jwt: dialect %q: must be wso2", b.Dialect)
	}
	var err error
	b.signer, err = backendjwt.New(backendjwt.Config{
		Issuer:   app.Issuer(),
		Audience: b.Audience,
		Life:     time.Duration(b.Validity),
		Leeway:   app.Allowance(),
		WSO2:     b.Dialect == "wso2",
		Now:      time.Now,
		Rand:     rand.Reader,
	})
	if err != nil {
		return fmt.Errorf("backend_jwt: %w", err)
	}
	app.OpenBackendKeys(b.signer.Open)
	return nil
}

// parseBackendJWT parses the option. Syntax:
//
//	backend_jwt <header> {
//		audience <value...>
//		validity <duration>
//		dialect  wso2
//	}
func parseBackendJWT(d *caddyfile.Dispenser) (*BackendJWT, error) {
	b := new(BackendJWT)
	if !d.AllArgs(&b.Header) {
		return nil, d.Err("backend_jwt wants a header")
	}
	seen := mgw.Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := seen.Check(d); err != nil {
			return nil, err
		}
		var err error
		switch d.Val() {
		case "audience":
			if b.Audience = d.RemainingArgs(); len(b.Audience) == 0 {
				err = d.ArgErr()
			}
		case "validity":
			b.Validity, err = mgw.DurationArg(d)
		case "dialect":
			if b.Dialect, err = mgw.OneArg(d); err == nil && b.Dialect != "wso2" {
				err = d.WrapErr(errors.New("dialect: must be wso2"))
			}
		default:
			err = d.Errf("unrecognized option of backend_jwt: %s", d.Val())
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}
