package usage

import (
	"strings"
	"sync"
	"time"
)

// maxHeld is how many ids are held at most, those that are being handed over
// among them. About 10 MB; more ids only lose when they were used.
const maxHeld = 100_000

// Recorder keeps when keys were last used until a ledger knows. It is safe for
// concurrent use, and outlives reloads together with the ledger.
type Recorder struct {
	now     func() time.Time
	mu      sync.Mutex
	waiting map[string]time.Time
	handed  map[string]time.Time // to a ledger that has not answered yet
}

// New returns a Recorder that holds nothing.
func New(now func() time.Time) *Recorder {
	return &Recorder{now: now, waiting: map[string]time.Time{}}
}

// Used notes that a key was used. It is cheap, but meant to be called once a
// minute and key.
func (r *Recorder) Used(id string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, ok := r.waiting[id]
	switch {
	case ok && !at.After(before):
	case ok:
		r.waiting[id] = at
	case len(r.waiting)+len(r.handed) < maxHeld:
		r.waiting[strings.Clone(id)] = at // which may be part of a larger text
	}
}

// Last returns when a key was last used, as far as no ledger knows it yet.
func (r *Recorder) Last(id string) (time.Time, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	handed, ok1 := r.handed[id]
	waiting, ok2 := r.waiting[id]
	if handed.After(waiting) {
		waiting = handed
	}
	return waiting, ok1 || ok2
}

// hand returns what is to be handed to a ledger; nil: nothing is. What lies
// ahead, since the clock was set back, is cut to the present: ledgers would keep
// it, for they never go back.
func (r *Recorder) hand() map[string]time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return nil
	}
	now := r.now()
	for id, at := range r.waiting {
		if at.After(now) {
			r.waiting[id] = now
		}
	}
	r.handed, r.waiting = r.waiting, map[string]time.Time{}
	return r.handed
}

// settle forgets what was handed over, or takes it back if that failed.
func (r *Recorder) settle(failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if failed {
		for id, at := range r.waiting { // the smaller one, by far
			if at.After(r.handed[id]) {
				r.handed[id] = at
			}
		}
		r.waiting = r.handed
	}
	r.handed = nil
}
