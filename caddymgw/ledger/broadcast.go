package ledger

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"
)

// heartbeat is how often a watcher hears that nothing is missing.
const heartbeat = time.Second

// Broadcast tells revocations to watchers within one process, for ledgers that
// nobody else writes to. The zero value is ready. It is safe for concurrent use.
type Broadcast struct {
	mu       sync.Mutex
	watchers map[*watcher]bool
	closed   bool
}

// watcher has what it was not told yet; a slow one holds nobody up.
type watcher struct {
	waiting []Revocation
	wake    chan struct{} // one place
}

func (w *watcher) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Tell hands a revocation to every watcher.
func (b *Broadcast) Tell(r Revocation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.watchers {
		w.waiting = append(w.waiting, r)
		w.poke()
	}
}

// Close ends every watch.
func (b *Broadcast) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for w := range b.watchers {
		w.poke()
	}
}

// Watch implements that of a Ledger, whose revocations in force are told by all.
// What Tell is given while all runs is told afterwards. Where all fails, its error
// is told, and after a heartbeat all is run again; ErrClosed ends the watch.
func (b *Broadcast) Watch(ctx context.Context, all iter.Seq2[Revocation, error]) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		w := &watcher{wake: make(chan struct{}, 1)}
		if !b.join(w) {
			yield(Event{}, ErrClosed)
			return
		}
		defer b.leave(w)
		beat := time.NewTicker(heartbeat)
		defer beat.Stop()
		synced := false
		for {
			if !synced {
				err, enough := tell(ctx, all, yield)
				if enough || err != nil && (!yield(Event{}, err) || errors.Is(err, ErrClosed)) {
					return
				}
				synced = err == nil
			}
			waiting, closed := b.take(w)
			for _, r := range waiting {
				if !yield(Event{Revocation: r}, nil) {
					return
				}
			}
			if closed || ctx.Err() != nil || synced && !yield(Event{Synced: true}, nil) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-w.wake:
			case <-beat.C:
			}
		}
	}
}

// tell hands all on. Enough says that nobody wants more.
func tell(ctx context.Context, all iter.Seq2[Revocation, error], yield func(Event, error) bool) (err error, enough bool) {
	for r, err := range all {
		switch {
		case ctx.Err() != nil:
			return nil, true
		case err != nil:
			return err, false
		case !yield(Event{Revocation: r}, nil):
			return nil, true
		}
	}
	return nil, ctx.Err() != nil
}

func (b *Broadcast) join(w *watcher) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	if b.watchers == nil {
		b.watchers = map[*watcher]bool{}
	}
	b.watchers[w] = true
	return true
}

func (b *Broadcast) leave(w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.watchers, w)
}

func (b *Broadcast) take(w *watcher) (waiting []Revocation, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	waiting, w.waiting = w.waiting, nil
	return waiting, b.closed
}
