package usage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

var errAway = errors.New("connection refused")

// book is a ledger that notes what it is handed, after what answer does.
type book struct {
	ledger.Ledger
	mu     sync.Mutex
	answer func(context.Context) error
	pages  []map[string]time.Time
	at     []time.Time
}

func (b *book) Touch(ctx context.Context, used map[string]time.Time) error {
	b.mu.Lock()
	b.at = append(b.at, time.Now())
	answer := b.answer
	b.mu.Unlock()
	if answer != nil {
		if err := answer(ctx); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages = append(b.pages, maps.Clone(used))
	return nil
}

// asked returns when it was handed something, and taken what it took.
func (b *book) asked() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.at)
}

func (b *book) taken() []map[string]time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.pages)
}

func (b *book) answers(f func(context.Context) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

func fails(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// running is a recorder that hands over what is used.
type running struct {
	*Recorder
	stop   func()
	mu     sync.Mutex
	logged []string
}

func (r *running) log(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logged = append(r.logged, err.Error())
}

func (r *running) failures() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.logged, "\n")
}

func run(t *testing.T, l ledger.Ledger) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	exited := make(chan struct{})
	r := &running{Recorder: New(time.Now)}
	r.stop = func() { cancel(); <-exited }
	go func() {
		defer close(exited)
		r.Run(ctx, l, r.log)
	}()
	return r
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestEachMinuteIsHandedOverOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, began := &book{}, time.Now()
		r := run(t, b)
		for range 90 { // of a second each
			r.Used("a", time.Now())
			r.Used("b", began)
			pass(time.Second)
		}
		require.Equal(t, []time.Time{began.Add(time.Minute)}, b.asked())
		pass(3 * time.Minute)
		require.Len(t, b.taken(), 2, "where nothing was used, nothing is handed over")
		require.Equal(t, map[string]time.Time{"a": began.Add(89 * time.Second), "b": began}, b.taken()[1])
		_, ok := r.Last("a")
		require.False(t, ok, "the ledger knows")
		r.stop()
		require.Len(t, b.taken(), 2)
		require.Empty(t, r.failures())
	})
}

func TestTheEndHandsOverWhatIsLeft(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer func(context.Context) error
		takes  time.Duration
		pages  int
		logged string
	}{
		"to a ledger that answers": {nil, 0, 1, ""},
		"to one that fails":        {fails(errAway), 0, 0, "recording when 1 keys were last used: connection refused"},
		"to one that is closed":    {fails(ledger.ErrClosed), 0, 0, "recording when 1 keys were last used: the ledger is closed"},
		"to one that hangs":        {hangs, 3 * time.Second, 0, "recording when 1 keys were last used: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &book{answer: tc.answer}
				r := run(t, b)
				r.Used("a", time.Now())
				began := time.Now()
				r.stop()
				require.Equal(t, tc.takes, time.Since(began))
				require.Len(t, b.taken(), tc.pages)
				require.Equal(t, tc.logged, r.failures())
				_, ok := r.Last("a")
				require.Equal(t, tc.pages == 0, ok)
			})
		})
	}
}

func TestWhatALedgerDidNotTakeIsHandedOverAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(context.Context) error{"one that fails": fails(errAway), "one that hangs": hangs} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &book{answer: answer}
				r := run(t, b)
				first := time.Now()
				r.Used("a", first)
				r.Used("b", first)
				pass(3*time.Minute + 45*time.Second)
				require.Len(t, b.asked(), 3, "each minute")
				require.Equal(t, 3, strings.Count(r.failures(), "recording when 2 keys were last used"))
				later := time.Now()
				r.Used("b", later)
				r.Used("c", later)
				last, _ := r.Last("b")
				require.Equal(t, later, last)
				b.answers(nil)
				pass(time.Minute)
				require.Equal(t, []map[string]time.Time{{"a": first, "b": later, "c": later}}, b.taken())
				r.stop()
			})
		})
	}
}

// A ledger may still be at it when the end comes.
func TestTheEndCutsShortWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{answer: hangs}
		r := run(t, b)
		r.Used("a", time.Now())
		pass(time.Minute + time.Second)
		require.Len(t, b.asked(), 1)
		b.answers(nil)
		r.stop()
		require.Len(t, b.taken(), 1)
		require.Empty(t, r.failures(), "that it was cut short is no failure")
	})
}

func TestAClosedLedgerEndsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := New(time.Now)
		r.Used("a", time.Now())
		var logged []error
		r.Run(t.Context(), &book{answer: fails(fmt.Errorf("touching: %w", ledger.ErrClosed))}, func(err error) { logged = append(logged, err) })
		require.Len(t, logged, 1)
		require.ErrorIs(t, logged[0], ledger.ErrClosed)
	})
}

func TestNobodyNeedsToLog(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := recorder()
	r.Used("a", at(1))
	r.Run(ctx, &book{answer: fails(errAway)}, nil)
	_, ok := r.Last("a")
	require.True(t, ok)
}

func TestTheLedgerInMemoryKeepsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ledger.Memory(ledger.Options{})
		require.NoError(t, l.Put(t.Context(), ledger.Record{ID: "a"}))
		r := run(t, l)
		used := time.Now()
		r.Used("a", used)
		r.Used("unrecorded", used)
		pass(time.Minute)
		got, err := l.Get(t.Context(), "a")
		require.NoError(t, err)
		require.True(t, used.Equal(got.LastUsed), got.LastUsed)
		r.stop()
		require.Empty(t, r.failures())
	})
}
