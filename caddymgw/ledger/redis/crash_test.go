package redis

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/internal/redistest"
)

// history is what one writer did. Each of its keys was put, and then revoked or
// replaced.
type history struct {
	put, revoked, replaced []string // acknowledged
	unsure                 string   // the key of the write that failed
}

// TestKilledRedis holds that what was acknowledged is there after Redis was killed,
// whole, and that what was not is there wholly or not at all.
func TestKilledRedis(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	c := Config{URLs: []string{s.URL()}, Prefix: "killed"}
	l := open(t, c, still())
	w := watching(t, open(t, c, still()))
	w.inSync(t, 0)
	const rounds, writers, enough = 3, 8, 800
	var all []*history
	for round := range rounds {
		var wg sync.WaitGroup
		var writes atomic.Int64
		for i := range writers {
			h := &history{}
			all = append(all, h)
			wg.Go(func() { h.write(l, fmt.Sprintf("%d-%d", round, i), &writes) })
		}
		require.Eventually(t, func() bool { return writes.Load() > enough }, patience, time.Millisecond)
		s.Kill()
		wg.Wait()
		s.Restart()
		eventually(t, func() error { _, err := l.Warnings(t.Context()); return err })
		w.inSync(t, round+1)
		t.Logf("round %d: %d writes were acknowledged", round, writes.Load())
	}
	for _, h := range all {
		h.holds(t, l, w)
	}
}

func (h *history) write(l *Ledger, writer string, writes *atomic.Int64) {
	ctx := context.Background()
	for i := 0; ; i++ {
		id := fmt.Sprintf("k%s-%d", writer, i)
		h.unsure = id
		if l.Put(ctx, record(id)) != nil {
			return
		}
		h.put = append(h.put, id)
		if writes.Add(1); i%2 == 0 {
			if l.Revoke(ctx, byID(id)) != nil {
				return
			}
			h.revoked = append(h.revoked, id)
		} else {
			if l.Replace(ctx, record(id+"+"), replacing(id, id+"+")) != nil {
				return
			}
			h.replaced = append(h.replaced, id)
		}
		writes.Add(1)
	}
}

func (h *history) holds(t *testing.T, l *Ledger, w *watcher) {
	t.Helper()
	get := func(id string) ledger.Record {
		t.Helper()
		r, err := l.Get(t.Context(), id)
		require.NoError(t, err, id)
		require.Equal(t, "alice", r.Subject)
		return r
	}
	for _, id := range h.put {
		get(id)
	}
	for _, id := range h.revoked {
		require.Equal(t, start, get(id).Revoked)
	}
	for _, id := range h.replaced {
		require.Equal(t, id+"+", get(id).ReplacedBy)
		get(id + "+")
	}
	w.hears(t, h.revoked...)
	w.hears(t, h.replaced...)
	old, err := l.Get(t.Context(), h.unsure)
	_, successor := l.Get(t.Context(), h.unsure+"+")
	require.Equal(t, err == nil && old.ReplacedBy != "", successor == nil, "a replacement is there by half")
}
