package mgw

import (
	"context"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/apikey"
)

// startTimeout bounds the opening of the signing keys: a storage lock that a
// dead process left behind is freed by certmagic well before.
const startTimeout = time.Minute

// Start makes the app ready, or says why it can't be.
func (a *App) Start() error {
	if err := a.checkWanted(); err != nil {
		return err
	}
	if app, err := a.http(); err == nil {
		if err := a.checkPlacement(app.(*caddyhttp.App)); err != nil {
			return err
		}
	}
	a.warnUnserved()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return a.Ready(ctx)
}

// Stop does nothing: requests on the old configuration may still be in flight.
func (*App) Stop() error { return nil }

// IsReady reports whether Ready would return nil at once.
func (a *App) IsReady() bool { return a.ready.Load() }

// Ready opens, on its first call, what has effects outside of this process:
// the signing keys and the ledger. It returns when that is done, or when ctx ends. After it
// has returned nil, it costs one atomic load.
func (a *App) Ready(ctx context.Context) error {
	if a.ready.Load() {
		return nil
	}
	a.once.Do(func() { go a.open() })
	select {
	case <-a.opened:
		return a.err
	case <-ctx.Done():
		return fmt.Errorf("mgw is not ready: %w", ctx.Err())
	}
}

func (a *App) open() {
	defer close(a.opened)
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if a.err = a.openAuthority(ctx); a.err != nil {
		return
	}
	if a.err = a.openTokenKeys(ctx); a.err != nil {
		return
	}
	a.ready.Store(true)
	a.logger.Debug("ready")
}

// openAuthority opens what API keys are issued and verified with, as far as this
// configuration does either.
func (a *App) openAuthority(ctx context.Context) error {
	cache, err := a.pooled.takeCache()
	if err != nil {
		return err
	}
	r := apikey.Resources{Cache: cache, Revocations: caddymgw.NoRevocations{}}
	if a.usesKeys && a.Issues() {
		if a.opening, err = a.pooled.takeLedger(a.ledger); err != nil {
			return err
		}
		l := a.opening
		a.awaitRevocations(ctx, l)
		r.Ledger, r.Applied, r.Used = l.Ledger, l.revoked.Apply, l.used.Used
		r.Revocations = l.revoked.View(a.Issuer(), time.Duration(a.APIKeys.MaxStaleness))
	}
	if err := a.openSigning(ctx); err != nil {
		return err
	}
	r.Ring, r.UnknownKey = a.SigningKeys(), a.unknownKey
	a.authority.Open(r)
	return nil
}

// Cleanup gives back what was taken from the pools; it closes nothing that a
// request in flight may use.
func (a *App) Cleanup() error {
	a.rings.stop()
	if t, ok := a.asking.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections() // those in use stay
	}
	return a.pooled.release()
}
