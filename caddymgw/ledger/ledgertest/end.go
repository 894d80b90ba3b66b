package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

func end(t *testing.T, open Open) {
	// calls returns what each method says.
	calls := func(ctx context.Context, l ledger.Ledger) map[string]error {
		_, got := l.Get(ctx, "k1")
		errs := map[string]error{
			"Put":     l.Put(ctx, ledger.Record{ID: "k2"}),
			"Replace": l.Replace(ctx, ledger.Record{ID: "k2"}, replaced("k1", "k2")),
			"Revoke":  l.Revoke(ctx, byID("k1")),
			"Touch":   l.Touch(ctx, map[string]time.Time{"k1": start.Add(time.Hour)}),
			"Get":     got,
		}
		for name, q := range map[string]ledger.Query{"List": {}, "List of a subject": {Subject: "alice"}, "List behind the end": {After: "z"}} {
			errs[name] = errors.New("no error")
			for _, err := range l.List(ctx, q) {
				errs[name] = err
			}
		}
		return errs
	}
	t.Run("a context that is over is refused, and nothing is done", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "k1")
		before := get(t, l, "k1")
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		for name, err := range calls(cancelled, l) {
			require.ErrorIs(t, err, context.Canceled, name)
		}
		require.Equal(t, before, get(t, l, "k1"))
		absent(t, l, "k2")
		require.Empty(t, inForce(t, l))
	})
	t.Run("a list ends when its context does", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", numbered(600)...)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n, last := 0, error(nil)
		for _, err := range l.List(ctx, ledger.Query{}) {
			if last = err; err == nil {
				n++
			}
			cancel()
		}
		require.ErrorIs(t, last, context.Canceled)
		require.Less(t, n, 600)
	})
	t.Run("a closed ledger says so, and its watches end", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "k1")
		one, other := watching(t, l), watching(t, l)
		one.atSync(t)
		other.atSync(t)
		require.NoError(t, l.Close())
		one.ended(t)
		other.ended(t)
		for name, err := range calls(t.Context(), l) {
			require.ErrorIs(t, err, ledger.ErrClosed, name)
		}
		last := error(nil)
		for e, err := range l.Watch(t.Context()) {
			require.False(t, e.Synced)
			last = err
		}
		require.ErrorIs(t, last, ledger.ErrClosed)
	})
	t.Run("closing twice, and while others work, does no harm", func(t *testing.T) {
		l := open(t, still())
		var wg sync.WaitGroup
		var closed atomic.Bool
		for i := range 8 {
			wg.Go(func() {
				var err error
				for j, over := 0, false; err == nil && !over; j++ {
					over = closed.Load()
					err = l.Put(t.Context(), ledger.Record{ID: fmt.Sprintf("k%d-%d", i, j)})
				}
				assert.ErrorIs(t, err, ledger.ErrClosed)
			})
		}
		time.Sleep(20 * time.Millisecond) // so that they are at it
		err := l.Close()
		closed.Store(true)
		wg.Wait()
		require.NoError(t, err)
		_ = l.Close()
	})
}
