package ledgers

import (
	"errors"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(None))
}

// None is no ledger: no keys are issued here, and none of this gateway's own are
// accepted. It is for gateways that verify keys of trusted issuers only.
type None struct{}

// CaddyModule returns the Caddy module information.
func (*None) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw.ledgers.none", New: func() caddy.Module { return new(None) }}
}

// LedgerName returns "".
func (*None) LedgerName() string { return "" }

// LedgerIdentity returns "".
func (*None) LedgerIdentity() string { return "" }

// OpenLedger opens nothing.
func (*None) OpenLedger(ledger.Options) (ledger.Ledger, error) {
	return nil, errors.New("there is no ledger")
}

// UnmarshalCaddyfile parses the module. Syntax:
//
//	none
func (*None) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	return noBlock(d)
}

// noBlock refuses what stands behind a module's arguments.
func noBlock(d *caddyfile.Dispenser) error {
	name := d.Val()
	if d.NextArg() {
		return d.Errf("ledger %s: unexpected argument %s", name, d.Val())
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		return d.Errf("ledger %s has no option %s", name, d.Val())
	}
	return nil
}

// Interface guards
var (
	_ mgw.LedgerModule      = (*None)(nil)
	_ caddyfile.Unmarshaler = (*None)(nil)
)
