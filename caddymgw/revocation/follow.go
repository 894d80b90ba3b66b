package revocation

import (
	"context"
	"errors"
	"time"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

const (
	sweepInterval = time.Minute
	// patience is how long a watch may say nothing; it should every second.
	patience   = 30 * time.Second
	minBackoff = time.Second
	maxBackoff = 30 * time.Second
)

var (
	errSilent = errors.New("the ledger says nothing")
	errEnded  = errors.New("the ledger ended the watch")
)

// Follow applies what a ledger tells, and drops what is over, until ctx ends or
// the ledger is closed. A watch that ends by itself, or says nothing for half a
// minute, is begun anew. Nil observes nothing. One Follow runs at a time.
func (s *Set) Follow(ctx context.Context, l ledger.Ledger, o Observer) {
	if o == nil {
		o = Unobserved{}
	}
	f := follower{Set: s, observer: o, sweeps: time.NewTicker(sweepInterval), horizon: horizon{at: s.now()}}
	defer f.sweeps.Stop()
	for ctx.Err() == nil {
		err := f.watch(ctx, l)
		if ctx.Err() != nil {
			return
		}
		f.lose(err)
		if errors.Is(err, ledger.ErrClosed) {
			return
		}
		f.failures++
		f.rest(ctx)
	}
}

// follower is what the goroutine remembers.
type follower struct {
	*Set
	observer Observer
	sweeps   *time.Ticker
	horizon  horizon
	lost     bool
	failures int // in a row
}

// watch returns why it ended.
func (f *follower) watch(ctx context.Context, l ledger.Ledger) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(patience, func() { cancel(errSilent) })
	defer silence.Stop()
	for e, err := range l.Watch(ctx) {
		silence.Reset(patience)
		switch {
		case errors.Is(err, ledger.ErrClosed):
			return err
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			f.lose(err)
		case e.Synced:
			f.sync()
		default:
			f.Apply(e.Revocation)
		}
		f.tidy()
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return errEnded
}

func (f *follower) sync() {
	f.touch()
	f.failures = 0
	if f.lost {
		f.lost = false
		f.observer.Regained()
	}
}

func (f *follower) lose(err error) {
	if !f.lost {
		f.lost = true
		f.observer.Lost(err)
	}
}

// rest waits longer with each failure.
func (f *follower) rest(ctx context.Context) {
	again := time.NewTimer(min(minBackoff<<min(f.failures-1, 16), maxBackoff))
	defer again.Stop()
	select {
	case <-ctx.Done():
	case <-again.C:
	}
	f.tidy()
}

// tidy sweeps where it is due. No lock is held for long: shard by shard.
func (f *follower) tidy() {
	select {
	case <-f.sweeps.C:
	default:
		return
	}
	now := f.now()
	f.horizon.follow(now, sweepInterval)
	f.sweep(now, f.horizon.at)
}

func (s *Set) sweep(now time.Time, h time.Time) {
	h = h.Add(-s.leeway - margin)
	seen := s.greatest.see(now)
	for i := range s.ids {
		s.ended.Add(-int64(s.ids[i].sweep(seen, h)))
	}
	s.sweepSubjects(h)
}
