package redis

import (
	"context"
	"iter"
	"time"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 2 * time.Second
)

// Watch implements ledger.Ledger. It has connections of its own, one after another:
// each begins with all revocations in force, so that nothing is missed, whatever
// became of Redis in between. An error is told once for each loss.
func (l *Ledger) Watch(ctx context.Context) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if err := l.begin(ctx); err != nil {
			yield(ledger.Event{}, err)
			return
		}
		go func() { // which ends with us, or when the ledger is closed
			defer l.running.Done()
			select {
			case <-ctx.Done():
			case <-l.stop:
				cancel()
			}
		}()
		w := watch{Ledger: l, yield: yield}
		for failures := 0; ; failures++ {
			err := w.follow(ctx)
			if w.over || ctx.Err() != nil {
				return
			}
			if w.synced {
				failures, w.lost, w.synced = 0, false, false
			}
			if !w.lost && !yield(ledger.Event{}, l.explain(ctx, err)) {
				return
			}
			w.lost = true
			if !l.rest(ctx, failures) {
				return
			}
		}
	}
}

// watch is one reader.
type watch struct {
	*Ledger
	yield  func(ledger.Event, error) bool
	over   bool // the reader has enough
	synced bool // nothing was missing on this connection at some time
	lost   bool // the reader was told so
}

// tell reports whether the reader wants more.
func (w *watch) tell(e ledger.Event) bool {
	w.over = w.over || !w.yield(e, nil)
	w.synced = w.synced || e.Synced
	return !w.over
}

// rest waits longer with each failure, and reports whether the watch goes on.
func (l *Ledger) rest(ctx context.Context, failures int) bool {
	d := min(minBackoff<<min(failures, 10), maxBackoff)
	again := time.NewTimer(d/2 + time.Duration(l.rand()*float64(d/2)))
	defer again.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-again.C:
		return true
	}
}
