package revocation

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// Set is what is revoked. It is safe for concurrent use, and outlives reloads
// together with the ledger that it follows.
type Set struct {
	now      func() time.Time
	leeway   time.Duration
	greatest greatest
	ids      [256]shard   // by the first byte of the key
	ended    atomic.Int64 // how many are in them
	seed     maphash.Seed // of subjects
	subjects [16]subjects
	cuts     atomic.Int64 // how many are in them, and everyone
	everyone atomic.Pointer[cutoff]
	contact  atomic.Pointer[time.Time]
	synced   chan struct{}
	first    sync.Once
}

// New returns a Set that knows of nothing yet. Leeway is the longest for which
// any verifier accepts a key beyond its end.
func New(now func() time.Time, leeway time.Duration) *Set {
	return &Set{now: now, leeway: leeway, seed: maphash.MakeSeed(), synced: make(chan struct{})}
}

// Apply has a revocation hold from now on. The order in which revocations are
// applied, and how often, does not matter. A node applies what it acknowledged
// itself at once, before its ledger tells it.
func (s *Set) Apply(r ledger.Revocation) {
	switch {
	case r.ID != "":
		s.end(r)
	case !r.IssuedBefore.IsZero():
		s.cut(r)
	}
}

// Len returns how many revocations are held.
func (s *Set) Len() int { return int(s.ended.Load() + s.cuts.Load()) }

// Synced is closed once the revocations of the ledger were read to the end.
func (s *Set) Synced() <-chan struct{} { return s.synced }

// Contact returns when it was last known that no revocation is missing; zero:
// never yet.
func (s *Set) Contact() time.Time {
	if t := s.contact.Load(); t != nil {
		return *t
	}
	return time.Time{}
}

// touch notes that no revocation is missing.
func (s *Set) touch() {
	now := s.now()
	s.greatest.see(now)
	s.contact.Store(&now)
	s.first.Do(func() { close(s.synced) })
}
