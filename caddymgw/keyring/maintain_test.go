package keyring

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hand is a clock that is set by hand.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) add(d time.Duration) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
	return h.now
}

func rotating(algorithm string, now func() time.Time) Policy {
	p := policy("apikey", algorithm, now)
	p.Rotation = 90 * day
	return p
}

func maintain(t testing.TB, s Storage, p Policy) *Ring {
	t.Helper()
	r, err := Maintain(t.Context(), s, p)
	require.NoError(t, err)
	return r
}

func rotate(t testing.TB, s Storage, p Policy, atOnce bool) *Key {
	t.Helper()
	k, err := Rotate(t.Context(), s, p, atOnce)
	require.NoError(t, err)
	return k
}

// stored counts the keys.
func (m *memory) stored() (n int) {
	for _, name := range m.names() {
		if strings.HasPrefix(name, "mgw/keyring/") {
			n++
		}
	}
	return n
}

func TestTheLifeOfAKey(t *testing.T) {
	t.Parallel()
	h, s := &hand{now: start}, newMemory()
	p := rotating("ES256", h.Now)
	first := maintain(t, s, p).Active(start)
	require.Equal(t, start, first.SignsFrom)
	h.add(90*day - 15*time.Minute - time.Second)
	require.Len(t, maintain(t, s, p).Keys(), 1)
	now := h.add(time.Second)
	r := maintain(t, s, p)
	require.Len(t, r.Keys(), 2)
	require.Equal(t, first.ID, r.Active(now).ID)
	published, err := JWKS(r)
	require.NoError(t, err)
	for _, k := range r.Keys() {
		require.Contains(t, string(published), k.ID)
	}
	second := r.Active(start.Add(90 * day))
	require.NotEqual(t, first.ID, second.ID)
	require.Equal(t, start.Add(90*day), second.SignsFrom)
	require.Equal(t, now, second.Created)
	require.Equal(t, Next, r.State(second, now))
	require.Len(t, maintain(t, s, p).Keys(), 2, "one that waits is enough")

	now = h.add(15 * time.Minute)
	r = maintain(t, s, p)
	require.Equal(t, second.ID, r.Active(now).ID)
	require.Equal(t, Verifies, r.State(first, now))
	ends := r.Ends(first, now)
	require.False(t, ends.Before(now.Add(30*day)), "what it has just signed outlives it")
	require.False(t, ends.After(now.Add(31*day)))
	h.add(ends.Sub(now) + 15*time.Minute)
	require.Len(t, maintain(t, s, p).Keys(), 2)
	now = h.add(time.Second)
	r = maintain(t, s, p)
	require.Equal(t, second.ID, r.Active(now).ID)
	require.Len(t, r.Keys(), 1)
	h.add(12 * time.Hour)
	maintain(t, s, p)
	require.Len(t, s.names(), 2, "the key, and until when it is needed")
	require.NotContains(t, string(s.objects[needsOf("apikey")]), first.ID)
}

func TestMaintainOnlyReadsWhereNothingIsDue(t *testing.T) {
	t.Parallel()
	h, s := &hand{now: start}, newMemory()
	p := rotating("ES256", h.Now)
	maintain(t, s, p)
	rotate(t, s, p, false)
	operations := map[string]int{}
	s.before = func(operation, _ string) error {
		operations[operation]++
		return nil
	}
	h.add(11 * time.Hour) // the second key has begun, the first one is remembered
	maintain(t, s, p)
	require.Contains(t, operations, "Lock")
	clear(operations)
	h.add(11 * time.Hour)
	maintain(t, s, p)
	require.Equal(t, map[string]int{"List": 1, "Load": 3}, operations)
}

func TestANewAlgorithmSignsOnceItIsPublished(t *testing.T) {
	t.Parallel()
	h, s := &hand{now: start}, newMemory()
	old := open(t, s, "ES256", h.Now)
	ring := open(t, s, "EdDSA", h.Now)
	require.NotEqual(t, old.Fingerprint(), ring.Fingerprint())
	require.Equal(t, "ES256", ring.Active(start).Algorithm)
	require.Equal(t, "ES256", ring.Active(start.Add(15*time.Minute-time.Second)).Algorithm)
	now := h.add(15 * time.Minute)
	require.Equal(t, "EdDSA", ring.Active(now).Algorithm)
	kept, ok := ring.Lookup(old.Active(now).ID)
	require.True(t, ok)
	requireVerifies(t, old.Active(now), kept)

	back := open(t, s, "ES256", h.Now)
	require.Equal(t, old.Active(now).ID, back.Active(now).ID, "it is published still")
	require.Equal(t, ring.Fingerprint(), back.Fingerprint())
	require.Len(t, s.names(), 2)
}

