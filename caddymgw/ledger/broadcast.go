package ledger

import (
	"context"
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
// What Tell is given while all runs is told afterwards.
func (b *Broadcast) Watch(ctx context.Context, all iter.Seq2[Revocation, error]) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		w := &watcher{wake: make(chan struct{}, 1)}
		if !b.join(w) {
			yield(Event{}, ErrClosed)
			return
		}
		defer b.leave(w)
		for r, err := range all {
			if err != nil {
				yield(Event{}, err)
				return
			}
			if !yield(Event{Revocation: r}, nil) {
				return
			}
		}
		beat := time.NewTicker(heartbeat)
		defer beat.Stop()
		for {
			waiting, closed := b.take(w)
			for _, r := range waiting {
				if !yield(Event{Revocation: r}, nil) {
					return
				}
			}
			if closed || ctx.Err() != nil || !yield(Event{Synced: true}, nil) {
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
