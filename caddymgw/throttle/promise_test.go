package throttle

import (
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What doc.go promises, in numbers.
func TestHowManyGuesses(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, tc := range map[string]struct {
		user        func(int) string
		before      func(*desk)
		firstTime   time.Duration
		first       int
		afterwards  int // each day
		mayExceedBy int
	}{
		"of one user":                      {always("alice"), nil, 35 * time.Minute, 16, 96, 1},
		"of many users":                    {many, nil, 2 * time.Minute, 36, 1440, 2},
		"of few users, in turns":           {func(i int) string { return many(i % 3) }, nil, 35 * time.Minute, 3 * 16, 3 * 96, 3},
		"of one user, known good an hour":  {always("alice"), func(d *desk) { d.try("alice", here, Right) }, 35 * time.Minute, 16, 96, 1},
		"of one user, attacked everywhere": {always("alice"), func(d *desk) { d.everywhere("alice", 100) }, 35 * time.Minute, 12, 96, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk()
			if tc.before != nil {
				tc.before(d)
			}
			require.LessOrEqual(t, d.guess(tc.user, here, tc.firstTime), tc.first)
			for range 5 {
				n := d.guess(tc.user, here, day)
				require.LessOrEqual(t, n, tc.afterwards+tc.mayExceedBy)
			}
		})
	}
}

// everywhere has a user fail in n networks.
func (d *desk) everywhere(user string, n int) {
	for i := range n {
		d.try(user, network(i), Wrong)
	}
}

func TestNoWaitIsLongerThanPromised(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		user    func(int) string
		longest time.Duration
	}{
		"one user":   {always("alice"), 15 * time.Minute},
		"many users": {many, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk()
			d.everywhere("alice", 100)
			var longest time.Duration
			for i := range 2000 {
				wait := d.try(tc.user(i), here, Wrong)
				longest = max(longest, wait)
				d.pass(wait)
			}
			require.Equal(t, tc.longest, longest)
		})
	}
}

// Whoever shares a network with a busy user has no endless supply of guesses.
func TestABusyUserForgivesOthersOnceAMinute(t *testing.T) {
	t.Parallel()
	d := newDesk()
	guesses := 0
	for range 600 { // of a second each
		d.try("alice", here, Right)
		for range 20 {
			if d.try("alice", here, Wrong) == 0 {
				guesses++
			}
		}
		d.pass(time.Second)
	}
	require.LessOrEqual(t, guesses, 10*11)
	require.Greater(t, guesses, 10*5, "or the user would be locked out")
}

// A large network in which some mistype now and then is not slowed for it.
func TestABusyNetworkIsNotSlowed(t *testing.T) {
	t.Parallel()
	d := newDesk()
	for i := range 1000 {
		require.Zero(t, d.try(many(i), here, Wrong))
		require.Zero(t, d.try(many(i), here, Right))
		d.pass(2 * time.Minute)
	}
}

func TestAFloodNeitherGrowsMemoryNorFreesTheAttacker(t *testing.T) {
	const few, flood = 3 * size, 1_000_000
	for name, tc := range map[string]struct {
		n    int
		next func(i int) (user string, from netip.Addr)
	}{
		"of names":              {few, func(i int) (string, netip.Addr) { return many(i), there }},
		"of networks":           {few, func(i int) (string, netip.Addr) { return "bob", network(i) }},
		"of names and networks": {flood, func(i int) (string, netip.Addr) { return many(i), network(i) }},
		"of IPv6 networks": {few, func(i int) (string, netip.Addr) {
			return many(i), netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.try("carol", here, Right)
			for i := range 31 {
				d.try(many(i), here, Wrong)
			}
			for range 6 {
				d.try("alice", there, Wrong)
			}
			before := memory()
			for i := range tc.n {
				user, from := tc.next(i)
				d.try(user, from, Wrong)
			}
			require.Less(t, memory()-before, int64(20<<20))
			for _, table := range []*table{d.pairs, d.networks, d.users} {
				for _, l := range []*lru[counter]{table.few, table.many} {
					require.LessOrEqual(t, len(l.at), size)
					require.Equal(t, len(l.at), l.order.Len())
				}
			}
			require.NotZero(t, d.try("eve", here, Wrong), "the sprayer still waits")
			require.NotZero(t, d.try("alice", there, Wrong), "whoever guesses still waits")
			require.Zero(t, d.try("carol", here, Right), "and the good user does not")
		})
	}
}

func memory() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestMemoryIsBounded(t *testing.T) {
	before := memory()
	d := newDesk()
	for i := range 3 * size {
		k := d.names.key(nil, many(i))
		for _, table := range []*table{d.pairs, d.networks, d.users} {
			table.few.put(k, counter{})
			table.many.put(k, counter{})
		}
		d.good.put(k, success{})
	}
	used := memory() - before
	runtime.KeepAlive(d)
	t.Logf("%d bytes", used)
	require.Less(t, used, int64(25<<20))
	require.Greater(t, used, int64(7*size*50), "or it is not what is measured")
}

func TestLongNamesCostNoMemory(t *testing.T) {
	before := memory()
	d := newDesk()
	for i := range 1000 {
		d.try(strings.Repeat("x", 8<<10)+many(i), network(i), Wrong)
	}
	require.Less(t, memory()-before, int64(1<<20))
	runtime.KeepAlive(d)
}

func TestAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	const back = -24 * time.Hour
	d := newDesk()
	for range 6 {
		d.try("alice", here, Wrong)
	}
	d.pass(back)
	require.Equal(t, second, d.try("alice", here, Wrong), "no longer, and no shorter")
	d.pass(second / 2)
	require.Equal(t, second/2, d.try("alice", here, Wrong))
	d.pass(back)
	require.Equal(t, second/2, d.try("alice", here, Wrong))
	d.pass(second / 2)
	require.Zero(t, d.try("alice", here, Right))
	require.Zero(t, d.try("alice", here, Right))
}