func TestOpenNotesThatItSignsWithWhatOthersMayRetire(t *testing.T) {
	t.Parallel()
	h, s := &hand{now: start}, newMemory()
	es, ed := rotating("ES256", h.Now), rotating("EdDSA", h.Now)
	k := maintain(t, s, es).Active(start)
	maintain(t, s, ed)
	h.add(30 * day) // nobody has signed with ES256 for that long
	maintain(t, s, ed)
	now := h.add(day)
	r, err := Open(t.Context(), s, es)
	require.NoError(t, err)
	require.Equal(t, k.ID, r.Active(now).ID)
	h.add(time.Hour)
	_, ok := maintain(t, s, ed).Lookup(k.ID)
	require.True(t, ok)
}

func TestAKeyThatWasDeletedIsReplaced(t *testing.T) {
	t.Parallel()
	h, s := &hand{now: start}, newMemory()
	p := rotating("ES256", h.Now)
	first := maintain(t, s, p).Active(start)
	rotate(t, s, p, true)
	now := h.add(time.Minute)
	second := maintain(t, s, p).Active(now)
	require.NotEqual(t, first.ID, second.ID)

	delete(s.objects, "mgw/keyring/apikey/"+second.ID+".json")
	r := maintain(t, s, p)
	require.Equal(t, first.ID, r.Active(now).ID, "of what is left")
	delete(s.objects, "mgw/keyring/apikey/"+first.ID+".json")
	r = maintain(t, s, p)
	require.Len(t, r.Keys(), 1)
	require.NotContains(t, []string{first.ID, second.ID}, r.Active(now).ID)
	require.Equal(t, now, r.Active(now).SignsFrom)
}

func TestRotateByHand(t *testing.T) {
	t.Parallel()
	h, s := &hand{now: start.Add(time.Second / 2)}, newMemory()
	p := policy("apikey", "ES256", h.Now)
	first := maintain(t, s, p).Active(start)

	next := rotate(t, s, p, false)
	require.Equal(t, start.Add(15*time.Minute), next.SignsFrom)
	require.Equal(t, next.ID, rotate(t, s, p, false).ID, "it waits already")
	r := maintain(t, s, p)
	require.Equal(t, first.ID, r.Active(h.Now()).ID)
	require.Len(t, r.Keys(), 2)

	urgent := rotate(t, s, p, true)
	again := rotate(t, s, p, true)
	now := h.add(2 * time.Second)
	r = maintain(t, s, p)
	require.Len(t, r.Keys(), 4)
	require.Equal(t, again.ID, r.Active(now).ID, "the last one, though all are of one second")
	require.Equal(t, Verifies, r.State(urgent, now))
	require.Equal(t, next.ID, r.Active(start.Add(15*time.Minute)).ID, "it takes its turn")
}

func TestAKeyThatWasStoredIsNamedBesideAnError(t *testing.T) {
	t.Parallel()
	for operation, made := range map[string]bool{"Lock": false, "Store": false, "Unlock": true} {
		s := newMemory()
		p := policy("apikey", "ES256", clock)
		maintain(t, s, p)
		s.before = func(name, _ string) error {
			if name == operation {
				return errors.New("disk on fire")
			}
			return nil
		}
		k, err := Rotate(t.Context(), s, p, false)
		require.ErrorContains(t, err, "disk on fire", operation)
		require.Equal(t, made, k != nil, operation)
		require.Equal(t, made, s.stored() == 2, operation)
	}
}

func TestRotateAtOnceTakesOverFromAClockThatIsAhead(t *testing.T) {
	t.Parallel()
	ahead, s := start.Add(5*time.Second), newMemory()
	maintain(t, s, policy("apikey", "ES256", func() time.Time { return ahead }))
	k := rotate(t, s, policy("apikey", "ES256", clock), true)
	r := maintain(t, s, policy("apikey", "ES256", clock))
	require.Equal(t, k.ID, r.Active(start.Add(6*time.Second)).ID)
}

func TestRotationsByHandAtOnce(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		atOnce bool
		want   int
	}{{false, 2}, {true, 9}} {
		s := newMemory()
		p := policy("apikey", "ES256", clock)
		maintain(t, s, p)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { _, _ = Rotate(t.Context(), s, p, tc.atOnce) })
		}
		wg.Wait()
		require.Equal(t, tc.want, s.stored())
	}
}

