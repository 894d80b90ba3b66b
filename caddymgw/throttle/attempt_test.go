package throttle

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// THREATS rule 12: guesses that are made at once must not all pass.
func TestParallelAttempts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		user func(int) string
		from func(int) int // network
		free int64
	}{
		"of one user from one network":      {always("alice"), func(int) int { return 0 }, pairFree},
		"of many users from one network":    {many, func(int) int { return 0 }, networkFree},
		"of one user from many networks":    {always("alice"), func(i int) int { return i }, 1000},
		"of one user from a few, in turns":  {always("alice"), func(i int) int { return i % 20 }, userFree + 1 + 9}, // 11 networks or more have failed by then
		"of many users, each in a network":  {many, func(i int) int { return i }, 1000},
		"of a few users from a few, paired": {func(i int) string { return many(i % 5) }, func(i int) int { return i % 5 }, 5 * pairFree},
	} {
		for result, o := range map[string]Outcome{"wrong": Wrong, "never judged": 99} {
			t.Run(name+", "+result, func(t *testing.T) {
				t.Parallel()
				d := newDesk()
				var let atomic.Int64
				var wg, begun sync.WaitGroup
				begun.Add(1000)
				for i := range 1000 {
					wg.Go(func() {
						wait, done := d.Begin(tc.user(i), network(tc.from(i)))
						if wait == 0 {
							let.Add(1)
						}
						begun.Done()
						if o == Wrong {
							begun.Wait() // none is judged before all were let try or not
							done(o)
						}
					})
				}
				wg.Wait()
				require.LessOrEqual(t, let.Load(), tc.free)
				require.Positive(t, let.Load())
				if tc.free < 50 || tc.free == 1000 {
					require.Equal(t, tc.free, let.Load())
				}
			})
		}
	}
}

// begin starts an attempt that may be made.
func (d *desk) begin(t *testing.T, user string) func(Outcome) {
	t.Helper()
	wait, done := d.Begin(user, here)
	require.Zero(t, wait)
	return done
}

// spray has the network here fail as often as is counted; bob and carol are known
// good there.
func (d *desk) spray(t *testing.T) {
	t.Helper()
	d.begin(t, "bob")(Right)
	d.begin(t, "carol")(Right)
	for i := 0; d.networks.failures(d.names.of("", networkOf(here)).network, d.time.total) < d.networks.most; i++ {
		d.pass(d.try(many(i), here, Wrong))
	}
}

