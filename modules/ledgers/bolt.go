package ledgers

import (
	"errors"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/certmagic"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/ledger/bolt"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(Bolt))
}

// Bolt is a ledger in one file, for one gateway process.
type Bolt struct {
	// The file. Default: mgw/ledger.db in the folder of Caddy's file-system storage.
	File string `json:"file,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (*Bolt) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw.ledgers.bolt", New: func() caddy.Module { return new(Bolt) }}
}

// Provision finds the file, and touches nothing.
func (b *Bolt) Provision(ctx caddy.Context) error {
	if b.File == "" {
		storage, ok := ctx.Storage().(*certmagic.FileStorage)
		if !ok {
			return errors.New("the storage of Caddy is no folder of this machine, and may be shared; name a ledger that is shared too (ledger redis URL), or a file (ledger bolt FILE)")
		}
		b.File = filepath.Join(storage.Path, "mgw", "ledger.db")
	}
	file, err := filepath.Abs(b.File)
	b.File = file
	return err
}

// LedgerName returns the file.
func (b *Bolt) LedgerName() string { return b.File }

// LedgerIdentity returns the file.
func (b *Bolt) LedgerIdentity() string { return b.File }

// OpenLedger opens the file, or makes it. An open one is refused to a second
// process.
func (b *Bolt) OpenLedger(o ledger.Options) (ledger.Ledger, error) { return bolt.Open(b.File, o) }

// UnmarshalCaddyfile parses the module. Syntax:
//
//	bolt [<file>]
func (b *Bolt) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		b.File = mgw.Relative(d, d.Val())
	}
	return noBlock(d)
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Bolt)(nil)
	_ mgw.LedgerModule      = (*Bolt)(nil)
	_ caddyfile.Unmarshaler = (*Bolt)(nil)
)
