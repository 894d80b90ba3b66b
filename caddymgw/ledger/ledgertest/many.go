package ledgertest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// noError is for other goroutines than the test's.
func noError(t *testing.T, err error) bool {
	t.Helper()
	return assert.NoError(t, err)
}

func many(t *testing.T, open Open) {
	t.Run("writers lose nothing", func(t *testing.T) {
		l := open(t, still())
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				for j := range 10 {
					id := fmt.Sprintf("k%02d-%d", i, j)
					noError(t, l.Put(t.Context(), ledger.Record{ID: id, Subject: fmt.Sprint("s", i), Issued: start}))
					if j%2 == 0 {
						noError(t, l.Revoke(t.Context(), byID(id)))
					}
				}
			})
		}
		wg.Wait()
		require.Len(t, listed(t, l, ledger.Query{}), 500)
		require.Len(t, inForce(t, l), 250)
		for i := range 50 {
			ids := listed(t, l, ledger.Query{Subject: fmt.Sprint("s", i)})
			require.Len(t, ids, 10)
			for j, id := range ids {
				require.Equal(t, j%2 == 0, !get(t, l, id).Revoked.IsZero())
			}
		}
	})
	t.Run("of a hundred replacements of one key one succeeds, wholly", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "old")
		w := watching(t, l)
		w.atSync(t)
		errs := make([]error, 100)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				id := fmt.Sprintf("new%02d", i)
				errs[i] = l.Replace(t.Context(), ledger.Record{ID: id, Subject: "alice", Issued: start}, replaced("old", id))
			})
		}
		wg.Wait()
		winner := ""
		for i, err := range errs {
			id := fmt.Sprintf("new%02d", i)
			if err != nil {
				require.ErrorIs(t, err, ledger.ErrReplaced)
				absent(t, l, id)
				continue
			}
			require.Empty(t, winner, "two successors")
			winner = id
		}
		require.NotEmpty(t, winner)
		require.Equal(t, ledger.Record{ID: winner, Subject: "alice", Issued: start}, get(t, l, winner))
		require.Equal(t, winner, get(t, l, "old").ReplacedBy)
		require.Equal(t, []string{winner, "old"}, listed(t, l, ledger.Query{Subject: "alice"}))
		require.Equal(t, []ledger.Revocation{replaced("old", winner)}, inForce(t, l))
		w.hears(t, replaced("old", winner))
	})
	t.Run("of a replacement and a revocation neither gets lost", func(t *testing.T) {
		l := open(t, still())
		for i := range 20 {
			old, successor := fmt.Sprint("old", i), fmt.Sprint("new", i)
			put(t, l, "alice", old)
			var wg sync.WaitGroup
			var err error
			wg.Go(func() { err = l.Replace(t.Context(), ledger.Record{ID: successor}, replaced(old, successor)) })
			wg.Go(func() { noError(t, l.Revoke(t.Context(), byID(old))) })
			wg.Wait()
			k := get(t, l, old)
			require.Equal(t, start, k.Revoked)
			if err == nil {
				require.Equal(t, successor, k.ReplacedBy)
				get(t, l, successor)
			} else {
				require.ErrorIs(t, err, ledger.ErrReplaced)
				require.Empty(t, k.ReplacedBy)
				absent(t, l, successor)
			}
		}
	})
	t.Run("of revocations of one key the soonest holds", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "k1")
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				r := byID("k1")
				r.Effective = start.Add(time.Duration((i*7)%50) * time.Minute)
				noError(t, l.Revoke(t.Context(), r))
			})
		}
		wg.Wait()
		require.Equal(t, start, get(t, l, "k1").Revoked)
		require.Equal(t, []ledger.Revocation{byID("k1")}, inForce(t, l))
	})
	t.Run("use and revocation of one key don't undo one another", func(t *testing.T) {
		l := open(t, still())
		var wg sync.WaitGroup
		for i := range 50 {
			id := fmt.Sprint("k", i)
			put(t, l, "alice", id)
			wg.Go(func() { noError(t, l.Touch(t.Context(), map[string]time.Time{id: start.Add(time.Minute)})) })
			wg.Go(func() { noError(t, l.Revoke(t.Context(), byID(id))) })
			wg.Go(func() { noError(t, l.Touch(t.Context(), map[string]time.Time{id: start.Add(time.Hour)})) })
		}
		wg.Wait()
		for i := range 50 {
			k := get(t, l, fmt.Sprint("k", i))
			require.Equal(t, start, k.Revoked)
			require.Equal(t, start.Add(time.Hour), k.LastUsed)
		}
	})
	t.Run("lists and watches go on while others write", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "a", "z")
		var stop atomic.Bool
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for j := 0; !stop.Load() && noError(t, l.Put(t.Context(), ledger.Record{ID: fmt.Sprintf("k%d-%d", i, j)})); j++ {
				}
			})
		}
		for range 20 {
			all := listed(t, l, ledger.Query{})
			assert.IsIncreasing(t, all)
			assert.Equal(t, "a", all[0])
			assert.Equal(t, "z", all[len(all)-1])
		}
		stop.Store(true)
		wg.Wait()
	})
}
