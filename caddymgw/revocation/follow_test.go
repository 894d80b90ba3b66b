package revocation

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

var errAway = errors.New("connection refused")

// diary notes what an Observer is told, and when, in seconds since its making.
type diary struct {
	mu    sync.Mutex
	began time.Time
	lines []string
}

func newDiary() *diary { return &diary{began: time.Now()} }

func (d *diary) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf("%d %s", time.Since(d.began)/time.Second, what))
}

func (d *diary) Lost(err error) { d.note("lost: " + err.Error()) }
func (d *diary) Regained()      { d.note("regained") }

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "\n")
}

type yield = func(ledger.Event, error) bool

// watch is what a ledger tells of one watch.
type watch func(context.Context, yield)

// fake is a ledger whose watches follow a script; the last one is repeated.
type fake struct {
	ledger.Ledger
	mu      sync.Mutex
	script  []watch
	watched []time.Time
}

func (f *fake) Watch(ctx context.Context) iter.Seq2[ledger.Event, error] {
	return func(y func(ledger.Event, error) bool) {
		f.mu.Lock()
		w := f.script[min(len(f.watched), len(f.script)-1)]
		f.watched = append(f.watched, time.Now())
		f.mu.Unlock()
		w(ctx, y)
	}
}

func (f *fake) between() (seconds []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, at := range f.watched[1:] {
		seconds = append(seconds, int(at.Sub(f.watched[i]).Round(time.Second)/time.Second))
	}
	return seconds
}

func tells(r ledger.Revocation) watch {
	return func(_ context.Context, y yield) { y(ledger.Event{Revocation: r}, nil) }
}

func syncs(_ context.Context, y yield) { y(ledger.Event{Synced: true}, nil) }

func fails(err error) watch {
	return func(_ context.Context, y yield) { y(ledger.Event{}, err) }
}

func hangs(ctx context.Context, _ yield) { <-ctx.Done() }

// beats is in contact for so many seconds.
func beats(seconds int) watch {
	return func(ctx context.Context, y yield) {
		for range seconds {
			if !y(ledger.Event{Synced: true}, nil) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
		}
	}
}

func waits(d time.Duration) watch {
	return func(ctx context.Context, _ yield) {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
}

// then is one watch in which these follow one another.
func then(all ...watch) watch {
	return func(ctx context.Context, y yield) {
		for _, w := range all {
			w(ctx, y)
		}
	}
}

const forever = 1 << 30

// follow has a set follow a script for a while, and returns what came of it.
func follow(t *testing.T, d time.Duration, script ...watch) (*Set, *diary, *fake) {
	t.Helper()
	s, o, f := New(time.Now, leeway), newDiary(), &fake{script: script}
	ctx, cancel := context.WithCancel(t.Context())
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		s.Follow(ctx, f, o)
	}()
	time.Sleep(d)
	cancel()
	<-exited
	return s, o, f
}

func isSynced(s *Set) bool {
	select {
	case <-s.Synced():
		return true
	default:
		return false
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		script  []watch
		lasts   time.Duration
		told    string
		synced  bool
		revoked bool
		between []int // seconds from watch to watch
	}{
		"in contact": {
			script: []watch{then(tells(atOnce("k")), beats(forever))}, lasts: time.Hour,
			synced: true, revoked: true,
		},
		"still reading": {
			script: []watch{then(tells(atOnce("k")), hangs)}, lasts: 20 * time.Second,
			revoked: true,
		},
		"away from the start": {
			script: []watch{fails(errAway)}, lasts: 100 * time.Second,
			told: "0 lost: connection refused", between: []int{1, 2, 4, 8, 16, 30, 30},
		},
		"an error that the watch gets over itself": {
			script: []watch{then(beats(3), fails(errAway), waits(7*time.Second), fails(errAway), tells(atOnce("k")), beats(forever))}, lasts: time.Minute,
			told: "3 lost: connection refused\n10 regained", synced: true, revoked: true,
		},
		"contact comes late": {
			script: []watch{fails(errAway), fails(errAway), then(tells(atOnce("k")), beats(forever))}, lasts: time.Minute,
			told: "0 lost: connection refused\n3 regained", synced: true, revoked: true, between: []int{1, 2},
		},
		"a watch that ends": {
			script: []watch{beats(5), then(tells(atOnce("k")), beats(forever))}, lasts: time.Minute,
			told: "5 lost: the ledger ended the watch\n6 regained", synced: true, revoked: true, between: []int{6},
		},
		"watches that end again and again": {
			script: []watch{syncs}, lasts: 2500 * time.Millisecond,
			told:   "0 lost: the ledger ended the watch\n1 regained\n1 lost: the ledger ended the watch\n2 regained\n2 lost: the ledger ended the watch",
			synced: true, between: []int{1, 1},
		},
		"a watch that hangs": {
			script: []watch{then(beats(5), hangs), then(tells(atOnce("k")), beats(forever))}, lasts: 2 * time.Minute,
			told: "34 lost: the ledger says nothing\n35 regained", synced: true, revoked: true, between: []int{35},
		},
		"a watch that hangs, and says so when it is ended": {
			script: []watch{then(hangs, fails(context.Canceled)), beats(forever)}, lasts: 2 * time.Minute,
			told: "30 lost: the ledger says nothing\n31 regained", synced: true, between: []int{31},
		},
		"watches that hang from the start": {
			script: []watch{hangs}, lasts: 100 * time.Second,
			told: "30 lost: the ledger says nothing", between: []int{31, 32, 34},
		},
		"a watch that is slow, but says something": {
			script: []watch{then(waits(29*time.Second), tells(atOnce("a")), waits(29*time.Second), tells(atOnce("k")), waits(29*time.Second), beats(forever))}, lasts: 2 * time.Minute,
			synced: true, revoked: true,
		},
		"a ledger that is closed": {
			script: []watch{beats(2), fails(fmt.Errorf("watching: %w", ledger.ErrClosed))}, lasts: time.Minute,
			told: "2 lost: the ledger ended the watch", synced: true, between: []int{3},
		},
		"a ledger that was closed before": {
			script: []watch{fails(ledger.ErrClosed)}, lasts: time.Minute,
			told: "0 lost: the ledger is closed",
		},
		"the end is no loss": {
			script: []watch{then(beats(forever), fails(context.Canceled))}, lasts: time.Minute,
			synced: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, o, f := follow(t, tc.lasts, tc.script...)
				require.Equal(t, tc.told, o.String())
				require.Equal(t, tc.synced, isSynced(s))
				require.Equal(t, tc.synced, !s.Contact().IsZero())
				require.Equal(t, tc.between, f.between())
				require.Equal(t, tc.revoked, ask(s, "k", "", start, start).Revoked)
			})
		})
	}
}

func TestContactIsWhenAllWasKnownLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s, _, _ := follow(t, time.Minute, then(beats(10), fails(errAway), hangs), hangs)
		require.Equal(t, began.Add(9*time.Second), s.Contact())
		v := s.View(issuer, time.Minute)
		require.False(t, v.Standing(issuer, "k", "", began, began.Add(69*time.Second)).Unknown)
		require.True(t, v.Standing(issuer, "k", "", began, began.Add(70*time.Second)).Unknown)
	})
}

func TestFollowDropsWhatIsOver(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]watch{
		"in contact":        beats(forever),
		"while it is away":  fails(errAway),
		"while it is quiet": hangs,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				left := func(after time.Duration) int {
					r := ledger.Revocation{ID: "k", Expires: time.Now().Add(time.Hour)}
					s, _, _ := follow(t, after, then(tells(r), last), last)
					return s.Len()
				}
				over := time.Hour + leeway + margin
				require.Equal(t, 1, left(over-time.Second))
				require.Zero(t, left(over+3*time.Minute))
			})
		})
	}
}

func TestNobodyNeedsToObserve(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s := New(time.Now, leeway)
		s.Follow(ctx, &fake{script: []watch{fails(errAway), beats(forever)}}, nil)
		require.True(t, isSynced(s))
	})
}

func TestFollowDoesNotBeginWhereItIsOver(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := &fake{script: []watch{syncs}}
	New(time.Now, leeway).Follow(ctx, f, newDiary())
	require.Empty(t, f.watched)
}

// The ledger in memory, with all that it does in between.
func TestFollowTheLedgerInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ledger.Memory(ledger.Options{})
		now := time.Now()
		revoke := func(r ledger.Revocation) {
			r.Made, r.Effective = time.Now(), time.Now()
			require.NoError(t, l.Revoke(t.Context(), r))
		}
		for i := range 1000 {
			revoke(ledger.Revocation{ID: id(i), Expires: now.Add(time.Hour)})
		}
		s, o := New(time.Now, leeway), newDiary()
		var wg sync.WaitGroup
		wg.Go(func() { s.Follow(t.Context(), l, o) })
		<-s.Synced()
		require.Equal(t, 1000, s.Len())

		revoke(ledger.Revocation{ID: id(1000)})
		revoke(ledger.Revocation{Subject: "alice", IssuedBefore: now})
		require.NoError(t, l.Put(t.Context(), ledger.Record{ID: id(1001), Subject: "bob", Issued: now}))
		require.NoError(t, l.Replace(t.Context(), ledger.Record{ID: id(1002), Subject: "bob", Issued: now}, ledger.Revocation{
			ID: id(1001), Made: now, Effective: now.Add(time.Hour), ReplacedBy: id(1002),
		}))
		synctest.Wait()
		v := s.View(issuer, 5*time.Second)
		require.True(t, v.Standing(issuer, id(1000), "bob", now, now).Revoked)
		require.True(t, v.Standing(issuer, id(1003), "alice", now.Add(-1), now).Revoked)
		require.Equal(t, now.Add(time.Hour).UTC(), v.Standing(issuer, id(1001), "bob", now, now).Retirement.Until)
		require.Zero(t, v.Standing(issuer, id(1002), "bob", now, now))

		time.Sleep(2 * time.Hour)
		require.False(t, v.Standing(issuer, id(1002), "bob", now, time.Now()).Unknown, "it hears every second that nothing is missing")
		require.Equal(t, 1003, s.Len())
		time.Sleep(time.Hour)
		require.Equal(t, 3, s.Len())
		require.True(t, v.Standing(issuer, id(1001), "bob", now, now).Revoked, "whatever the clock says")
		require.Empty(t, o.String())

		require.NoError(t, l.Close())
		wg.Wait()
		require.Contains(t, o.String(), "lost: the ledger ended the watch")
		time.Sleep(6 * time.Second)
		require.True(t, v.Standing(issuer, id(1002), "bob", now, time.Now()).Unknown)
	})
}
