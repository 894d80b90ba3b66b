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
	s, many, away := redistest.Start(t), redistest.StartCluster(t), redistest.Start(t)
	sentinel := s.Sentinel("main")
	away.Stop()
	for _, c := range []Config{{URLs: []string{s.URL()}}, {URLs: []string{many.URL()}, Cluster: true}, {URLs: []string{sentinel.URL()}, Master: "main"}} {
		l := open(t, c, still())
		w := watching(t, l)
		w.inSync(t, 0)
		works(t, l)
		require.NoError(t, l.Close())
		require.NoError(t, l.Close())
		w.ended(t)
	}
	l := open(t, Config{URLs: []string{away.URL()}}, still())
	w := watching(t, l)
	w.lost(t, 1)
	_, err := l.Get(t.Context(), "k1")
	require.Error(t, err)
	require.NoError(t, l.Close())
	w.ended(t)

	require.Eventually(t, func() bool { return leftBehind() == "" }, patience, 20*time.Millisecond, "%s", leftBehind())
	require.Eventually(t, func() bool {
		list, err := many.Client().ClientList(t.Context()).Result()
		return err == nil && strings.Count(list, "addr=127.0.0.1") == 0
	}, patience, 20*time.Millisecond, "connections stay")
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
