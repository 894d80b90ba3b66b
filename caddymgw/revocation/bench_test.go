package revocation

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const million = 1_000_000

// revokedMillion has one million revoked ids, 0 to 999,999.
var revokedMillion = sync.OnceValue(func() *Set {
	s, _ := synced()
	for i := range million {
		s.Apply(atOnce(id(i)))
	}
	return s
})

// good are ids that are not revoked, enough of them to have each miss the caches
// of the CPU.
func good() []string {
	ids := make([]string, 1<<14)
	for i := range ids {
		ids[i] = id(million + i)
	}
	return ids
}

// Good keys where nothing is revoked, and where one million are, in turns.
func BenchmarkStanding(b *testing.B) {
	none, _ := synced()
	ids := good()
	round := func(s *Set) time.Duration {
		v := s.View(issuer, time.Minute)
		began := time.Now()
		for _, id := range ids {
			if s := v.Standing(issuer, id, "alice", start, start); s.Revoked || s.Unknown {
				b.Fatal(id)
			}
		}
		return time.Since(began)
	}
	revokedMillion()
	var withNone, withMillion time.Duration
	b.ReportAllocs()
	for b.Loop() {
		withNone += round(none)
		withMillion += round(revokedMillion())
	}
	questions := float64(b.N * len(ids))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(withNone)/questions, "ns/none")
	b.ReportMetric(float64(withMillion)/questions, "ns/million")
	b.ReportMetric(float64(withMillion)/float64(withNone), "million/none")
}

func BenchmarkStandingParallel(b *testing.B) {
	s := revokedMillion()
	v := s.View(issuer, time.Minute)
	ids := good()
	var worker atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := int(worker.Add(1)) * 1000; pb.Next(); i++ {
			if v.Standing(issuer, ids[i%len(ids)], "alice", start, start).Revoked {
				b.Error("it is not revoked")
				return
			}
		}
	})
}

func BenchmarkMemory(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		s, _ := synced()
		for i := range million {
			s.Apply(atOnce(id(i)))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(s)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/million, "bytes/entry")
}

// A sweep that finds nothing to drop among one million, and how long requests of
// one shard may wait for it.
func BenchmarkSweep(b *testing.B) {
	s := revokedMillion()
	var longest time.Duration
	for b.Loop() {
		s.sweep(start, start)
		began := time.Now()
		s.ids[0].find(0, start)
		longest = max(longest, time.Since(began))
	}
	b.ReportMetric(float64(longest.Nanoseconds()), "ns/lock")
}