func TestRetireByHand(t *testing.T) {
	t.Parallel()
	h, s := &hand{now: start}, newMemory()
	p := rotating("ES256", h.Now)
	first := maintain(t, s, p).Active(start)
	require.ErrorIs(t, Retire(t.Context(), s, p, "apikey-unknown"), ErrUnknown)
	require.ErrorIs(t, Retire(t.Context(), s, p, first.ID), ErrSigns)
	next := rotate(t, s, p, false)
	require.ErrorIs(t, Retire(t.Context(), s, p, first.ID), ErrSigns, "the next one only waits")
	require.NoError(t, Retire(t.Context(), s, p, next.ID))
	require.Equal(t, 1, s.stored())

	second := rotate(t, s, p, true)
	h.add(time.Second)
	require.NoError(t, Retire(t.Context(), s, p, first.ID))
	require.ErrorIs(t, Retire(t.Context(), s, p, first.ID), ErrUnknown)
	r := maintain(t, s, p)
	require.Len(t, r.Keys(), 1)
	_, ok := r.Lookup(second.ID)
	require.True(t, ok)
}

func TestShorterLivesDoNotShortenThoseThatWereGiven(t *testing.T) {
	t.Parallel()
	h, s := &hand{now: start}, newMemory()
	p := rotating("ES256", h.Now)
	p.Longest = 365 * day
	k := maintain(t, s, p).Active(start)
	maintain(t, s, p) // a minute later
	p.Longest = day
	rotate(t, s, p, true)
	h.add(365 * day)
	_, ok := maintain(t, s, p).Lookup(k.ID)
	require.True(t, ok)
	h.add(day + time.Hour)
	_, ok = maintain(t, s, p).Lookup(k.ID)
	require.False(t, ok)
}

func TestOldObjectsRotateAndRetire(t *testing.T) {
	t.Parallel()
	h, s := &hand{now: start}, newMemory()
	old := open(t, s, "ES256", h.Now).Active(start)
	name := s.names()[0]
	s.objects[name] = without(t, s.objects[name], "signs_from")
	h.add(100 * day)
	p := rotating("ES256", h.Now)
	now := h.add(0)
	require.Equal(t, old.ID, maintain(t, s, p).Active(now).ID)
	now = h.add(15 * time.Minute)
	require.NotEqual(t, old.ID, maintain(t, s, p).Active(now).ID)
	h.add(32 * day)
	_, ok := maintain(t, s, p).Lookup(old.ID)
	require.False(t, ok)
	require.NotContains(t, s.names(), name)
}

func TestUnreadableNotesOnlyKeepKeysLonger(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "{", `{"a":1}`, "null", "[]"} {
		h, s := &hand{now: start}, newMemory()
		p := rotating("ES256", h.Now)
		first := maintain(t, s, p).Active(start)
		rotate(t, s, p, true)
		h.add(20 * day)
		s.objects[needsOf("apikey")] = []byte(content)
		maintain(t, s, p)
		var needs map[string]time.Time
		require.NoError(t, json.Unmarshal(s.objects[needsOf("apikey")], &needs), content)
		require.Len(t, needs, 2)
		h.add(30 * day)
		require.Len(t, maintain(t, s, p).Keys(), 2)
		h.add(2 * day)
		_, ok := maintain(t, s, p).Lookup(first.ID)
		require.False(t, ok)
	}
}

func TestErrorsOfTheStorageKeepTheRing(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	for operation, want := range map[string]string{
		"Lock": "locking the keyring", "Unlock": "disk on fire", "Store mgw/keyring/": "storing a new signing key",
		"Store mgw/keyring-needs/": "storing until when", "Load mgw/keyring-needs/": "loading until when", "Load mgw/keyring/": "loading the signing key",
		"List": "listing the signing keys", "Delete": "deleting the signing key apikey-",
	} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			h, s := &hand{now: start}, newMemory()
			p := rotating("ES256", h.Now)
			maintain(t, s, p)
			rotate(t, s, p, true)
			h.add(time.Minute)
			maintain(t, s, p)
			h.add(90 * day) // all of it is due
			s.before = func(name, key string) error {
				if strings.HasPrefix(name+" "+key, operation) {
					return broken
				}
				return nil
			}
			r, err := Maintain(t.Context(), s, p)
			require.ErrorIs(t, err, broken)
			require.ErrorContains(t, err, want)
			require.Nil(t, r)
			s.before = nil
			require.Len(t, maintain(t, s, p).Keys(), 2, "one retired, one is new")
		})
	}
}

func TestAKeyThatIsRetiredWhileItIsReadIsNoError(t *testing.T) {
	t.Parallel()
	s := newMemory()
	p := policy("apikey", "ES256", clock)
	first := maintain(t, s, p).Active(start)
	rotate(t, s, p, true)
	s.before = func(operation, key string) error {
		if operation == "Load" && strings.Contains(key, first.ID) {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.objects, key)
			return fs.ErrNotExist
		}
		return nil
	}
	require.Len(t, maintain(t, s, p).Keys(), 1)
}
