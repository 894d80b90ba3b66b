package bolt

import (
	"context"
	"errors"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// atMost is how many writes share a transaction.
const atMost = 256

// write is one that waits for its transaction.
type write struct {
	over func() error // says that its caller has gone
	do   func(*tx) error
	err  error
	done chan error // one place
}

// write has something done, and returns when it is on the disk. Writes that come
// while a transaction is being committed share the next one: alone, nobody waits
// for others, and many wait for one fsync. One that is begun is waited for whatever
// becomes of its context, so that the answer is true.
func (l *Ledger) write(ctx context.Context, do func(*tx) error) error {
	if err := l.refused(ctx); err != nil {
		return err
	}
	w := &write{over: ctx.Err, do: do, done: make(chan error, 1)}
	select {
	case l.writes <- w:
		return <-w.done
	case <-ctx.Done():
		return ctx.Err()
	case <-l.stop:
		return ledger.ErrClosed
	}
}

// serve carries out what is written.
func (l *Ledger) serve() {
	for {
		select {
		case w := <-l.writes:
			l.together(l.gather(w))
		case <-l.stop:
			return
		}
	}
}

// gather takes what waits already.
func (l *Ledger) gather(first *write) []*write {
	batch := []*write{first}
	for len(batch) < atMost {
		select {
		case w := <-l.writes:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// together carries out writes in one transaction. One that has failed halfway is
// left out, and the others are done again without it.
func (l *Ledger) together(batch []*write) {
	for {
		culprit, err := l.attempt(batch)
		if culprit < 0 {
			for _, w := range batch {
				if err != nil {
					w.err = err
				}
				w.done <- w.err
			}
			return
		}
		batch[culprit].done <- batch[culprit].err
		batch = append(batch[:culprit], batch[culprit+1:]...)
	}
}

// attempt returns the index of a write that has failed halfway, or -1 and the
// error of all.
func (l *Ledger) attempt(batch []*write) (culprit int, err error) {
	if f := l.fault.Load(); f != nil {
		return -1, f.err
	}
	culprit = -1
	err = l.guarded(func() error {
		if err := l.uncut(); err != nil {
			return err
		}
		t, err := l.db.Begin(true)
		if err != nil {
			return l.failedCommit(err)
		}
		x, err := l.begin(t)
		if err == nil {
			err = x.loadSum()
		}
		if err == nil {
			culprit, err = x.all(batch)
		}
		if err == nil && culprit < 0 && x.changes > 0 {
			err = x.saveSum()
		}
		if err != nil || culprit >= 0 || x.changes == 0 {
			return errors.Join(err, t.Rollback())
		}
		if err := l.commit(t); err != nil {
			return l.failedCommit(err)
		}
		for _, r := range x.told {
			l.watchers.Tell(r)
		}
		return nil
	})
	return culprit, err
}

// all does each write. One that is refused has changed nothing, and the rest goes
// on.
func (x *tx) all(batch []*write) (culprit int, err error) {
	for i, w := range batch {
		if w.err = w.over(); w.err != nil {
			continue
		}
		before := x.changes
		w.err = w.do(x)
		var d damage
		switch {
		case errors.As(w.err, &d):
			return -1, d
		case w.err != nil && x.changes > before:
			return i, nil
		}
	}
	return -1, nil
}
