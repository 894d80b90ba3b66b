package redistest

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// exists waits until a key is there, since a server may be loading still.
func exists(t *testing.T, c *redis.Client, key string) {
	t.Helper()
	require.Eventually(t, func() bool { return c.Exists(t.Context(), key).Val() == 1 }, patience, 10*time.Millisecond, key)
}

func TestServer(t *testing.T) {
	t.Parallel()
	s := Start(t)
	c := s.Client()
	require.NoError(t, c.Set(t.Context(), "a", 1, 0).Err())
	r := s.Replica()
	exists(t, r.Client(), "a")

	s.Kill()
	require.Error(t, c.Ping(t.Context()).Err())
	s.Restart()
	exists(t, c, "a")

	s.Stop()
	s.Forget()
	s.Restart()
	require.Eventually(t, func() bool { return c.Ping(t.Context()).Err() == nil }, patience, 10*time.Millisecond)
	require.Zero(t, c.Exists(t.Context(), "a").Val())

	s.Pause()
	answer := make(chan error, 1)
	go func() { answer <- c.Ping(t.Context()).Err() }()
	select {
	case <-answer:
		require.Fail(t, "a paused server answers")
	case <-time.After(50 * time.Millisecond):
	}
	s.Resume()
	require.NoError(t, <-answer)
	s.Pause() // and is ended with the test all the same
}

func TestManyServers(t *testing.T) {
	t.Parallel()
	cluster := StartCluster(t)
	require.NoError(t, cluster.Client().Set(t.Context(), "a", 1, 0).Err())

	master := Start(t)
	master.Replica()
	sentinel := master.Sentinel("main")
	sentinel.KnowsReplicas("main", 1)
	address, err := sentinel.Client().Do(t.Context(), "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main").StringSlice()
	require.NoError(t, err)
	require.Equal(t, master.Address(), address[0]+":"+address[1])

	secure, _ := StartTLS(t)
	require.Contains(t, secure.URL(), "rediss://")
	require.NoError(t, secure.Client().Ping(t.Context()).Err())
}
