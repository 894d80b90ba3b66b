package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// patience bounds what ought to happen soon; nothing is measured by it.
const patience = 30 * time.Second

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// clock is moved by the test.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return start.Add(time.Duration(c.ahead.Load())) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func still() ledger.Options { return ledger.Options{Now: func() time.Time { return start }} }

// put records keys of a subject.
func put(t *testing.T, l ledger.Ledger, subject string, ids ...string) {
	t.Helper()
	each(t, len(ids), func(i int) error {
		return l.Put(t.Context(), ledger.Record{ID: ids[i], Subject: subject, Issued: start})
	})
}

// each does something n times, many at once, since one write may take long.
func each(t *testing.T, n int, do func(i int) error) {
	t.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, n)
	for range 32 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				errs[i] = do(int(i))
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
}

func get(t *testing.T, l ledger.Ledger, id string) ledger.Record {
	t.Helper()
	r, err := l.Get(t.Context(), id)
	require.NoError(t, err, id)
	return r
}

// numbered returns ids in order.
func numbered(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("k%03d", i)
	}
	return ids
}

func absent(t *testing.T, l ledger.Ledger, id string) {
	t.Helper()
	_, err := l.Get(t.Context(), id)
	require.ErrorIs(t, err, ledger.ErrNotFound, id)
}

// listed returns the ids that a query finds.
func listed(t *testing.T, l ledger.Ledger, q ledger.Query) []string {
	t.Helper()
	var all []string
	for r, err := range l.List(t.Context(), q) {
		require.NoError(t, err)
		all = append(all, r.ID)
	}
	return all
}

// paged returns the same, fetched page by page.
func paged(t *testing.T, l ledger.Ledger, q ledger.Query, size int) []string {
	t.Helper()
	var all []string
	q.Limit = size
	for {
		page := listed(t, l, q)
		require.LessOrEqual(t, len(page), size)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		q.After = page[len(page)-1]
	}
}

// byID is a revocation of one key that holds at once.
func byID(id string) ledger.Revocation {
	return ledger.Revocation{ID: id, Made: start, Effective: start, Reason: "lost"}
}

// issuedBefore is one of all keys of a subject, or of everyone.
func issuedBefore(subject string, moment time.Time) ledger.Revocation {
	return ledger.Revocation{Subject: subject, IssuedBefore: moment, Made: start, Effective: start}
}

// replaced is the revocation of a key that a successor takes over from.
func replaced(id, by string) ledger.Revocation {
	return ledger.Revocation{ID: id, Made: start, Effective: start.Add(time.Hour), Reason: "replaced", ReplacedBy: by}
}

// watcher notes what a watch is told.
type watcher struct {
	stop context.CancelFunc
	done chan struct{}

	mu     sync.Mutex
	told   []ledger.Revocation
	synced int
	first  int // how many were told before the first Synced
	err    error
}

func watching(t *testing.T, l ledger.Ledger) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watcher{stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for e, err := range l.Watch(ctx) {
			w.note(e, err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		w.ended(t)
	})
	return w
}

func (w *watcher) note(e ledger.Event, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil:
		w.err = err
	case e.Synced:
		if w.synced == 0 {
			w.first = len(w.told)
		}
		w.synced++
	default:
		w.told = append(w.told, e.Revocation)
	}
}

// until waits for a state of the watch.
func (w *watcher) until(t *testing.T, what string, reached func(*watcher) bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return reached(w)
	}, patience, time.Millisecond, what)
}

// atSync returns what was told before the first Synced.
func (w *watcher) atSync(t *testing.T) []ledger.Revocation {
	t.Helper()
	w.until(t, "Synced", func(w *watcher) bool { return w.synced > 0 })
	w.mu.Lock()
	defer w.mu.Unlock()
	require.NoError(t, w.err)
	return slices.Clone(w.told[:w.first])
}

// hears waits until a revocation was told.
func (w *watcher) hears(t *testing.T, r ledger.Revocation) {
	t.Helper()
	w.until(t, r.Key(), func(w *watcher) bool { return slices.Contains(w.told, r) })
}

// ended waits until the watch is over.
func (w *watcher) ended(t *testing.T) {
	t.Helper()
	select {
	case <-w.done:
	case <-time.After(patience):
		require.Fail(t, "the watch does not end")
	}
}

// inForce returns what a new watch is told.
func inForce(t *testing.T, l ledger.Ledger) []ledger.Revocation {
	t.Helper()
	w := watching(t, l)
	told := w.atSync(t)
	w.stop()
	w.ended(t)
	return told
}
