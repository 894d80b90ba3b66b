package redis

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// patience bounds what ought to happen soon; nothing is measured by it.
const patience = 30 * time.Second

// TestMain keeps the client from writing of every loss.
func TestMain(m *testing.M) {
	logging.Disable()
	m.Run()
}

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func still() ledger.Options { return ledger.Options{Now: func() time.Time { return start }} }

var prefixes atomic.Int64

// open returns a ledger that is closed with the test, empty unless a prefix is
// given.
func open(t testing.TB, c Config, o ledger.Options) *Ledger {
	t.Helper()
	if c.Prefix == "" {
		c.Prefix = fmt.Sprint("test", prefixes.Add(1))
	}
	l, err := Open(c, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// byID is a revocation of one key that holds at once.
func byID(id string) ledger.Revocation {
	return ledger.Revocation{ID: id, Made: start, Effective: start, Reason: "lost"}
}

func record(id string) ledger.Record {
	return ledger.Record{ID: id, Subject: "alice", Issued: start}
}

func replacing(id, by string) ledger.Revocation {
	return ledger.Revocation{ID: id, Made: start, Effective: start.Add(time.Hour), Reason: "replaced", ReplacedBy: by}
}

// eventually does something again until Redis is there.
func eventually(t testing.TB, do func() error) {
	t.Helper()
	require.Eventually(t, func() bool { return do() == nil }, patience, 20*time.Millisecond)
}

// watcher notes what a watch is told, and when.
type watcher struct {
	stop context.CancelFunc
	done chan struct{}

	mu     sync.Mutex
	told   map[string]time.Time // by id, the first time
	synced int                  // since the last error
	errs   []error
	odd    []string // what must not be
}

func watching(t testing.TB, l *Ledger) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{stop: cancel, done: make(chan struct{}), told: map[string]time.Time{}}
	go func() {
		defer close(w.done)
		for e, err := range l.Watch(ctx) {
			w.note(e, err)
		}
	}()
	t.Cleanup(func() { w.end(t) })
	return w
}

func (w *watcher) end(t testing.TB) {
	t.Helper()
	w.stop()
	w.ended(t)
}

func (w *watcher) ended(t testing.TB) {
	t.Helper()
	select {
	case <-w.done:
	case <-time.After(patience):
		require.Fail(t, "the watch does not end")
	}
}

func (w *watcher) note(e ledger.Event, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil:
		if len(w.errs) > 0 && w.synced == 0 {
			w.odd = append(w.odd, "a loss is told twice: "+err.Error())
		}
		w.errs, w.synced = append(w.errs, err), 0
	case e.Synced:
		w.synced++
	case w.told[e.Revocation.ID].IsZero():
		w.told[e.Revocation.ID] = time.Now()
	}
}

// until waits for a state of the watch.
func (w *watcher) until(t testing.TB, what string, reached func(*watcher) bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return reached(w)
	}, patience, time.Millisecond, what)
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Empty(t, w.odd)
}

// inSync waits until nothing is missing, after so many losses.
func (w *watcher) inSync(t testing.TB, losses int) {
	t.Helper()
	w.until(t, "Synced", func(w *watcher) bool { return w.synced > 0 && len(w.errs) >= losses })
}

func (w *watcher) lost(t testing.TB, losses int) {
	t.Helper()
	w.until(t, "an error", func(w *watcher) bool { return len(w.errs) >= losses })
}

func (w *watcher) hears(t testing.TB, ids ...string) {
	t.Helper()
	w.until(t, fmt.Sprint(ids), func(w *watcher) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return w.told[id].IsZero() })
	})
}

// seed runs a script many times, a thousand at once.
func seed(t testing.TB, l *Ledger, script *redis.Script, n int, args func(i int) ([]any, error)) {
	t.Helper()
	require.NoError(t, script.Load(t.Context(), l.client).Err())
	for i := 0; i < n; i += 1000 {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := l.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for j := i; j < min(i+1000, n); j++ {
				a, err := args(j)
				if err != nil {
					return err
				}
				script.EvalSha(ctx, p, l.keys.shared, append([]any{moment(l.horizon())}, a...)...)
			}
			return nil
		})
		cancel()
		require.NoError(t, err)
	}
}
