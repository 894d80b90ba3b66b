package keyring

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fleet is some nodes on one storage, and verifiers elsewhere that remember the
// JWK Set of one of them for its life time. Time passes in minutes where keys
// change, else in hours.
type fleet struct {
	t         *testing.T
	rand      *rand.Rand
	s         *memory
	now       time.Time
	nodes     []*node
	verifiers []*verifier
	busy      time.Time                       // until when time passes in minutes
	valid     map[string]time.Time            // kid -> until when something that it signed is, by the clock of who signed
	checked   map[*node]map[string]bool       // what was seen to verify
	seen      map[string]bool                 // kids
	most      int                             // keys at a time
	coarse    time.Duration                   // the longest step
	each      func(n *node, active *Key) bool // asked at every step; may be nil
}

type node struct {
	policy Policy
	skew   time.Duration
	ring   *Ring
	poll   time.Time
	failed int // times in a row
}

type verifier struct {
	kids    map[string]*Key
	fetched time.Time
}

const (
	nodes     = 3
	verifiers = 4
)

func newFleet(t *testing.T, seed uint64, p Policy) *fleet {
	t.Helper()
	f := &fleet{
		t: t, rand: rand.New(rand.NewPCG(seed, 0)), s: newMemory(), now: start, coarse: 4 * time.Hour,
		valid: map[string]time.Time{}, checked: map[*node]map[string]bool{}, seen: map[string]bool{},
	}
	if p.Rotation > 0 {
		f.coarse = min(f.coarse, p.Rotation/8)
	}
	for range nodes {
		n := &node{skew: f.within(10*time.Second) - 5*time.Second}
		f.nodes = append(f.nodes, n)
		f.checked[n] = map[string]bool{}
		f.reload(n, p)
	}
	for range verifiers {
		f.verifiers = append(f.verifiers, &verifier{})
	}
	return f
}

func (f *fleet) within(d time.Duration) time.Duration { return time.Duration(f.rand.Int64N(int64(d))) }

func (n *node) now(f *fleet) time.Time { return f.now.Add(n.skew) }

// reload starts a node anew, with another policy maybe.
func (f *fleet) reload(n *node, p Policy) {
	f.t.Helper()
	p.Now = func() time.Time { return n.now(f) }
	n.policy = p
	var err error
	n.ring, err = Open(f.t.Context(), f.s, p)
	require.NoError(f.t, err)
	n.poll = f.now.Add(f.within(time.Minute))
	f.busy = f.now.Add(20 * time.Minute)
}

// run lets time pass.
func (f *fleet) run(d time.Duration) {
	f.t.Helper()
	for end := f.now.Add(d); f.now.Before(end); {
		step := f.coarse
		if f.now.Before(f.busy) {
			step = f.within(45*time.Second) + time.Second
		}
		f.now = f.now.Add(step)
		for _, i := range f.rand.Perm(len(f.nodes)) {
			f.tick(f.nodes[i], step)
			f.check()
		}
	}
}

// tick is what a node does meanwhile: its storage fails now and then, but not
// for long.
func (f *fleet) tick(n *node, step time.Duration) {
	f.t.Helper()
	if f.now.Before(n.poll) {
		return
	}
	n.poll = f.now.Add(50*time.Second + f.within(20*time.Second))
	if step < time.Minute && n.failed < 2 && f.rand.IntN(10) == 0 {
		n.failed++
		return
	}
	n.failed = 0
	before := n.ring.Fingerprint()
	var err error
	n.ring, err = Maintain(f.t.Context(), f.s, n.policy)
	require.NoError(f.t, err)
	for _, k := range n.ring.Keys() {
		if n.ring.State(k, n.now(f)) == Next || n.ring.Fingerprint() != before {
			f.busy = f.now.Add(20 * time.Minute)
		}
		f.seen[k.ID] = true
	}
	f.most = max(f.most, f.s.stored())
}

// check holds that whatever is signed now verifies everywhere, and that all
// that is still valid does on every node.
func (f *fleet) check() {
	f.t.Helper()
	waiting := map[string]int{}
	for _, k := range f.nodes[0].ring.order {
		if k.SignsFrom.After(f.now.Add(skew)) {
			waiting[k.Algorithm]++
			f.must(waiting[k.Algorithm] == 1, "two successors of %s", k.Algorithm)
		}
	}
	for _, n := range f.nodes {
		k := n.ring.Active(n.now(f))
		if until := n.now(f).Add(n.policy.Longest); until.After(f.valid[k.ID]) {
			f.valid[k.ID] = until
		}
		for _, v := range f.verifiers {
			if f.now.Sub(v.fetched) >= n.policy.Lifetime {
				v.fetched, v.kids = f.now, f.nodes[f.rand.IntN(len(f.nodes))].ring.keys
			}
			f.must(v.kids[k.ID] != nil, "a verifier elsewhere does not know %s yet", k.ID)
		}
		f.must(f.each == nil || f.each(n, k), "%s signs on a node for %s", k.Algorithm, n.policy.Algorithm)
		for _, other := range f.nodes {
			if !f.checked[other][k.ID] {
				verifies, ok := other.ring.Lookup(k.ID)
				f.must(ok, "a node does not know %s yet", k.ID)
				requireVerifies(f.t, k, verifies)
				f.checked[other][k.ID] = true
			}
		}
	}
	for kid, until := range f.valid {
		for _, n := range f.nodes {
			_, ok := n.ring.Lookup(kid)
			f.must(ok || !n.now(f).Before(until), "%s retired, but is needed until %v", kid, until)
		}
	}
}

