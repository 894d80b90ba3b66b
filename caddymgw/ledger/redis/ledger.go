package redis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// Ledger is a ledger.Ledger in Redis.
type Ledger struct {
	target  *target
	name    string // of the target
	options ledger.Options
	rand    func() float64
	client  redis.UniversalClient
	keys    keys
	scripts scripts

	mu      sync.Mutex
	closed  bool
	stop    chan struct{}
	running sync.WaitGroup
}

var _ ledger.Ledger = (*Ledger)(nil)

// Open returns a ledger. It connects when it is asked something, so that a Redis
// that is away keeps no gateway from starting. Errors are of the configuration.
func Open(c Config, o ledger.Options) (*Ledger, error) {
	t, err := c.target()
	if err != nil {
		return nil, err
	}
	l := &Ledger{
		target: t, name: t.String(), options: o.WithDefaults(), rand: rand.Float64, client: t.client(retries),
		keys: newKeys(t.Prefix), scripts: newScripts(), stop: make(chan struct{}),
	}
	l.running.Go(l.tidy)
	return l, nil
}

// begin counts something that Close waits for.
func (l *Ledger) begin(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ledger.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	l.running.Add(1)
	return nil
}

// ask exchanges something with Redis, for a bounded time. It returns when ctx ends
// or the ledger is closed, though an answer is waited for, and what was sent may
// have been done.
func ask[T any](ctx context.Context, l *Ledger, exchange func(context.Context) (T, error)) (T, error) {
	var none T
	if err := l.begin(ctx); err != nil {
		return none, err
	}
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	bounded, cancel := context.WithTimeout(ctx, l.target.patience())
	defer cancel()
	go func() {
		defer l.running.Done()
		value, err := exchange(bounded)
		answers <- answer{value, err}
	}()
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case <-l.stop:
		return none, ledger.ErrClosed
	case a := <-answers:
		if a.err != nil {
			return none, l.explain(ctx, a.err)
		}
		return a.value, nil
	}
}

// explain says what went wrong for whom.
func (l *Ledger) explain(ctx context.Context, err error) error {
	select {
	case <-l.stop:
		return ledger.ErrClosed
	default:
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ledger.ErrNotFound), errors.Is(err, ledger.ErrReplaced):
		return err
	case errors.Is(err, context.DeadlineExceeded): // ours, and not the caller's
		err = errors.New("no answer in time")
	}
	return fmt.Errorf("ledger %s: %w", l.name, err)
}

// horizon is up to when what has expired is over.
func (l *Ledger) horizon() time.Time { return l.options.Now().Add(-l.options.Leeway) }

func (l *Ledger) gone(expires time.Time) bool {
	return ledger.Gone(expires, l.options.Now(), l.options.Leeway)
}

// Close implements ledger.Ledger. What is being written may be done or not.
func (l *Ledger) Close() error {
	l.mu.Lock()
	closed := l.closed
	l.closed = true
	l.mu.Unlock()
	if closed {
		return nil
	}
	close(l.stop)
	err := l.client.Close()
	l.running.Wait()
	return err
}
