package redis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/internal/redistest"
)

func TestReplicas(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB, ...string) *redistest.Server{"one server": redistest.Start, "a cluster": redistest.StartCluster} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			c := Config{URLs: []string{s.URL()}, Cluster: name != "one server", Prefix: "replicas", Replicas: 1, ReplicaTimeout: 100 * time.Millisecond}
			patient := c
			patient.ReplicaTimeout = 2 * time.Second
			l := open(t, c, still())
			for _, err := range []error{l.Put(t.Context(), record("k0")), l.Revoke(t.Context(), byID("k0"))} {
				require.ErrorIs(t, err, ErrReplicas)
				require.ErrorContains(t, err, "0 of 1 within 100ms")
			}
			require.ErrorIs(t, l.Replace(t.Context(), record("k2"), replacing("nobody's", "k2")), ledger.ErrNotFound)
			if c.Cluster {
				return // its replicas would have to meet it
			}
			r := s.Replica()
			works(t, open(t, patient, still()))
			exists := func(id string) bool { return r.Client().HExists(t.Context(), l.keys.revocations, "id:"+id).Val() }
			require.True(t, exists("k1"))

			r.Pause()
			require.ErrorIs(t, l.Revoke(t.Context(), byID("k5")), ErrReplicas)
			again := open(t, c, still())
			require.ErrorIs(t, again.Revoke(t.Context(), byID("k5")), ErrReplicas, "Redis has it, and no replica does")
			r.Resume()
			eventually(t, func() error { return l.Revoke(t.Context(), byID("k5")) })
			require.True(t, exists("k5"))

			r.Kill()
			require.ErrorIs(t, l.Revoke(t.Context(), byID("k6")), ErrReplicas)
			warnings, err := l.Warnings(t.Context())
			require.NoError(t, err)
			require.Equal(t, []string{"1 replicas must have each write, and Redis has 0: nothing can be issued or revoked"}, warnings)
		})
	}
}
