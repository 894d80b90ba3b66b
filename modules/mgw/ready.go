package mgw

import (
	"context"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw/backendjwt"
	"github.com/caddymgw/gateway/caddymgw/keyring"
)

// startTimeout bounds the opening of the signing keys: a storage lock that a
// dead process left behind is freed by certmagic well before.
const startTimeout = time.Minute

// Start makes the app ready, or says why it can't be.
func (a *App) Start() error {
	if app, err := a.http(); err == nil {
		if err := a.checkPlacement(app.(*caddyhttp.App)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return a.Ready(ctx)
}

// Stop does nothing: requests on the old configuration may still be in flight.
func (*App) Stop() error { return nil }

// IsReady reports whether Ready would return nil at once.
func (a *App) IsReady() bool { return a.ready.Load() }

// Ready opens, on its first call, what has effects outside of this process:
// the signing keys. It returns when that is done, or when ctx ends. After it
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
	ring := a.APIKeys.ring
	if ring == nil {
		var err error
		ring, err = keyring.Open(ctx, a.storage, "apikey", a.APIKeys.Algorithm, time.Now)
		if err != nil {
			a.err = fmt.Errorf("opening the signing keys: %w", err)
			return
		}
	}
	cache, err := a.pooled.takeCache(ring.Fingerprint())
	if err != nil {
		a.err = err
		return
	}
	rings := []*keyring.Ring{ring}
	if len(a.backends) > 0 {
		backend, err := keyring.Open(ctx, a.storage, backendjwt.Purpose, keyring.DefaultAlgorithm, time.Now)
		if err != nil {
			a.err = fmt.Errorf("opening the signing keys for upstreams: %w", err)
			return
		}
		for _, open := range a.backends {
			open(backend)
		}
		rings = append(rings, backend)
	}
	if a.jwks, err = keyring.JWKS(rings...); err != nil {
		a.err = fmt.Errorf("publishing the signing keys: %w", err)
		return
	}
	if err := a.openTokenKeys(ctx); err != nil {
		a.err = err
		return
	}
	a.authority.Open(ring, cache)
	a.ready.Store(true)
	a.logger.Debug("ready", zap.String("signing_key", ring.Active().ID))
}

// OpenBackendKeys asks that open be called with the keys that sign for
// upstreams, before the app is ready. It is called while provisioning.
func (a *App) OpenBackendKeys(open func(*keyring.Ring)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.backends = append(a.backends, open)
}

// JWKS returns the public keys of what this gateway signs (RFC 7517), once it is
// ready.
func (a *App) JWKS() []byte { return a.jwks }

// Cleanup gives back what was taken from the pools; it closes nothing that a
// request in flight may use.
func (a *App) Cleanup() error {
	return a.pooled.release()
}