func TestAttemptsUnderWay(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*testing.T, *desk){
		"one that is right gives its place back": func(t *testing.T, d *desk) {
			for range 4 {
				d.begin(t, "alice")
			}
			d.begin(t, "alice")(Right)
			for range pairFree {
				d.begin(t, "alice")
			}
			require.NotZero(t, d.try("alice", here, Wrong))
		},
		"one that was not judged gives its place back": func(t *testing.T, d *desk) {
			for range 4 {
				d.begin(t, "alice")
			}
			done := d.begin(t, "alice")
			require.NotZero(t, d.try("alice", here, Wrong))
			done(Unjudged)
			d.begin(t, "alice")
			require.NotZero(t, d.try("alice", here, Wrong))
		},
		"and the wait is what it was": func(t *testing.T, d *desk) {
			for range 5 {
				d.try("alice", here, Wrong)
			}
			d.pass(second)
			done := d.begin(t, "alice")
			require.Equal(t, 2*second, d.try("alice", here, Wrong))
			done(Unjudged)
			d.begin(t, "alice")
			require.Equal(t, 2*second, d.try("alice", here, Wrong))
		},
		"but not where another failed since": func(t *testing.T, d *desk) {
			for range 3 {
				d.try("alice", here, Wrong)
			}
			unjudged, wrong := d.begin(t, "alice"), d.begin(t, "alice")
			wrong(Wrong)
			unjudged(Unjudged)
			d.begin(t, "alice")(Wrong)
			require.Equal(t, second, d.try("alice", here, Wrong))
		},
		"in whatever order they are judged": func(t *testing.T, d *desk) {
			for range 3 {
				d.try("alice", here, Wrong)
			}
			wrong, unjudged := d.begin(t, "alice"), d.begin(t, "alice")
			d.pass(second)
			wrong(Wrong)
			unjudged(Unjudged)
			d.begin(t, "alice")(Wrong)
			require.Equal(t, second, d.try("alice", here, Wrong), "it begins with the last that failed")
		},
		"the wait begins when it is judged": func(t *testing.T, d *desk) {
			for range 4 {
				d.try("alice", here, Wrong)
			}
			done := d.begin(t, "alice")
			d.pass(second / 2)
			done(Wrong)
			require.Equal(t, second, d.try("alice", here, Wrong))
		},
		"only the first judgement counts": func(t *testing.T, d *desk) {
			done := d.begin(t, "alice")
			done(Wrong)
			done(Right)
			done(Unjudged)
			for range pairFree - 1 {
				d.begin(t, "alice")
			}
			require.NotZero(t, d.try("alice", here, Wrong))
		},
		"one that is judged after another was right is counted": func(t *testing.T, d *desk) {
			var wrong []func(Outcome)
			for range 4 {
				wrong = append(wrong, d.begin(t, "alice"))
			}
			d.begin(t, "alice")(Right)
			for _, done := range wrong {
				done(Wrong)
			}
			d.begin(t, "alice")
			require.NotZero(t, d.try("alice", here, Wrong))
			require.Equal(t, 5, d.networks.failures(d.names.of("", networkOf(here)).network, 0))
		},
		"nor does it give back what it was not charged with": func(t *testing.T, d *desk) {
			var unjudged []func(Outcome)
			for range 4 {
				unjudged = append(unjudged, d.begin(t, "alice"))
			}
			d.begin(t, "alice")(Right)
			for range 4 {
				d.try("alice", here, Wrong)
			}
			for _, done := range unjudged {
				done(Unjudged)
			}
			d.begin(t, "alice")
			require.NotZero(t, d.try("alice", here, Wrong))
		},
		"one whose counters are gone is counted all the same": func(t *testing.T, d *desk) {
			done, n := d.begin(t, "alice"), d.names.of("alice", networkOf(here))
			d.pairs.remove(n.pair)
			d.networks.remove(n.network)
			d.users.remove(n.user)
			done(Wrong)
			require.Equal(t, []int{1, 1, 1}, []int{d.pairs.failures(n.pair, 0), d.networks.failures(n.network, 0), d.users.failures(n.user, 0)})
		},
		"right ones leave nothing behind": func(t *testing.T, d *desk) {
			for i := range 100 {
				d.begin(t, many(i))(Right)
			}
			require.Empty(t, d.pairs.few.at)
			require.Empty(t, d.networks.few.at)
			require.Empty(t, d.users.few.at)
		},
		"a right one does not shorten the wait for others that failed since": func(t *testing.T, d *desk) {
			d.spray(t)
			d.pass(30 * time.Second)
			bob := d.begin(t, "bob")
			d.pass(time.Second)
			d.begin(t, "carol")(Wrong)
			bob(Right)
			require.Equal(t, networkLongest, d.try("eve", here, Wrong))
		},
		"nor those that began before": func(t *testing.T, d *desk) {
			d.spray(t)
			d.pass(30 * time.Second)
			carol := d.begin(t, "carol")
			d.pass(time.Second)
			bob := d.begin(t, "bob")
			d.pass(time.Second)
			carol(Wrong)
			bob(Right)
			require.Equal(t, networkLongest, d.try("eve", here, Wrong))
		},
		"but that of its own": func(t *testing.T, d *desk) {
			d.spray(t)
			d.pass(30 * time.Second)
			d.begin(t, "bob")(Right)
			require.Equal(t, networkLongest-30*time.Second, d.try("eve", here, Wrong))
		},
		"who waits has nothing to judge": func(t *testing.T, d *desk) {
			for range 5 {
				d.try("alice", here, Wrong)
			}
			wait, done := d.Begin("alice", here)
			require.NotZero(t, wait)
			done(Right)
			require.NotZero(t, d.try("alice", here, Wrong))
		},
		"overlapping right ones don't wear off what others failed": func(t *testing.T, d *desk) {
			d.spray(t)
			for range 100 {
				var dones []func(Outcome)
				for range 5 {
					dones = append(dones, d.begin(t, "bob"))
				}
				for _, done := range dones {
					done(Right)
				}
			}
			require.Equal(t, networkLongest, d.try("eve", here, Wrong))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newDesk())
		})
	}
}

// Whatever the order, only wrong passwords are left counted.
func TestOnlyWrongPasswordsCost(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		d := newDesk()
		var dones []func(Outcome)
		wrong := 0
		for range 200 {
			switch i := r.IntN(max(1, len(dones))); {
			case len(dones) > 0 && r.IntN(2) == 0:
				o := []Outcome{Right, Unjudged, Unjudged, Wrong}[r.IntN(4)]
				if o == Wrong && wrong >= networkFree/2 {
					o = Right
				}
				if o == Wrong {
					wrong++
				}
				dones[i](o)
				dones[i] = dones[len(dones)-1]
				dones = dones[:len(dones)-1]
			default:
				if wait, done := d.Begin(many(r.IntN(3)), network(0)); wait == 0 {
					dones = append(dones, done)
				}
			}
		}
		for _, done := range dones {
			done(Unjudged)
		}
		require.Equal(t, wrong, d.networks.failures(d.names.of("", networkOf(network(0))).network, 0))
		users := 0
		for i := range 3 {
			users += d.users.failures(d.names.of(many(i), networkOf(network(0))).user, 0)
		}
		require.Equal(t, wrong, users)
		if wrong == 0 {
			require.Empty(t, d.networks.few.at)
			require.Empty(t, d.pairs.few.at)
			require.Empty(t, d.pairs.many.at)
		}
	}
}

func BenchmarkBegin(b *testing.B) {
	d := newDesk()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			_, done := d.Begin(many(i%100), network(i%1000))
			done(Unjudged)
		}
	})
}
