package bolt

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// Ledger is a ledger.Ledger in a file. What it has acknowledged is on the disk.
type Ledger struct {
	options  ledger.Options
	path     string
	db       *bbolt.DB
	file     *os.File              // that of db
	size     int64                 // at least
	commit   func(*bbolt.Tx) error // bolt's, but in tests
	writes   chan *write
	watchers ledger.Broadcast
	fault    atomic.Pointer[fault]

	close   sync.Once
	stop    chan struct{}
	running sync.WaitGroup
}

var _ ledger.Ledger = (*Ledger)(nil)

// refused returns why nothing can be done.
func (l *Ledger) refused(ctx context.Context) error {
	select {
	case <-l.stop:
		return ledger.ErrClosed
	default:
		return ctx.Err()
	}
}

// Put implements ledger.Ledger.
func (l *Ledger) Put(ctx context.Context, r ledger.Record) error {
	if err := r.Check(); err != nil {
		return err
	}
	r = r.Clone()
	return l.write(ctx, func(tx *tx) error { return tx.put(r) })
}

// Replace implements ledger.Ledger.
func (l *Ledger) Replace(ctx context.Context, successor ledger.Record, old ledger.Revocation) error {
	if err := errors.Join(successor.Check(), old.Check()); err != nil {
		return err
	}
	successor, old = successor.Clone(), old.UTC()
	return l.write(ctx, func(tx *tx) error {
		r, ok, err := tx.record(old.ID)
		switch {
		case err != nil:
			return err
		case !ok || tx.gone(r.Expires):
			return ledger.ErrNotFound
		case !r.Revoked.IsZero():
			return ledger.ErrReplaced
		}
		if err := tx.revoke(old); err != nil {
			return err
		}
		return tx.put(successor)
	})
}

// Revoke implements ledger.Ledger.
func (l *Ledger) Revoke(ctx context.Context, r ledger.Revocation) error {
	if err := r.Check(); err != nil {
		return err
	}
	r = r.UTC()
	return l.write(ctx, func(tx *tx) error { return tx.revoke(r) })
}

// Touch implements ledger.Ledger, in one transaction.
func (l *Ledger) Touch(ctx context.Context, used map[string]time.Time) error {
	ids := slices.Sorted(maps.Keys(used)) // neighbours share pages
	return l.write(ctx, func(tx *tx) error {
		for _, id := range ids {
			r, ok, err := tx.record(id)
			if err != nil {
				return err
			}
			if at := used[id]; ok && at.After(r.LastUsed) {
				r.LastUsed = at.UTC()
				if err := tx.store(r); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Close implements ledger.Ledger. Writes that were begun are finished.
func (l *Ledger) Close() error {
	var err error
	l.close.Do(func() {
		close(l.stop)
		l.watchers.Close()
		l.running.Wait()
		err = l.release()
	})
	return err
}
