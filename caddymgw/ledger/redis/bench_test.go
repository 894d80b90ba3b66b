package redis

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/internal/redistest"
)

// issued is a record of the usual size.
func issued(i int) ledger.Record {
	return ledger.Record{
		ID: fmt.Sprintf("01JD%022d", i), Subject: fmt.Sprintf("user%d", i%1000), Name: "nightly build", APIs: []ledger.API{{Name: "Petstore", Version: "1.0.0"}},
		Scopes: []string{"read:pets", "write:pets"}, SigningKey: "k1", Issued: start, Expires: start.Add(365 * 24 * time.Hour),
	}
}

func BenchmarkPut(b *testing.B) {
	for name, fsync := range map[string]string{"appendfsync=always": "always", "appendfsync=everysec": "everysec"} {
		b.Run(name, func(b *testing.B) {
			l := open(b, Config{URLs: []string{redistest.Start(b, "--appendfsync", fsync).URL()}}, still())
			for i := 0; b.Loop(); i++ {
				require.NoError(b, l.Put(b.Context(), issued(i)))
			}
		})
	}
}

func BenchmarkRevoke(b *testing.B) {
	for name, fsync := range map[string]string{"appendfsync=always": "always", "appendfsync=everysec": "everysec"} {
		b.Run(name, func(b *testing.B) {
			l := open(b, Config{URLs: []string{redistest.Start(b, "--appendfsync", fsync).URL()}}, still())
			for i := 0; b.Loop(); i++ {
				require.NoError(b, l.Revoke(b.Context(), byID(issued(i).ID)))
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	l := open(b, Config{URLs: []string{redistest.Start(b).URL()}}, still())
	require.NoError(b, l.Put(b.Context(), issued(0)))
	for b.Loop() {
		_, err := l.Get(b.Context(), issued(0).ID)
		require.NoError(b, err)
	}
}

// BenchmarkList reads a page of 256 out of the middle of 200,000 keys.
func BenchmarkList(b *testing.B) {
	const n = 200_000
	s := redistest.Start(b, "--appendonly", "no")
	l := open(b, Config{URLs: []string{s.URL()}}, still())
	seed(b, l, l.scripts.put, n, func(i int) ([]any, error) { return recordArgs(issued(i)) })
	memory := used(b, s) / n
	for b.Loop() {
		got := 0
		for _, err := range l.List(b.Context(), ledger.Query{After: issued(n / 2).ID, Limit: pageSize}) {
			require.NoError(b, err)
			got++
		}
		require.Equal(b, pageSize, got)
	}
	b.ReportMetric(memory, "redis-B/key")
}

// BenchmarkWatch reads a million revocations until Synced.
func BenchmarkWatch(b *testing.B) {
	const n = 1_000_000
	s := redistest.Start(b, "--appendonly", "no")
	l := open(b, Config{URLs: []string{s.URL()}}, still())
	began := time.Now()
	seed(b, l, l.scripts.revoke, n, func(i int) ([]any, error) {
		r := byID(issued(i).ID)
		r.Expires = start.Add(365 * 24 * time.Hour)
		return revocationArgs(r)
	})
	b.Logf("%d revocations were made in %s", n, time.Since(began))
	memory := used(b, s) / n
	var most uint64
	for b.Loop() {
		told := 0
		for e, err := range l.Watch(b.Context()) {
			require.NoError(b, err)
			if e.Synced {
				break
			}
			if told++; told%100_000 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
		require.Equal(b, n, told)
	}
	b.ReportMetric(float64(most)/1e6, "heap-MB")
	b.ReportMetric(memory, "redis-B/key")
}

// used is how much memory the server uses.
func used(b *testing.B, s *redistest.Server) float64 {
	b.Helper()
	n, err := s.Client().InfoMap(b.Context(), "memory").Result()
	require.NoError(b, err)
	var bytes float64
	_, err = fmt.Sscan(n["Memory"]["used_memory"], &bytes)
	require.NoError(b, err)
	return bytes
}