func (f *fleet) must(holds bool, format string, a ...any) {
	if !holds { // no Helper: it is called a million times
		f.t.Fatalf("after %v: "+format, append([]any{f.now.Sub(start)}, a...)...)
	}
}

func (f *fleet) algorithms() map[string]int {
	count := map[string]int{}
	for _, k := range f.nodes[0].ring.Keys() {
		count[k.Algorithm]++
	}
	return count
}

func TestAFleetOver400Days(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, rotating("ES256", nil))
	f.run(400 * day)
	require.Len(t, f.seen, 5)
	require.Equal(t, 2, f.most)
	require.Equal(t, map[string]int{"ES256": 1}, f.algorithms(), "40 days after the last rotation")
}

// TestFleets has policies and moments drawn at random, and rotates by hand now
// and then.
func TestFleets(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		draw := rand.New(rand.NewPCG(seed, 1))
		p := policy("apikey", []string{"ES256", "EdDSA"}[seed%2], nil)
		p.Lifetime = time.Minute + time.Duration(draw.Int64N(int64(10*time.Minute)))
		p.Rotation = 2*p.ahead() + time.Duration(draw.Int64N(int64(time.Hour<<draw.IntN(12))))
		p.Longest = time.Minute + time.Duration(draw.Int64N(int64(time.Hour<<draw.IntN(12))))
		if p.Longest > 5*p.Rotation {
			p.Longest = 5 * p.Rotation
		}
		f := newFleet(t, seed, p)
		for range 3 {
			f.run(f.within(2 * p.Rotation))
			n := f.nodes[f.rand.IntN(nodes)]
			rotate(t, f.s, n.policy, false)
			f.busy = f.now.Add(20 * time.Minute)
			f.run(f.within(2 * p.Rotation))
			f.reload(f.nodes[f.rand.IntN(nodes)], p)
		}
		f.run(p.Longest + 2*p.Rotation)
		bound := 3 + int((p.Longest+p.hold()+p.ahead())/p.Rotation)
		require.LessOrEqual(t, f.s.stored(), bound, "seed %d", seed)
		require.Greater(t, len(f.seen), f.s.stored(), "seed %d: none has retired", seed)
	}
}

func TestAFleetChangesItsAlgorithmAndBack(t *testing.T) {
	t.Parallel()
	for _, rotation := range []time.Duration{0, 90 * day} {
		es, ed := rotating("ES256", nil), rotating("EdDSA", nil)
		es.Rotation, ed.Rotation = rotation, rotation
		f := newFleet(t, 2, es)
		for _, to := range []Policy{ed, es, ed} {
			f.run(50 * day)
			f.each = nil
			for _, n := range f.nodes { // one after the other
				f.reload(n, to)
				f.run(f.within(2 * day))
			}
			f.each = func(_ *node, active *Key) bool { return active.Algorithm == to.Algorithm }
			f.run(time.Hour)
		}
		f.run(40 * day)
		require.NotContains(t, f.algorithms(), "ES256", "the old key has retired")
		require.Contains(t, f.algorithms(), "EdDSA")
	}
}

// TestNodesOfTwoAlgorithmsLeaveEachOthersKeysAlone has a fleet that stays in
// the middle of a change.
func TestNodesOfTwoAlgorithmsLeaveEachOthersKeysAlone(t *testing.T) {
	t.Parallel()
	for _, rotation := range []time.Duration{0, 90 * day} {
		es, ed := rotating("ES256", nil), rotating("EdDSA", nil)
		es.Rotation, ed.Rotation = 0, rotation
		ed.Longest = day
		f := newFleet(t, 3, es)
		f.run(day)
		f.reload(f.nodes[1], ed)
		f.run(time.Hour)
		f.each = func(n *node, active *Key) bool { return active.Algorithm == n.policy.Algorithm }
		f.run(200 * day)
		require.LessOrEqual(t, f.most, 3)
		require.Equal(t, map[string]int{"ES256": 1, "EdDSA": 1}, f.algorithms())
	}
}
