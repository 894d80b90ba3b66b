package basic

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGuardRemembersForTenMinutes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	g := newGuard(1, func() time.Time { return now })
	for _, step := range []struct {
		wait   time.Duration
		hashed bool
	}{
		{0, true},
		{0, false},
		{10*time.Minute - 1, false},
		{1, true}, // having been asked does not prolong it
		{10*time.Minute - 1, false},
		{24 * time.Hour, true},
	} {
		now = now.Add(step.wait)
		hashed := false
		a := ask(t.Context(), g, question{"u", "h", "p"}, func() (bool, error) { hashed = true; return true, nil })
		require.Equal(t, answer{ok: true}, a)
		require.Equal(t, step.hashed, hashed, now)
	}
}

func TestGuardRemembersOnlyWhatWasRight(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		first    answer
		remember bool
		hashed   int // of two
	}{
		"right":                 {answer{ok: true}, true, 1},
		"right, not to be kept": {answer{ok: true}, false, 2},
		"wrong":                 {answer{}, true, 2},
		"error":                 {answer{err: broken}, true, 2},
		"right with an error":   {answer{ok: true, err: broken}, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuard(1, time.Now)
			hashed := 0
			for range 2 {
				ok, err := g.check(t.Context(), "u", []byte("h"), []byte("p"), tc.remember, func() (bool, error) {
					hashed++
					return tc.first.ok, tc.first.err
				})
				require.Equal(t, tc.first.ok && tc.first.err == nil, ok)
				require.Equal(t, tc.first.err, err)
			}
			require.Equal(t, tc.hashed, hashed)
		})
	}
}

func TestGuardAnswersFromMemoryWhereItHasNoPlace(t *testing.T) {
	t.Parallel()
	g := newGuard(1, time.Now)
	known := question{"u", "h", "p"}
	require.True(t, ask(t.Context(), g, known, right).ok)
	full(t, g)
	require.Equal(t, answer{ok: true}, ask(t.Context(), g, known, right))
	require.Equal(t, answer{err: ErrBusy}, ask(t.Context(), g, question{"u", "h", "guess"}, right))
}

// full takes every place of a Guard.
func full(t *testing.T, g *Guard) {
	t.Helper()
	require.NoError(t, g.slots.Acquire(t.Context(), 1))
	g.waiting.Store(maxWaiters)
}

func TestGuardMemoryIsBounded(t *testing.T) {
	t.Parallel()
	g := newGuard(1, time.Now)
	for i := range maxKnown + 500 {
		require.True(t, ask(t.Context(), g, question{user: strconv.Itoa(i)}, right).ok)
	}
	g.known.CleanUp()
	require.LessOrEqual(t, g.known.EstimatedSize(), maxKnown)
}

func TestProofsTellNothingWithoutTheKeyOfTheirGuard(t *testing.T) {
	t.Parallel()
	g, other := newGuard(1, time.Now), newGuard(1, time.Now)
	p := g.prove("u", []byte("h"), []byte("p"))
	require.Equal(t, p, g.prove("u", []byte("h"), []byte("p")))
	require.NotEqual(t, p, other.prove("u", []byte("h"), []byte("p")))
}

func TestProofsFrameTheirParts(t *testing.T) {
	t.Parallel()
	const zeros, eight = "\x00\x00\x00\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x00\x00\x00\x08" // as lengths are written
	g := newGuard(1, time.Now)
	for name, pair := range map[string][2]question{
		"a length in the user": {{"", zeros, ""}, {eight, "", ""}},
		"a length in the hash": {{"u", "", zeros}, {"u", eight, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var proofs [2]proof
			for i, q := range pair {
				proofs[i] = g.prove(q.user, []byte(q.hash), []byte(q.password))
			}
			require.NotEqual(t, proofs[0], proofs[1])
		})
	}
}

func TestProvingLeavesNoPasswordBehind(t *testing.T) {
	t.Parallel()
	g := newGuard(1, time.Now)
	for range 100 { // the pool may drop what it is given, and does under the race detector
		g.prove("u", []byte("h"), []byte("hunter2-in-plain"))
		m := g.macs.Get().(*mac)
		require.NotContains(t, string(m.message[:cap(m.message)]), "hunter2")
		g.macs.Put(m)
	}
}
