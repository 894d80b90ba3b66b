package redistest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// StartCluster runs a cluster of one node, which has all slots.
func StartCluster(t testing.TB, args ...string) *Server {
	t.Helper()
	s := Start(t, append([]string{"--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"}, args...)...)
	c := s.Client()
	require.NoError(t, c.ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	require.Eventually(t, func() bool {
		return strings.Contains(c.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	}, patience, 10*time.Millisecond, "the cluster has no slots")
	return s
}

// Replica runs a replica of the server, which has what the server has when this
// returns, and confirms what is written from then on.
func (s *Server) Replica(args ...string) *Server {
	s.t.Helper()
	r := Start(s.t, append([]string{"--replicaof", "127.0.0.1 " + strconv.Itoa(s.port)}, args...)...)
	c := s.Client()
	require.Eventually(s.t, func() bool {
		return strings.Contains(c.Info(s.t.Context(), "replication").Val(), fmt.Sprintf("port=%d,state=online", r.port))
	}, patience, 10*time.Millisecond, "the replica gets nothing")
	return r
}

// Sentinel runs one that calls the server by a name, and makes a replica the
// master half a second after the server has gone.
func (s *Server) Sentinel(name string) *Server {
	s.t.Helper()
	w := prepare(s.t)
	file := filepath.Join(w.folder, "sentinel.conf") // it writes there what it finds out
	w.args = func(port int) []string {
		require.NoError(s.t, os.WriteFile(file, fmt.Appendf(nil, `port %d
bind 127.0.0.1
dir %s
unixsocket %s
sentinel monitor %s 127.0.0.1 %d 1
sentinel down-after-milliseconds %s 500
sentinel failover-timeout %s 3000
`, port, w.folder, w.socket(), name, s.port, name, name), 0o600))
		return []string{file, "--sentinel"}
	}
	w.launch()
	return w
}

// KnowsReplicas waits until a sentinel has found so many replicas.
func (s *Server) KnowsReplicas(name string, n int) {
	s.t.Helper()
	c := s.Client()
	require.Eventually(s.t, func() bool {
		found, err := c.Do(s.t.Context(), "SENTINEL", "REPLICAS", name).Slice()
		return err == nil && len(found) == n
	}, patience, 50*time.Millisecond, "the sentinel finds no replicas")
}
