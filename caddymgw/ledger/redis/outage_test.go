package redis

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/internal/redistest"
)

// outage is a server with two ledgers: one that is watched, and one that writes.
type outage struct {
	*redistest.Server
	l *Ledger
	w *watcher
}

func newOutage(t *testing.T) outage {
	t.Helper()
	s := redistest.Start(t)
	c := Config{URLs: []string{s.URL()}, Prefix: "outage"}
	o := outage{Server: s, l: open(t, c, still()), w: watching(t, open(t, c, still()))}
	require.NoError(t, o.l.Revoke(t.Context(), byID("before")))
	o.w.inSync(t, 0)
	o.w.hears(t, "before")
	return o
}

func (o outage) revoke(t *testing.T, id string) {
	t.Helper()
	eventually(t, func() error { return o.l.Revoke(t.Context(), byID(id)) })
}

func TestWatchCatchesUp(t *testing.T) {
	t.Parallel()
	for name, during := range map[string]func(*testing.T, outage){
		"when Redis was stopped": func(t *testing.T, o outage) {
			o.Stop()
			o.w.lost(t, 1)
			o.Restart()
			o.revoke(t, "meanwhile")
		},
		"when Redis was killed, and is back at once": func(t *testing.T, o outage) {
			o.Kill()
			o.Restart()
			o.revoke(t, "meanwhile")
		},
		"when Redis came back without its data": func(t *testing.T, o outage) {
			o.Kill()
			o.Forget()
			o.Restart()
			o.revoke(t, "meanwhile")
		},
		"when Redis was emptied": func(t *testing.T, o outage) {
			require.NoError(t, o.Client().FlushAll(t.Context()).Err())
			o.revoke(t, "meanwhile")
		},
		"when Redis was emptied, and nothing follows": func(t *testing.T, o outage) {
			require.NoError(t, o.Client().FlushAll(t.Context()).Err())
			o.w.lost(t, 1)
			o.revoke(t, "meanwhile")
		},
		"when its connection was cut": func(t *testing.T, o outage) {
			require.NoError(t, o.Client().ClientKillByFilter(t.Context(), "TYPE", "normal").Err())
			o.revoke(t, "meanwhile")
		},
		"when changes were trimmed away": func(t *testing.T, o outage) {
			// As one step, so that it reads none of them: what is there is a change behind.
			c := o.Client()
			tx := c.TxPipeline()
			tx.HSet(t.Context(), o.l.keys.revocations, "id:meanwhile", func() string {
				value, err := encodeRevocation(byID("meanwhile"))
				require.NoError(t, err)
				return value
			}())
			tx.IncrBy(t.Context(), o.l.keys.shared[len(o.l.keys.shared)-1], 1)
			_, err := tx.Exec(t.Context())
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutage(t)
			during(t, o)
			o.w.inSync(t, 1)
			o.w.hears(t, "meanwhile")
			o.revoke(t, "after")
			o.w.hears(t, "after")
			o.w.mu.Lock()
			defer o.w.mu.Unlock()
			require.Len(t, o.w.errs, 1)
			require.ErrorContains(t, o.w.errs[0], "ledger redis://"+o.Address())
		})
	}
}

// TestSlowReader is about more than is read at once, and holds that a reader which
// was left behind by the stream reads all again.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	const n = 3*changesAtOnce + 1
	for name, test := range map[string]struct {
		trim   bool
		losses int
	}{"in time": {}, "too late": {trim: true, losses: 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t, "--appendfsync", "no")
			l := open(t, Config{URLs: []string{s.URL()}}, still())
			told, losses := map[string]bool{}, 0
			for e, err := range l.Watch(t.Context()) {
				switch {
				case err != nil:
					require.ErrorIs(t, err, errGap)
					losses++
				case e.Synced && len(told) == 0 && losses == 0:
					seed(t, l, l.scripts.revoke, n, func(i int) ([]any, error) { return revocationArgs(byID(fmt.Sprint("k", i))) })
					if test.trim {
						require.NoError(t, s.Client().XTrimMaxLen(t.Context(), l.keys.changes, changesAtOnce+1).Err())
					}
				case e.Synced && len(told) == n:
					require.Equal(t, test.losses, losses)
					return
				case !e.Synced:
					told[e.Revocation.ID] = true
				}
			}
		})
	}
}

func TestWhatCannotBeReadIsNotPassedOver(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	l := open(t, Config{URLs: []string{s.URL()}}, still())
	require.NoError(t, l.Put(t.Context(), record("k1")))
	c := s.Client()
	require.NoError(t, c.HSet(t.Context(), l.keys.revocations, "id:k1", " 2030 {").Err())
	w := watching(t, l)
	w.lost(t, 1)
	w.mu.Lock()
	require.ErrorContains(t, w.errs[0], "can't be read")
	require.Zero(t, w.synced)
	w.mu.Unlock()
	require.NoError(t, c.HDel(t.Context(), l.keys.revocations, "id:k1").Err())
	w.inSync(t, 1)

	require.NoError(t, c.HSet(t.Context(), l.keys.shared[0], "k1", " {").Err())
	_, err := l.Get(t.Context(), "k1")
	require.ErrorContains(t, err, `the record of key "k1" can't be read`)
	for _, err := range l.List(t.Context(), ledger.Query{}) {
		require.ErrorContains(t, err, "can't be read")
	}
}
