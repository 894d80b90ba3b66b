package revocation

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// cutoff ends what was issued before a moment.
type cutoff struct {
	before  time.Time
	expires second
}

// with returns what holds of two: the later one ends what both do.
func (c cutoff) with(d cutoff) cutoff {
	if d.before.After(c.before) {
		c.before = d.before
	}
	c.expires = c.expires.later(d.expires)
	return c
}

// subjects are a part of those of whom all keys were revoked.
type subjects struct {
	mu sync.RWMutex
	of map[string]cutoff
}

func (s *Set) subjectsOf(subject string) *subjects {
	return &s.subjects[maphash.String(s.seed, subject)%uint64(len(s.subjects))]
}

// cut applies a revocation of all keys that a subject, or everyone, was issued
// before a moment. It holds at once.
func (s *Set) cut(r ledger.Revocation) {
	c := cutoff{r.IssuedBefore, secondOf(r.Expires)}
	if r.Subject == "" {
		s.cutEveryone(c)
		return
	}
	of := s.subjectsOf(r.Subject)
	of.mu.Lock()
	defer of.mu.Unlock()
	if of.of == nil {
		of.of = map[string]cutoff{}
	}
	if old, ok := of.of[r.Subject]; ok {
		c = old.with(c)
	} else {
		s.cuts.Add(1)
	}
	of.of[strings.Clone(r.Subject)] = c
}

func (s *Set) cutEveryone(c cutoff) {
	for {
		old := s.everyone.Load()
		next := c
		if old != nil {
			next = old.with(c)
		}
		if !s.everyone.CompareAndSwap(old, &next) {
			continue
		}
		if old == nil {
			s.cuts.Add(1)
		}
		return
	}
}

// isCut reports whether a key was issued before the moment that ended all of its
// subject, or of everyone.
func (s *Set) isCut(subject string, issuedAt time.Time) bool {
	if c := s.everyone.Load(); c != nil && issuedAt.Before(c.before) {
		return true
	}
	of := s.subjectsOf(subject)
	of.mu.RLock()
	defer of.mu.RUnlock()
	c, ok := of.of[subject]
	return ok && issuedAt.Before(c.before)
}

// sweepSubjects drops what is over by a horizon.
func (s *Set) sweepSubjects(h time.Time) {
	if c := s.everyone.Load(); c != nil && c.expires.before(h) && s.everyone.CompareAndSwap(c, nil) {
		s.cuts.Add(-1)
	}
	for i := range s.subjects {
		of := &s.subjects[i]
		of.mu.Lock()
		for subject, c := range of.of {
			if c.expires.before(h) {
				delete(of.of, subject)
				s.cuts.Add(-1)
			}
		}
		of.mu.Unlock()
	}
}
