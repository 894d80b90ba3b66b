package bolt

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/ledger/ledgertest"
)

func TestLedger(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(t *testing.T, o ledger.Options) ledger.Ledger {
		l, err := Open(fresh(t), o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		return l
	})
}

// sample does something of every kind.
func sample(t testing.TB, l ledger.Ledger) {
	t.Helper()
	for i := range 40 {
		require.NoError(t, l.Put(t.Context(), typical(i)))
	}
	require.NoError(t, l.Put(t.Context(), ledger.Record{ID: "large", Subject: "bob", Operations: strings.Fields(strings.Repeat("getPet ", 2000))}))
	for i := range 10 {
		require.NoError(t, l.Revoke(t.Context(), typicalEnd(i)))
	}
	require.NoError(t, l.Revoke(t.Context(), ledger.Revocation{Subject: "bob", IssuedBefore: start, Effective: start}))
	require.NoError(t, l.Replace(t.Context(), ledger.Record{ID: "new", Subject: "bob"}, replacedBy("large", "new")))
	require.NoError(t, l.Touch(t.Context(), map[string]time.Time{"new": start, typical(3).ID: start.Add(time.Hour)}))
}

func TestWhatIsWrittenIsThereWhenTheFileIsOpenedAgain(t *testing.T) {
	t.Parallel()
	path := fresh(t)
	l, err := Open(path, still)
	require.NoError(t, err)
	sample(t, l)
	want := contentOf(t, l)
	require.Len(t, want.records, 42)
	require.Len(t, want.revocations, 12)
	require.NoError(t, l.Close())
	for range 3 {
		l, err = Open(path, still)
		require.NoError(t, err)
		require.Equal(t, want, contentOf(t, l))
		require.NoError(t, l.Close())
	}
}

