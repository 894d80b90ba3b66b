package bolt

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// typical is a record as they are.
func typical(i int) ledger.Record {
	return ledger.Record{
		ID: fmt.Sprintf("%08x-5f1c-4d7e-9b1a-%012x", uint32(i)*2654435761, i), Subject: fmt.Sprintf("user-%d@example.com", i%1000), Name: "ci",
		APIs: []ledger.API{{Name: "PetStore", Version: "1.0"}}, Scopes: []string{"read", "write"}, SigningKey: "vN3tT0f6fM0Q8m5b0vF0pQ",
		Issued: start, Expires: start.Add(365 * 24 * time.Hour),
	}
}

func typicalEnd(i int) ledger.Revocation {
	return ledger.Revocation{ID: typical(i).ID, Made: start, Effective: start, Reason: "lost", Expires: start.Add(365 * 24 * time.Hour)}
}

// filled returns the path of a ledger that has some of them.
func filled(tb testing.TB, records, revocations int) string {
	tb.Helper()
	path := fresh(tb)
	l, err := Open(path, still)
	require.NoError(tb, err)
	l.db.NoSync = true
	const each = 20_000
	for i := 0; i < max(records, revocations); i += each {
		require.NoError(tb, l.write(tb.Context(), func(tx *tx) error {
			for j := i; j < i+each; j++ {
				if j < records {
					if err := tx.store(typical(j)); err != nil {
						return err
					}
				}
				if j < revocations {
					if err := tx.revoke(typicalEnd(j)); err != nil {
						return err
					}
				}
			}
			return nil
		}))
	}
	require.NoError(tb, l.db.Sync())
	require.NoError(tb, l.Close())
	return path
}

// heap returns how much is in use.
func heap() float64 {
	runtime.GC()
	runtime.GC() // bolt's pool of pages is emptied by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

func BenchmarkPut(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			l := opened(b, fresh(b))
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if err := l.Put(b.Context(), typical(int(i))); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
		})
	}
}

// BenchmarkBareBolt is what bolt needs for the least of transactions: the floor of
// BenchmarkPut with one writer.
func BenchmarkBareBolt(b *testing.B) {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, nil)
	require.NoError(b, err)
	defer db.Close()
	for i := range b.N {
		require.NoError(b, db.Update(func(t *bbolt.Tx) error {
			bucket, err := t.CreateBucketIfNotExists([]byte("b"))
			if err != nil {
				return err
			}
			return bucket.Put([]byte(typical(i).ID), make([]byte, 300))
		}))
	}
}

const million = 1_000_000

func BenchmarkMillion(b *testing.B) {
	path := filled(b, million, 0)
	b.Run("open", func(b *testing.B) {
		for range b.N {
			l, err := Open(path, still)
			require.NoError(b, err)
			b.StopTimer()
			b.ReportMetric(heap(), "MB-heap")
			require.NoError(b, l.Close())
			b.StartTimer()
		}
		info, err := os.Stat(path)
		require.NoError(b, err)
		b.ReportMetric(float64(info.Size())/(1<<20), "MB-file")
	})
	for name, q := range map[string]ledger.Query{
		"list all": {}, "list a page of 100": {After: "7", Limit: 100}, "list a subject of 1000": {Subject: "user-7@example.com"},
		"list a page of 100 of a subject": {Subject: "user-7@example.com", Limit: 100}, "list the unused, of which there are none": {UnusedSince: start},
	} {
		b.Run(name, func(b *testing.B) {
			l := opened(b, path)
			n, most, before := 0, 0.0, heap()
			b.ResetTimer()
			for range b.N {
				for _, err := range l.List(b.Context(), q) {
					require.NoError(b, err)
					if n++; n%250_000 == 0 {
						most = max(most, heap()-before)
					}
				}
			}
			b.ReportMetric(float64(n)/float64(b.N), "records")
			b.ReportMetric(most, "MB-more-heap")
		})
	}
	b.Run("put", func(b *testing.B) {
		l := opened(b, path)
		b.ResetTimer()
		for i := range b.N {
			require.NoError(b, l.Put(b.Context(), typical(million+i)))
		}
	})
}

func BenchmarkWatchMillion(b *testing.B) {
	l := opened(b, filled(b, 0, million))
	b.ResetTimer()
	for range b.N {
		n, before, most := 0, heap(), 0.0
		for e, err := range l.Watch(b.Context()) {
			require.NoError(b, err)
			if e.Synced {
				break
			}
			if n++; n%250_000 == 0 {
				most = max(most, heap()-before)
			}
		}
		require.Equal(b, million, n)
		b.ReportMetric(most, "MB-more-heap")
	}
}

func BenchmarkTouch(b *testing.B) {
	l := opened(b, filled(b, 100_000, 0))
	b.ResetTimer()
	for i := range b.N {
		used := map[string]time.Time{}
		for j := range 10_000 {
			used[typical(j*7).ID] = start.Add(time.Duration(i+1) * time.Minute)
		}
		require.NoError(b, l.Touch(b.Context(), used))
	}
}

// BenchmarkPrune forgets a million, and puts meanwhile and afterwards.
func BenchmarkPrune(b *testing.B) {
	for range b.N {
		b.StopTimer()
		path := filled(b, million, 0)
		var later atomic.Int64
		l, err := Open(path, ledger.Options{Now: func() time.Time { return start.Add(time.Duration(later.Load())) }})
		require.NoError(b, err)
		later.Store(int64(400 * 24 * time.Hour))
		b.StartTimer()
		slowest := time.Duration(0)
		for n, batch := pruneAtMost, 0; n == pruneAtMost; batch++ {
			n, err = l.prune()
			require.NoError(b, err)
			if batch%100 == 0 {
				slowest = max(slowest, timed(b, l, batch))
			}
		}
		b.ReportMetric(float64(slowest.Milliseconds()), "ms-slowest-put")
		after := time.Duration(0)
		for i := range 20 {
			after += timed(b, l, million+i)
		}
		b.ReportMetric(float64(after.Microseconds())/20, "us-put-after")
		require.NoError(b, l.Close())
	}
}

func timed(b *testing.B, l *Ledger, i int) time.Duration {
	b.Helper()
	began := time.Now()
	require.NoError(b, l.Put(b.Context(), ledger.Record{ID: fmt.Sprint(i)}))
	return time.Since(began)
}
