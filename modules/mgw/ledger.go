package mgw

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/revocation"
	"github.com/caddymgw/gateway/caddymgw/usage"
)

// LedgerModule is a guest module in the namespace mgw.ledgers.
type LedgerModule interface {
	// LedgerName says in logs what the ledger lies in, without secrets. "": there
	// is no ledger, and no keys are issued. It is called after Provision.
	LedgerName() string
	// LedgerIdentity is equal for configurations that may share one open ledger.
	// It is not shown, but tells no secret either.
	LedgerIdentity() string
	// OpenLedger opens it. A server that is away must not fail it.
	OpenLedger(ledger.Options) (ledger.Ledger, error)
}

const (
	defaultLedger = "bolt"
	// syncTimeout is how long a start waits for the revocations. A ledger that
	// is away must not keep the rest of the gateway from serving.
	syncTimeout = 5 * time.Second
)

// ledgers are open, by their identity. They are watched, and told what was used,
// over reloads.
var ledgers = caddy.NewUsagePool()

// openLedger is a ledger with what was read of it.
type openLedger struct {
	ledger.Ledger
	name    string
	revoked *revocation.Set
	used    *usage.Recorder
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func (l *openLedger) start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.running.Go(func() { l.revoked.Follow(ctx, l.Ledger, ledgerLog{l.name}) })
	l.running.Go(func() { l.used.Run(ctx, l.Ledger, ledgerLog{l.name}.unflushed) })
	if w, ok := l.Ledger.(warning); ok {
		l.running.Go(func() { l.warn(ctx, w) })
	}
}

// warning is a ledger that knows of dangers in how it is kept.
type warning interface {
	Warnings(context.Context) ([]string, error)
}

func (l *openLedger) warn(ctx context.Context, w warning) {
	select {
	case <-l.revoked.Synced():
	case <-ctx.Done():
		return
	}
	warnings, err := w.Warnings(ctx)
	if err != nil {
		return // the contact is lost, which is told elsewhere
	}
	for _, text := range warnings {
		ledgerLog{l.name}.logger().Warn(text)
	}
}

// Destruct implements caddy.Destructor.
func (l *openLedger) Destruct() error {
	l.cancel()
	l.running.Wait()
	return l.Close()
}

// provisionLedger loads the module, and opens nothing.
func (a *App) provisionLedger(ctx caddy.Context) error {
	var v any
	var err error
	if a.APIKeys.LedgerRaw != nil {
		v, err = ctx.LoadModule(a.APIKeys, "LedgerRaw")
	} else {
		v, err = ctx.LoadModuleByID("mgw.ledgers."+defaultLedger, nil)
	}
	if err != nil {
		err = fmt.Errorf("api_keys: ledger: %w", err)
		if a.APIKeys.LedgerRaw != nil {
			return err
		}
		a.ledgerErr = err // which matters where keys are used
		return nil
	}
	module, ok := v.(LedgerModule)
	if !ok {
		return errors.New("api_keys: ledger: the module is no ledger")
	}
	if module.LedgerName() != "" {
		a.ledger = module
	}
	return nil
}

// UseAPIKeys says, while provisioning, that keys of this gateway are verified or
// issued here: only then signing keys and ledger are opened.
func (a *App) UseAPIKeys() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.usesKeys = true
	return a.ledgerErr
}

// Issues reports whether there is a ledger to record keys in.
func (a *App) Issues() bool { return a.ledger != nil }

// takeLedger opens the ledger, or shares the open one.
func (p *pooled) takeLedger(m LedgerModule) (*openLedger, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.released {
		return nil, errTakenDown
	}
	name, identity := m.LedgerName(), m.LedgerIdentity()
	v, _, err := ledgers.LoadOrNew(identity, func() (caddy.Destructor, error) {
		// Clocks of nodes differ by the greatest leeway at most.
		l, err := m.OpenLedger(ledger.Options{Leeway: maxLeeway})
		if err != nil {
			return nil, err
		}
		open := &openLedger{Ledger: l, name: name, revoked: revocation.New(time.Now, maxLeeway), used: usage.New(time.Now)}
		open.start()
		return open, nil
	})
	if err != nil {
		return nil, err
	}
	p.ledger = identity
	return v.(*openLedger), nil
}

// awaitRevocations waits until the revocations are read; if the ledger is away,
// not for long.
func (a *App) awaitRevocations(ctx context.Context, l *openLedger) {
	late := time.NewTimer(syncTimeout)
	defer late.Stop()
	select {
	case <-l.revoked.Synced():
	case <-ctx.Done():
	case <-late.C:
		a.logger.Error("the revocations of API keys are not read yet: until they are, API keys are answered with 503", zap.String("ledger", l.name))
	}
}

// ledgerLog tells the log how the contact with a ledger is. It outlives the
// configuration that opened the ledger, and its logger.
type ledgerLog struct{ name string }

func (l ledgerLog) logger() *zap.Logger {
	return caddy.Log().Named("mgw").With(zap.String("ledger", l.name))
}

func (l ledgerLog) Lost(err error) {
	l.logger().Error("the ledger is away: known revocations hold, no key is issued or revoked", zap.Error(err))
}

func (l ledgerLog) Regained() {
	l.logger().Info("the ledger is back, and all revocations are known")
}

func (l ledgerLog) unflushed(err error) {
	l.logger().Warn("when keys were last used could not be recorded; it will be tried again", zap.Error(err))
}
