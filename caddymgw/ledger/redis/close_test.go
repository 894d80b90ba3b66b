package redis

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/redistest"
)

// TestNothingIsLeftBehind is not parallel, since it counts goroutines.
func TestNothingIsLeftBehind(t *testing.T) {
	s := redistest.Start(t)
	away := redistest.Start(t)
	away.Stop()
	for _, url := range []string{s.URL(), away.URL()} {
		l := open(t, Config{URLs: []string{url}, Prefix: "left"}, still())
		w := watching(t, l)
		if url == s.URL() {
			w.inSync(t, 0)
			works(t, l)
		} else {
			w.lost(t, 1)
			_, err := l.Get(t.Context(), "k1")
			require.Error(t, err)
		}
		require.NoError(t, l.Close())
		require.NoError(t, l.Close())
		w.ended(t)
	}
	require.Eventually(t, func() bool { return leftBehind() == "" }, patience, 20*time.Millisecond, "%s", leftBehind())
	clients := func() int {
		list, err := s.Client().ClientList(t.Context()).Result()
		require.NoError(t, err)
		return strings.Count(list, "addr=127.0.0.1")
	}
	require.Eventually(t, func() bool { return clients() == 0 }, patience, 20*time.Millisecond, "connections stay")
}

// leftBehind returns the stacks of what runs for a ledger.
func leftBehind() string {
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	var left []string
	for stack := range strings.SplitSeq(string(all), "\n\n") {
		if !strings.Contains(stack, "testing.tRunner") && (strings.Contains(stack, "go-redis") || strings.Contains(stack, "ledger/redis.(*Ledger)")) {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}
