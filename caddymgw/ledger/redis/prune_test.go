package redis

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/internal/redistest"
)

// TestPrune holds that nothing stays of what has expired, and all of the rest.
func TestPrune(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, "--appendfsync", "no")
	now := start
	o := ledger.Options{Now: func() time.Time { return now }, Leeway: time.Minute}
	l := open(t, Config{URLs: []string{s.URL()}, Prefix: "prune"}, o)
	c := s.Client()
	revoke := func(r ledger.Revocation, expires time.Time) {
		r.Expires = expires
		require.NoError(t, l.Revoke(t.Context(), r))
	}
	sizes := func() (sizes []int64) {
		for _, key := range l.keys.shared[:8] {
			n := c.ZCard(t.Context(), key)
			if n.Err() != nil {
				sizes = append(sizes, c.HLen(t.Context(), key).Val())
			} else {
				sizes = append(sizes, n.Val())
			}
		}
		return sizes
	}
	keep := func(id string, expires time.Time) {
		r := record(id)
		r.Expires = expires
		require.NoError(t, l.Put(t.Context(), r))
		require.NoError(t, l.Touch(t.Context(), map[string]time.Time{id: start}))
		revoke(replacing(id, id+"'s successor"), expires)
		revoke(ledger.Revocation{Subject: id, IssuedBefore: start, Effective: start}, expires)
	}
	keep("endless", time.Time{})
	keep("later", start.Add(48*time.Hour))
	before := sizes()
	const n = pruneAtOnce + 10
	for i := range n {
		keep(fmt.Sprint("short", i), start.Add(time.Hour+time.Duration(i)))
	}
	over := start.Add(time.Hour + n + time.Minute + grace)
	now = over.Add(-time.Millisecond - n)
	forgotten, err := l.prune(t.Context())
	require.NoError(t, err)
	require.Zero(t, forgotten, "a gateway whose clock is behind needs it still")
	now = over.Add(time.Millisecond)
	forgotten, err = l.prune(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3*n, forgotten)
	require.Equal(t, before, sizes())

	// One that was prolonged is kept.
	keep("short", start.Add(time.Hour))
	keep("short", time.Time{})
	keep("endless", time.Time{})
	before = sizes()
	_, err = l.prune(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, sizes())
	r, err := l.Get(t.Context(), "short")
	require.NoError(t, err)
	require.True(t, r.Expires.IsZero())
}
