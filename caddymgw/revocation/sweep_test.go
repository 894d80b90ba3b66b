package revocation

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestASweepDropsManyAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	const many, each = 40_000, 10
	s, c := synced()
	for i := range many {
		r := atOnce(id(i))
		if i%each != 0 {
			r.Expires = start.Add(time.Hour)
		}
		s.Apply(r)
	}
	require.Equal(t, many, s.Len())
	c.set(start.Add(time.Hour + leeway + margin))
	s.sweep(c.now(), c.now())
	require.Equal(t, many/each, s.Len())
	for i := range many {
		require.Equal(t, i%each == 0, ask(s, id(i), "", start, start).Revoked)
	}
	for i := range s.ids {
		require.LessOrEqual(t, s.ids[i].most, len(s.ids[i].ended), "the map is as small as can be")
	}
}

func TestASweepHasManyHoldThatAreDue(t *testing.T) {
	t.Parallel()
	const many = 2*batch + 1
	s, c := synced()
	for i := range many {
		s.Apply(replaced("AAAA"+id(i)[4:], time.Hour)) // all in one shard
	}
	require.Len(t, s.ids[0].ending, many)
	c.set(start.Add(time.Hour))
	s.sweep(c.now(), start)
	require.Equal(t, many, s.Len())
	require.Nil(t, s.ids[0].ending)
	require.Len(t, s.ids[0].ended, many)
}

// What is found to be over may have been told anew, without end, before it is
// dropped.
func TestASweepLooksTwice(t *testing.T) {
	t.Parallel()
	s, _ := synced()
	r := atOnce(id(1))
	r.Expires = start
	s.Apply(r)
	k := keyOf(r.ID)
	sh, h := &s.ids[k[0]], start.Add(time.Hour)
	due, over := sh.find(0, h)
	require.Empty(t, due)
	require.Equal(t, []key{k}, over)
	r.Expires = time.Time{}
	s.Apply(r)
	require.Zero(t, sh.settle(due, over, h))
	require.True(t, ask(s, r.ID, "", start, start).Revoked)

	r = replaced(id(2), time.Hour)
	s.Apply(r)
	k = keyOf(r.ID)
	sh = &s.ids[k[0]]
	due, _ = sh.find(nanos(start.Add(time.Hour)), h)
	require.Equal(t, []key{k}, due)
	s.Apply(atOnce(r.ID))
	require.Zero(t, sh.settle(due, nil, h))
	require.Equal(t, 2, s.Len())
}

// Once revoked, always refused: whatever else goes on.
func TestNothingIsRevivedWhileAllGoesOn(t *testing.T) {
	t.Parallel()
	const ids = 200
	s, c := synced()
	var told atomic.Int64
	var wg, workers sync.WaitGroup
	over := make(chan struct{})
	background := func(f func(i int)) {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-over:
					return
				default:
					f(i)
				}
			}
		})
	}
	background(func(int) { s.sweep(c.now(), c.now().Add(time.Hour)) })
	background(func(i int) { c.set(start.Add(time.Duration(i%100-50) * time.Minute)) })
	background(func(int) { s.touch() })
	background(func(i int) { s.Apply(before("bob", start.Add(-time.Duration(i%7)*time.Second))) })
	background(func(i int) { s.Apply(before("", start.Add(-time.Duration(1+i%7)*time.Hour))) })
	for range 2 {
		background(func(int) {
			for i := range int(told.Load()) {
				if !ask(s, id(i), "alice", start, start).Revoked {
					t.Errorf("%d is revived", i)
				}
			}
			if ask(s, id(ids), "alice", start, start).Revoked {
				t.Error("one that was never revoked is")
			}
		})
	}
	workers.Go(func() {
		for i := range ids {
			s.Apply(atOnce(id(i)))
			told.Store(int64(i + 1))
			for j := range i {
				s.Apply(replaced(id(j), time.Hour)) // late news
			}
		}
	})
	workers.Wait()
	close(over)
	wg.Wait()
	require.Equal(t, ids+2, s.Len())
}

func TestAskingCostsNoAllocation(t *testing.T) {
	s, _ := synced()
	v := s.View(issuer, time.Minute)
	question := func(id, subject string) func() {
		return func() { v.Standing(issuer, id, subject, start, start) }
	}
	require.Zero(t, testing.AllocsPerRun(100, question(id(1), "alice")), "nothing is revoked")
	s.Apply(atOnce(id(1)))
	s.Apply(replaced(id(2), time.Hour))
	s.Apply(before("alice", start))
	s.Apply(before("", start.Add(-1)))
	for i := range 4 {
		require.Zero(t, testing.AllocsPerRun(100, question(id(i), "bob")))
	}
	require.Zero(t, testing.AllocsPerRun(100, question("short", "alice")))
}
