package ledgertest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// Run holds a ledger to its contract. Open returns an empty one that heeds
// the options.
func Run(t *testing.T, open func(*testing.T, ledger.Options) ledger.Ledger) {
	t.Helper()
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := ledger.Options{Now: func() time.Time { return start }}

	t.Run("what was put is got, whole", func(t *testing.T) {
		l := open(t, clock)
		want := ledger.Record{
			ID: "k1", Subject: "alice", Name: "ci", APIs: []ledger.API{{Name: "Pets", Version: "*"}}, Scopes: []string{"read"},
			Operations: []string{"getPet"}, Addresses: []string{"10.0.0.0/8"}, Referers: []string{"example.com"}, Issued: start, Expires: start.Add(time.Hour),
		}
		require.NoError(t, l.Put(t.Context(), want))
		got, err := l.Get(t.Context(), "k1")
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("an unknown id is ErrNotFound", func(t *testing.T) {
		_, err := open(t, clock).Get(t.Context(), "nobody's")
		require.ErrorIs(t, err, ledger.ErrNotFound)
	})
	t.Run("an expired record is gone, one without end stays", func(t *testing.T) {
		now := start
		l := open(t, ledger.Options{Now: func() time.Time { return now }})
		require.NoError(t, l.Put(t.Context(), ledger.Record{ID: "short", Expires: start.Add(time.Minute)}))
		require.NoError(t, l.Put(t.Context(), ledger.Record{ID: "long"}))
		now = start.Add(time.Minute)
		_, err := l.Get(t.Context(), "short")
		require.ErrorIs(t, err, ledger.ErrNotFound)
		require.Equal(t, []string{"long"}, ids(t, l, ledger.Query{}))
	})
	t.Run("pages follow one another by id", func(t *testing.T) {
		l := open(t, clock)
		var want, got []string
		for i := range 25 {
			id := fmt.Sprintf("k%02d", i)
			want = append(want, id)
			require.NoError(t, l.Put(t.Context(), ledger.Record{ID: id}))
		}
		for after := ""; ; {
			page := ids(t, l, ledger.Query{After: after, Limit: 10})
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = page[len(page)-1]
		}
		require.Equal(t, want, got)
	})
	t.Run("many writers lose nothing", func(t *testing.T) {
		l := open(t, clock)
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() { _ = l.Put(t.Context(), ledger.Record{ID: fmt.Sprintf("k%03d", i)}) })
		}
		wg.Wait()
		require.Len(t, ids(t, l, ledger.Query{}), 200)
	})
}

func ids(t *testing.T, l ledger.Ledger, q ledger.Query) []string {
	t.Helper()
	var all []string
	for r, err := range l.List(t.Context(), q) {
		require.NoError(t, err)
		all = append(all, r.ID)
	}
	return all
}