func TestWritesThatComeTogetherShareATransaction(t *testing.T) {
	t.Parallel()
	l := opened(t, fresh(t))
	var commits atomic.Int32
	first := make(chan struct{})
	l.commit = func(t *bbolt.Tx) error {
		if commits.Add(1) == 1 {
			<-first
		}
		return t.Commit()
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if err := l.Put(t.Context(), typical(i)); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(100 * time.Millisecond) // so that most of them wait
	close(first)
	wg.Wait()
	require.Less(t, commits.Load(), int32(100))
	require.False(t, l.db.NoSync || l.db.NoGrowSync, "acknowledged before it is on the disk, which no test would notice")
	require.Len(t, contentOf(t, l).records, 100)
}

func TestClosingWaitsForWhatWasBegun(t *testing.T) {
	t.Parallel()
	path := fresh(t)
	l, err := Open(path, still)
	require.NoError(t, err)
	begun, goOn := make(chan struct{}), make(chan struct{})
	l.commit = func(t *bbolt.Tx) error {
		close(begun)
		<-goOn
		return t.Commit()
	}
	put, closed := make(chan error, 1), make(chan error, 1)
	go func() { put <- l.Put(t.Context(), typical(1)) }()
	<-begun
	go func() { closed <- l.Close() }()
	select {
	case <-closed:
		require.Fail(t, "closed in the middle of a write")
	case <-time.After(50 * time.Millisecond):
	}
	close(goOn)
	require.NoError(t, <-put)
	require.NoError(t, <-closed)
	require.Len(t, contentOf(t, opened(t, path)).records, 1)
}

// waiting is a write as together gets it.
func waiting(ctx context.Context, do func(*tx) error) *write {
	return &write{over: ctx.Err, do: do, done: make(chan error, 1)}
}

func TestAWriteThatFailsHarmsNoOtherOfItsTransaction(t *testing.T) {
	t.Parallel()
	l := opened(t, fresh(t))
	require.NoError(t, l.Put(t.Context(), typical(0)))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	long := typical(3)
	long.Subject = strings.Repeat("s", bbolt.MaxKeySize) // fits the record, and not the index
	gone := typical(4)
	batch := []*write{
		waiting(t.Context(), func(tx *tx) error { return tx.put(typical(1)) }),
		waiting(t.Context(), func(tx *tx) error { return tx.put(long) }),
		waiting(cancelled, func(tx *tx) error { return tx.put(gone) }),
		waiting(t.Context(), func(tx *tx) error { return tx.revoke(byID(typical(0).ID)) }),
		waiting(t.Context(), func(*tx) error { return ledger.ErrReplaced }),
		waiting(t.Context(), func(tx *tx) error { return tx.put(long) }),
		waiting(t.Context(), func(tx *tx) error { return tx.put(typical(2)) }),
	}
	var got []error
	all := append([]*write(nil), batch...)
	l.together(batch)
	for _, w := range all {
		got = append(got, <-w.done)
	}
	require.NoError(t, got[0])
	require.ErrorContains(t, got[1], "key too large")
	require.ErrorIs(t, got[2], context.Canceled)
	require.NoError(t, got[3])
	require.ErrorIs(t, got[4], ledger.ErrReplaced)
	require.ErrorContains(t, got[5], "key too large")
	require.NoError(t, got[6])
	c := contentOf(t, l)
	require.Len(t, c.records, 3)
	require.Len(t, c.revocations, 1)
	require.NoError(t, l.Put(t.Context(), typical(5)))
}

func TestWhatChangesNothingIsNeitherWrittenNorTold(t *testing.T) {
	t.Parallel()
	l := opened(t, fresh(t))
	commits := 0
	l.commit = func(t *bbolt.Tx) error {
		commits++
		return t.Commit()
	}
	told := make(chan string, 10)
	var wg sync.WaitGroup
	wg.Go(func() {
		var once sync.Once
		for e := range l.Watch(t.Context()) {
			if e.Synced {
				once.Do(func() { told <- "synced" })
				continue
			}
			if told <- e.Revocation.ID; e.Revocation.ID == "last" {
				return
			}
		}
	})
	require.Equal(t, "synced", <-told)
	for range 3 {
		require.NoError(t, l.Revoke(t.Context(), byID("k1")))
	}
	require.ErrorIs(t, l.Replace(t.Context(), ledger.Record{ID: "k3"}, replacedBy("k2", "k3")), ledger.ErrNotFound)
	require.NoError(t, l.Revoke(t.Context(), byID("last")))
	wg.Wait()
	require.Equal(t, "k1", <-told)
	require.Equal(t, "last", <-told)
	require.Equal(t, 2, commits)
}

func TestReadersReadByPagesAndHoldNoTransactionOpen(t *testing.T) {
	t.Parallel()
	l := opened(t, fresh(t))
	require.NoError(t, l.write(t.Context(), func(tx *tx) error {
		for i := range 3 * pageSize {
			if err := tx.put(typical(i)); err != nil {
				return err
			}
			if err := tx.revoke(typicalEnd(i)); err != nil {
				return err
			}
		}
		return nil
	}))
	var p page
	require.NoError(t, l.view(p.read))
	require.Len(t, p.found, pageSize)
	require.False(t, p.last)
	require.NoError(t, l.view(func(tx *tx) error {
		found, next, last, err := tx.inForce(nil)
		require.Len(t, found, pageSize)
		require.NotEmpty(t, next)
		require.False(t, last)
		return err
	}))
	n := 0
	for _, q := range []ledger.Query{{}, {Subject: "user-7@example.com"}} {
		for _, err := range l.List(t.Context(), q) {
			require.NoError(t, err)
			require.Zero(t, l.db.Stats().OpenTxN)
			n++
		}
	}
	require.Equal(t, 3*pageSize+1, n)
	for e, err := range l.Watch(t.Context()) {
		require.NoError(t, err)
		require.Zero(t, l.db.Stats().OpenTxN)
		if e.Synced {
			break
		}
	}
}

func TestASubjectsListReadsNobodyElses(t *testing.T) {
	t.Parallel()
	l, err := Open(fresh(t), still)
	require.NoError(t, err)
	for i := range 10 {
		require.NoError(t, l.Put(t.Context(), ledger.Record{ID: fmt.Sprint("k", i), Subject: fmt.Sprint("s", i)}))
	}
	require.NoError(t, l.db.Update(func(t *bbolt.Tx) error { // whoever reads this one says so
		return t.Bucket([]byte(recordsBucket)).Put([]byte("k3"), []byte("nonsense"))
	}))
	for r, err := range l.List(t.Context(), ledger.Query{Subject: "s4"}) {
		require.NoError(t, err)
		require.Equal(t, "k4", r.ID)
	}
	for _, err := range l.List(t.Context(), ledger.Query{Subject: "s3"}) {
		require.ErrorContains(t, err, "damaged")
	}
	require.NoError(t, l.Close())
}
