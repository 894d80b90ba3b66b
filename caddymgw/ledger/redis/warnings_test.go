package redis

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/redistest"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	c := s.Client()
	l := open(t, Config{URLs: []string{s.URL()}}, still())
	for _, step := range []struct{ name, value, want string }{
		{"appendfsync", "always", ""},
		{"appendfsync", "everysec", "loses power, though not when Redis alone is killed, what was acknowledged in the last second or two"},
		{"appendfsync", "no", "half minute"},
		{"appendonly", "no", "since the last snapshot"},
		{"maxmemory-policy", "allkeys-lru", "maxmemory-policy is allkeys-lru and not noeviction"},
		{"maxmemory-policy", "volatile-lru", "since the last snapshot"},
	} {
		require.NoError(t, c.ConfigSet(t.Context(), step.name, step.value).Err())
		warnings, err := l.Warnings(t.Context())
		require.NoError(t, err)
		if step.want == "" {
			require.Empty(t, warnings)
			continue
		}
		require.Contains(t, warnings[len(warnings)-1], step.want)
	}
	s.Stop()
	_, err := l.Warnings(t.Context())
	require.ErrorContains(t, err, s.Address())
}
