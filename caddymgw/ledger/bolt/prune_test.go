package bolt

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// counts returns how many entries each bucket has.
func counts(t *testing.T, l *Ledger) map[string]int {
	t.Helper()
	n := map[string]int{}
	require.NoError(t, l.db.View(func(t *bbolt.Tx) error {
		for _, name := range counted {
			n[name] = t.Bucket([]byte(name)).Stats().KeyN
		}
		return nil
	}))
	return n
}

func TestWhatHasExpiredIsForgottenBitByBit(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	o := ledger.Options{Now: func() time.Time { return start.Add(time.Duration(ahead.Load())) }, Leeway: time.Minute}
	path := fresh(t)
	l, err := Open(path, o)
	require.NoError(t, err)
	const n = 2*pruneAtMost + 10
	require.NoError(t, l.write(t.Context(), func(tx *tx) error {
		for i := range n {
			r := ledger.Record{ID: fmt.Sprint("k", i), Subject: fmt.Sprint("s", i%7), Expires: start.Add(time.Hour)}
			if err := tx.put(r); err != nil {
				return err
			}
		}
		return nil
	}))
	end := byID("k1")
	end.Expires = start.Add(time.Hour)
	require.NoError(t, l.Revoke(t.Context(), end))
	for _, r := range []ledger.Record{{ID: "endless"}, {ID: "longer", Subject: "s1", Expires: start.Add(2 * time.Hour)}} {
		require.NoError(t, l.Put(t.Context(), r))
	}
	require.NoError(t, l.Revoke(t.Context(), byID("endless")))

	prune := func() int {
		n, err := l.prune()
		require.NoError(t, err)
		return n
	}
	ahead.Store(int64(time.Hour + time.Minute - 1))
	require.Zero(t, prune())
	ahead.Store(int64(time.Hour + time.Minute))
	require.Equal(t, pruneAtMost, prune())
	require.Equal(t, n+2-pruneAtMost, counts(t, l)[recordsBucket])
	require.Equal(t, pruneAtMost, prune())
	require.Equal(t, 11, prune()) // with the revocation
	require.Zero(t, prune())
	require.Equal(t, map[string]int{recordsBucket: 2, revocationsBucket: 1, subjectsBucket: 2, expiryBucket: 1}, counts(t, l))
	require.NoError(t, l.Close())
	l, err = Open(path, o) // which checks the sum
	require.NoError(t, err)
	ahead.Store(int64(3 * time.Hour))
	require.Equal(t, 1, prune())
	require.NoError(t, l.Close())
}

func TestWhatHasExpiredIsForgottenWhenTheFileIsOpened(t *testing.T) {
	t.Parallel()
	path := fresh(t)
	l, err := Open(path, still)
	require.NoError(t, err)
	require.NoError(t, l.write(t.Context(), func(tx *tx) error {
		for i := range 3 * pruneAtMost {
			if err := tx.put(typical(i)); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, l.Close())
	l, err = Open(path, ledger.Options{Now: func() time.Time { return start.AddDate(2, 0, 0) }})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return counts(t, l)[recordsBucket] == 0 }, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, map[string]int{recordsBucket: 0, revocationsBucket: 0, subjectsBucket: 0, expiryBucket: 0}, counts(t, l))
	require.NoError(t, l.Close())
}

func TestWhatIsWrittenAnewLeavesNoTraceOfWhatWas(t *testing.T) {
	t.Parallel()
	l := opened(t, fresh(t))
	first := ledger.Record{ID: "k1", Subject: "alice", Expires: start.Add(time.Hour)}
	second := ledger.Record{ID: "k1", Subject: "bob", Expires: start.Add(2 * time.Hour)}
	for _, r := range []ledger.Record{first, first, second} {
		require.NoError(t, l.Put(t.Context(), r))
	}
	require.Equal(t, map[string]int{recordsBucket: 1, revocationsBucket: 0, subjectsBucket: 1, expiryBucket: 1}, counts(t, l))
	later := ledger.Revocation{ID: "k1", Effective: start.Add(time.Minute), Expires: start.Add(time.Hour)}
	sooner := ledger.Revocation{ID: "k1", Effective: start, Expires: start.Add(2 * time.Hour)}
	for _, r := range []ledger.Revocation{later, sooner, later} {
		require.NoError(t, l.Revoke(t.Context(), r))
	}
	require.Equal(t, map[string]int{recordsBucket: 1, revocationsBucket: 1, subjectsBucket: 1, expiryBucket: 2}, counts(t, l))
	second.Expires = time.Time{}
	require.NoError(t, l.Put(t.Context(), second))
	require.Equal(t, map[string]int{recordsBucket: 1, revocationsBucket: 1, subjectsBucket: 1, expiryBucket: 1}, counts(t, l))
}

func TestMomentsSortAsTheyPass(t *testing.T) {
	t.Parallel()
	moments := []time.Time{
		{}, time.Unix(-1, 999_999_999), time.Unix(0, 0), time.Unix(0, 1), start.Add(-1), start, start.Add(1), start.Add(time.Second), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	require.Nil(t, expiryKey(moments[0], recordKind, "k1"))
	before := ""
	for _, m := range moments[1:] {
		key := expiryKey(m, recordKind, "k1")
		require.Greater(t, string(key), before)
		before = string(key)
		at, kind, name, err := parseExpiryKey(key)
		require.NoError(t, err)
		require.Equal(t, m.UTC(), at)
		require.EqualValues(t, recordKind, kind)
		require.Equal(t, "k1", name)
	}
	_, _, _, err := parseExpiryKey([]byte("short"))
	require.Error(t, err)
}
