package ledgertest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

func use(t *testing.T, open Open) {
	t.Run("a key's last use is noted, and nothing else of it changes", func(t *testing.T) {
		l := open(t, still())
		want := full("k1")
		require.NoError(t, l.Put(t.Context(), want))
		put(t, l, "alice", "k2", "k3")
		want.LastUsed = start.Add(30 * time.Minute)
		zone := time.FixedZone("", 3600)
		require.NoError(t, l.Touch(t.Context(), map[string]time.Time{"k1": want.LastUsed.In(zone), "k2": start.Add(time.Minute)}))
		require.Equal(t, want, get(t, l, "k1"))
		require.Equal(t, start.Add(time.Minute), get(t, l, "k2").LastUsed)
		require.True(t, get(t, l, "k3").LastUsed.IsZero())
	})
	t.Run("no time goes back", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "k1")
		for _, step := range []struct{ touch, want time.Duration }{{time.Hour, time.Hour}, {time.Minute, time.Hour}, {time.Hour, time.Hour}, {2 * time.Hour, 2 * time.Hour}} {
			require.NoError(t, l.Touch(t.Context(), map[string]time.Time{"k1": start.Add(step.touch)}))
			require.Equal(t, start.Add(step.want), get(t, l, "k1").LastUsed)
		}
		require.NoError(t, l.Touch(t.Context(), map[string]time.Time{"k1": {}}))
		require.Equal(t, start.Add(2*time.Hour), get(t, l, "k1").LastUsed)
	})
	t.Run("ids that are not recorded are passed over", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "k1")
		require.NoError(t, l.Touch(t.Context(), nil))
		require.NoError(t, l.Touch(t.Context(), map[string]time.Time{"": start, "a": start, "k1": start.Add(1), "z": start}))
		require.Equal(t, []string{"k1"}, listed(t, l, ledger.Query{}))
		require.Equal(t, start.Add(1), get(t, l, "k1").LastUsed)
		absent(t, l, "a")
	})
	t.Run("lists of a subject and of the unused see it", func(t *testing.T) {
		l := open(t, still())
		used := map[string]time.Time{}
		ids := numbered(300)
		put(t, l, "alice", ids...)
		for i, id := range ids {
			if i != 7 {
				used[id] = start.Add(time.Hour)
			}
		}
		require.NoError(t, l.Touch(t.Context(), used))
		n := 0
		for r, err := range l.List(t.Context(), ledger.Query{Subject: "alice"}) {
			require.NoError(t, err)
			require.Equal(t, used[r.ID], r.LastUsed)
			n++
		}
		require.Equal(t, 300, n)
		for _, subject := range []string{"", "alice"} {
			require.Equal(t, []string{"k007"}, listed(t, l, ledger.Query{Subject: subject, UnusedSince: start.Add(time.Minute)}))
		}
	})
}
