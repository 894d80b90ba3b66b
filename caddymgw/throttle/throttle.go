package throttle

import (
	"net/netip"
	"sync"
	"time"
)

const (
	pairFree         = 5
	pairFreeAttacked = 1 // where the user is attacked from everywhere
	pairLongest      = 15 * time.Minute
	pairForget       = time.Hour

	networkFree    = 30
	networkLongest = time.Minute
	networkForget  = 2 * time.Minute

	userFree   = 50
	userMost   = 2 * userFree
	userForget = 10 * time.Minute

	goodFor      = 24 * time.Hour
	forgiveEvery = time.Minute

	size = 1 << 14 // entries of each table
)

// Outcome is how an attempt ended.
type Outcome uint8

// The outcomes. The zero value is the one that costs.
const (
	Wrong Outcome = iota
	// Right: user and password were right.
	Right
	// Unjudged: nothing was compared, as where the server is busy; it was no
	// attempt. It is Wrong for a client that goes away while its password is
	// compared: if a right one is remembered, it could learn the outcome later.
	Unjudged
)

// Throttle counts failures. It is safe for concurrent use, and outlives reloads.
type Throttle struct {
	names namer

	mu       sync.Mutex
	time     stopwatch
	attempts uint64
	pairs    *table
	networks *table
	users    *table
	good     *lru[success] // pairs
}

// success is of a pair that is known to be good.
type success struct {
	last    time.Duration
	forgave time.Duration // when it last forgave failures
}

// New returns a Throttle that has counted nothing.
func New(now func() time.Time) *Throttle {
	return &Throttle{
		names:    newNamer(),
		time:     stopwatch{now: now, last: now()},
		pairs:    newTable(limit{free: pairFree, longest: pairLongest, forget: pairForget}),
		networks: newTable(limit{free: networkFree, longest: networkLongest, forget: networkForget}),
		users:    newTable(limit{free: userFree, most: userMost, forget: userForget}),
		good:     newLRU[success](size),
	}
}

// Begin asks for an attempt to log in. Either it may be made now, and done is
// called with its outcome, once it is known; only the first call counts, and one
// that never comes counts as Wrong. Or wait is how long to wait before asking
// again, and done does nothing.
//
// The client is the one behind trusted proxies; the zero Addr if it is unknown.
func (t *Throttle) Begin(user string, client netip.Addr) (wait time.Duration, done func(Outcome)) {
	a := &attempt{throttle: t, names: t.names.of(user, networkOf(client))}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.time.passed()
	if wait := t.wait(a.names, now); wait > 0 {
		return wait, func(Outcome) {}
	}
	t.attempts++
	a.pair = t.pairs.charge(a.names.pair, now, t.attempts)
	a.network = t.networks.charge(a.names.network, now, t.attempts)
	a.user = t.users.charge(a.names.user, now, t.attempts)
	return 0, a.done
}

func (t *Throttle) wait(n names, now time.Duration) time.Duration {
	if s := t.good.get(n.pair); s != nil && now-s.last <= goodFor {
		return t.pairs.wait(n.pair, now, pairFree)
	}
	free := pairFree
	if t.users.failures(n.user, now) > userFree {
		free = pairFreeAttacked
	}
	return max(t.pairs.wait(n.pair, now, free), t.networks.wait(n.network, now, networkFree))
}

// attempt is one that may be made.
type attempt struct {
	throttle            *Throttle
	names               names
	pair, network, user charge
	over                bool
}

func (a *attempt) done(o Outcome) {
	t := a.throttle
	t.mu.Lock()
	defer t.mu.Unlock()
	if a.over {
		return
	}
	a.over = true
	now := t.time.passed()
	if o != Right && o != Unjudged {
		t.attempts++
		t.pairs.confirm(a.pair, now, t.attempts)
		t.networks.confirm(a.network, now, t.attempts)
		t.users.confirm(a.user, now, t.attempts)
		return
	}
	t.pairs.refund(a.pair, now)
	t.networks.refund(a.network, now)
	t.users.refund(a.user, now)
	if o == Right {
		t.succeed(a.names.pair, now)
	}
}

// succeed notes that a pair is good, and forgives what failed in it: not more
// often than once a minute, or who shares a network with a busy user could guess
// without end.
func (t *Throttle) succeed(pair key, now time.Duration) {
	s := t.good.get(pair)
	if s == nil {
		s = t.good.put(pair, success{forgave: now - forgiveEvery})
	}
	s.last = now
	if now-s.forgave >= forgiveEvery && t.pairs.failures(pair, now) > 0 {
		t.pairs.remove(pair)
		s.forgave = now
	}
}
