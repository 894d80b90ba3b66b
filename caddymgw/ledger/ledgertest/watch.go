package ledgertest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

func watch(t *testing.T, open Open) {
	t.Run("all in force are told, then Synced, then new ones", func(t *testing.T) {
		l := open(t, still())
		var before []ledger.Revocation
		for i := range 600 {
			before = append(before, byID(fmt.Sprint("k", i)), issuedBefore(fmt.Sprint("s", i), start))
		}
		each(t, len(before), func(i int) error { return l.Revoke(t.Context(), before[i]) })
		w := watching(t, l)
		require.ElementsMatch(t, before, w.atSync(t))
		live := replaced("old", "new")
		live.Expires = start.Add(time.Hour)
		put(t, l, "alice", "old")
		require.NoError(t, l.Replace(t.Context(), ledger.Record{ID: "new"}, live))
		w.hears(t, live)
		everyone := issuedBefore("", start)
		require.NoError(t, l.Revoke(t.Context(), everyone))
		w.hears(t, everyone)
	})
	t.Run("nothing in force is Synced at once", func(t *testing.T) {
		require.Empty(t, inForce(t, open(t, still())))
	})
	t.Run("Synced comes again and again while nothing happens", func(t *testing.T) {
		w := watching(t, open(t, still()))
		w.until(t, "three Synced", func(w *watcher) bool { return w.synced >= 3 })
		require.Empty(t, w.atSync(t))
	})
	t.Run("a Synced event tells nothing else", func(t *testing.T) {
		l := open(t, still())
		require.NoError(t, l.Revoke(t.Context(), byID("k1")))
		for e, err := range l.Watch(t.Context()) {
			require.NoError(t, err)
			require.NotEqual(t, e.Synced, e.Revocation != ledger.Revocation{})
			if e.Synced {
				break
			}
		}
	})
	t.Run("one that supersedes is told too", func(t *testing.T) {
		l := open(t, still())
		w := watching(t, l)
		w.atSync(t)
		ahead := byID("k1")
		ahead.Effective = start.Add(time.Hour)
		for _, r := range []ledger.Revocation{ahead, byID("k1"), issuedBefore("alice", start), issuedBefore("alice", start.Add(1))} {
			require.NoError(t, l.Revoke(t.Context(), r))
			w.hears(t, r)
		}
	})
	t.Run("what is revoked while watches start is not missed", func(t *testing.T) { notMissed(t, open(t, still())) })
	t.Run("one watch's end is not another's", func(t *testing.T) {
		l := open(t, still())
		one, other := watching(t, l), watching(t, l)
		one.atSync(t)
		other.atSync(t)
		one.stop()
		one.ended(t)
		require.NoError(t, l.Revoke(t.Context(), byID("k1")))
		other.hears(t, byID("k1"))
	})
	t.Run("a watch ends when its reader has enough, and the ledger works on", func(t *testing.T) {
		l := open(t, still())
		require.NoError(t, l.Revoke(t.Context(), byID("k1")))
		require.NoError(t, l.Revoke(t.Context(), byID("k2")))
		for _, err := range l.Watch(t.Context()) {
			require.NoError(t, err)
			break // among those in force
		}
		for e, err := range l.Watch(t.Context()) {
			require.NoError(t, err)
			if e.Synced {
				break
			}
		}
		require.NoError(t, l.Revoke(t.Context(), byID("k3")))
		require.Len(t, inForce(t, l), 3)
	})
	t.Run("a watch ends with its context", func(t *testing.T) {
		l := open(t, still())
		w := watching(t, l)
		w.atSync(t)
		w.stop()
		w.ended(t)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		for e, err := range l.Watch(cancelled) {
			require.False(t, e.Synced, err)
		}
	})
	t.Run("a reader that is slow holds up nobody, and misses nothing", func(t *testing.T) {
		l := open(t, still())
		const n = 200
		synced, revoked := make(chan struct{}), make(chan struct{})
		told := map[string]bool{}
		var wg sync.WaitGroup
		wg.Go(func() {
			var once sync.Once
			for e, err := range l.Watch(t.Context()) {
				if !assert.NoError(t, err) { //nolint:testifylint // require would end the goroutine alone
					return
				}
				once.Do(func() {
					close(synced)
					<-revoked
				})
				if told[e.Revocation.ID] = true; len(told) == n+1 { // "" is that of Synced
					return
				}
			}
		})
		<-synced
		each(t, n, func(i int) error { return l.Revoke(t.Context(), byID(fmt.Sprint("k", i))) })
		close(revoked)
		wg.Wait()
		require.Len(t, told, n+1)
	})
}

// notMissed starts watches while a thousand revocations are made.
func notMissed(t *testing.T, l ledger.Ledger) {
	const writers, each = 20, 50
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	halfway := make(chan struct{})
	for i := range writers {
		wg.Go(func() {
			for j := range each {
				r := byID(fmt.Sprintf("k%d-%d", i, j))
				if !noError(t, l.Revoke(t.Context(), r)) {
					return
				}
				mu.Lock()
				acknowledged[r.ID] = true
				if len(acknowledged) == writers*each/2 {
					close(halfway)
				}
				mu.Unlock()
			}
		})
	}
	var watchers []*watcher
	for range 3 {
		watchers = append(watchers, watching(t, l))
	}
	select {
	case <-halfway:
	case <-time.After(patience):
		require.Fail(t, "no progress")
	}
	mu.Lock()
	earlier := make([]string, 0, len(acknowledged))
	for id := range acknowledged {
		earlier = append(earlier, id)
	}
	mu.Unlock()
	late := watching(t, l)
	first := map[string]bool{}
	for _, r := range late.atSync(t) {
		first[r.ID] = true
	}
	for _, id := range earlier {
		require.True(t, first[id], "%s was acknowledged before the watch, and is not told before Synced", id)
	}
	wg.Wait()
	require.Len(t, acknowledged, writers*each)
	for _, w := range append(watchers, late) {
		w.until(t, "all are told", func(w *watcher) bool {
			told := map[string]bool{}
			for _, r := range w.told {
				told[r.ID] = true
			}
			return len(told) == writers*each
		})
	}
}
