package mgw

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddymgw/gateway/caddymgw/basic"
	"github.com/caddymgw/gateway/caddymgw/throttle"
)

// throttles holds one: who has failed to log in is known for the whole process,
// over reloads.
var throttles = caddy.NewUsagePool()

const throttleKey = "logins"

type pooledThrottle struct{ *throttle.Throttle }

func (pooledThrottle) Destruct() error { return nil }

func (p *pooled) takeThrottle() (*throttle.Throttle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, _, err := throttles.LoadOrNew(throttleKey, func() (caddy.Destructor, error) {
		return pooledThrottle{throttle.New(time.Now)}, nil
	})
	if err != nil {
		return nil, err
	}
	p.throttle = true
	return v.(pooledThrottle).Throttle, nil
}

// loginTimeout is how long a password may wait to be compared.
const loginTimeout = 10 * time.Second

// Login is how an attempt to log in ended: one that has to wait was not made.
type Login struct {
	OK   bool
	Wait time.Duration
}

// Login compares a password, unless too many were wrong. What is remembered to be
// right costs no attempt, and what many present at once costs one. Its error is
// that of [basic.Verifier.Authenticate].
func (a *App) Login(ctx context.Context, user, password string, client netip.Addr) (Login, error) {
	if a.basic.Remembers(user, password) {
		return Login{OK: true}, nil
	}
	flight := a.flights.DoChan(user+"\x00"+client.String()+"\x00"+password, func() (any, error) {
		// Others may wait for it when the first has gone.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loginTimeout)
		defer cancel()
		wait, done := a.logins.Begin(user, client)
		if wait > 0 {
			return Login{Wait: wait}, nil
		}
		ok, err := a.basic.Authenticate(ctx, user, password)
		switch {
		case errors.Is(err, basic.ErrBusy) && ctx.Err() == nil: // nothing was compared
			done(throttle.Unjudged)
		case ok:
			done(throttle.Right)
		default:
			done(throttle.Wrong)
		}
		return Login{OK: ok}, err
	})
	select {
	case <-ctx.Done():
		return Login{}, ctx.Err()
	case r := <-flight:
		l, _ := r.Val.(Login)
		return l, r.Err
	}
}
