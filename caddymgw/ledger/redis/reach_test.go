package redis

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/internal/redistest"
)

// works puts, revokes and watches.
func works(t *testing.T, l *Ledger) {
	t.Helper()
	require.NoError(t, l.Put(t.Context(), record("k1")))
	require.NoError(t, l.Put(t.Context(), record("k2")))
	require.NoError(t, l.Replace(t.Context(), record("k3"), replacing("k2", "k3")))
	w := watching(t, l)
	w.inSync(t, 0)
	require.NoError(t, l.Revoke(t.Context(), byID("k1")))
	w.hears(t, "k1", "k2")
	require.NoError(t, l.Touch(t.Context(), map[string]time.Time{"k1": start}))
	r, err := l.Get(t.Context(), "k1")
	require.NoError(t, err)
	require.Equal(t, start, r.Revoked)
	var ids []string
	for r, err := range l.List(t.Context(), ledger.Query{Subject: "alice"}) {
		require.NoError(t, err)
		ids = append(ids, r.ID)
	}
	require.Subset(t, ids, []string{"k1", "k2", "k3"})
	_, err = l.prune(t.Context())
	require.NoError(t, err)
}

// refuses reports nothing that is secret.
func refuses(t *testing.T, c Config, want string) {
	t.Helper()
	l := open(t, c, still())
	_, err := l.Get(t.Context(), "k1")
	require.ErrorContains(t, err, want)
	require.ErrorContains(t, err, "ledger redis")
	require.NotContains(t, err.Error(), secret)
	for _, err := range l.Watch(t.Context()) {
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), secret)
		break
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	odd := redistest.Start(t, "--requirepass", secret+"/?#@:%")
	works(t, open(t, Config{URLs: []string{"redis://:" + secret + "%2F%3F%23%40%3A%25@" + odd.Address()}}, still()))
	s := redistest.Start(t, "--requirepass", secret)
	works(t, open(t, Config{URLs: []string{s.URL() + "/3"}, Password: secret}, still()))
	refuses(t, Config{URLs: []string{s.URL()}}, "NOAUTH")
	refuses(t, Config{URLs: []string{s.URL()}, Password: secret + "x"}, "WRONGPASS")
	refuses(t, Config{URLs: []string{s.URL()}, Username: "nobody", Password: secret}, "WRONGPASS")
}

// TestUser holds that what doc.go says of rights is enough.
func TestUser(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, text, _ := strings.Cut(string(content), "An ACL user needs\n")
	text, _, ok := strings.Cut(text, "\n//\n// of which")
	require.True(t, ok)
	rights := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(text, "//", ""), "~{mgw}:*", "~{mine}:*"))
	user := func(more ...string) []string {
		return slices.Concat([]string{"--user", "gateway", "on", ">" + secret}, rights, more)
	}
	gateway := func(s *redistest.Server) Config {
		return Config{URLs: []string{s.URL()}, Username: "gateway", Password: secret, Prefix: "mine"}
	}

	s := redistest.Start(t, user()...)
	l := open(t, gateway(s), still())
	works(t, l)
	warnings, err := l.Warnings(t.Context())
	require.NoError(t, err)
	require.Empty(t, warnings)
	other := gateway(s)
	other.Prefix = "others"
	refuses(t, other, "NOPERM")

	s = redistest.Start(t, user("+set", "+wait", "+select")...)
	s.Replica()
	waiting := gateway(s)
	waiting.URLs[0] += "/2"
	waiting.Replicas = 1
	works(t, open(t, waiting, still()))

	many := gateway(redistest.StartCluster(t, user("+cluster|slots", "+command")...))
	many.Cluster = true
	works(t, open(t, many, still()))
}

func TestSocket(t *testing.T) {
	t.Parallel()
	works(t, open(t, Config{URLs: []string{redistest.Start(t).SocketURL() + "?db=1"}}, still()))
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s, pair := redistest.StartTLS(t)
	good := Config{URLs: []string{s.URL()}, CAFile: pair.CAFile, CertFile: pair.CertFile, KeyFile: pair.KeyFile}
	works(t, open(t, good, still()))

	named := good
	named.ServerName = "redis.test"
	works(t, open(t, named, still()))

	named.ServerName = "other.test"
	refuses(t, named, "other.test")

	unknown := good
	unknown.CAFile = ""
	refuses(t, unknown, "certificate")

	stranger := good
	stranger.CertFile, stranger.KeyFile = "", ""
	refuses(t, stranger, "") // the server may hang up before it says why

	renewed := filepath.Join(t.TempDir(), "cert.pem")
	content, err := os.ReadFile(pair.CertFile)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(renewed, content, 0o600))
	good.CertFile = renewed
	l := open(t, good, still())
	require.NoError(t, os.Remove(renewed))
	_, err = l.Get(t.Context(), "k1")
	require.ErrorContains(t, err, renewed, "the certificate is not read at each connection")
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	replica := master.Replica()
	sentinel := master.Sentinel("main")
	sentinel.KnowsReplicas("main", 1)
	c := Config{URLs: []string{sentinel.URL()}, Master: "main", Prefix: "sentinel"}
	safe := c
	safe.Replicas = 1
	works(t, open(t, safe, still())) // the replica has it all

	l := open(t, c, still())
	w := watching(t, l)
	w.inSync(t, 0)
	master.Kill()
	eventually(t, func() error { return l.Revoke(t.Context(), byID("k4")) })
	w.inSync(t, 1)
	w.hears(t, "k1", "k2", "k4")
	r, err := l.Get(t.Context(), "k3")
	require.NoError(t, err)
	require.Equal(t, "alice", r.Subject)
	info, err := replica.Client().Info(t.Context(), "replication").Result()
	require.NoError(t, err)
	require.Contains(t, info, "role:master")
}

func TestRedisThatIsAway(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	s.Stop()
	began := time.Now()
	l := open(t, Config{URLs: []string{s.URL()}, Prefix: "away"}, still())
	require.Less(t, time.Since(began), time.Second, "opening waits for Redis")
	w := watching(t, l)
	w.lost(t, 1)
	_, err := l.Get(t.Context(), "k1")
	require.ErrorContains(t, err, s.Address())
	s.Restart()
	w.inSync(t, 1)
	eventually(t, func() error { return l.Revoke(t.Context(), byID("k1")) })
	w.hears(t, "k1")
}

// TestRedisThatHangs holds that nobody waits for long.
func TestRedisThatHangs(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	l := open(t, Config{URLs: []string{s.URL()}, Prefix: "hangs"}, still())
	w := watching(t, l)
	w.inSync(t, 0)
	s.Pause()
	t.Cleanup(s.Resume)

	began := time.Now()
	err := l.Revoke(t.Context(), byID("k2"))
	require.ErrorContains(t, err, s.Address())
	require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's context has not ended")
	w.lost(t, 1)
	require.Less(t, time.Since(began), 10*time.Second, "a hanging Redis is not noticed")

	s.Resume()
	w.inSync(t, 1)
	require.NoError(t, l.Revoke(t.Context(), byID("k3")))
	w.hears(t, "k3")
}

// TestEndsWhileRedisHangs holds that who goes away does not wait for an answer.
func TestEndsWhileRedisHangs(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	l := open(t, Config{URLs: []string{s.URL()}, Timeout: time.Hour}, still())
	w := watching(t, l)
	w.inSync(t, 0)
	s.Pause()

	ctx, cancel := context.WithCancel(t.Context())
	cancelled, closed := make(chan error, 1), make(chan error, 1)
	go func() { cancelled <- l.Put(ctx, record("k1")) }()
	go func() { closed <- l.Put(context.Background(), record("k2")) }()
	time.Sleep(20 * time.Millisecond) // so that they wait
	began := time.Now()
	cancel()
	require.ErrorIs(t, <-cancelled, context.Canceled)
	w.end(t)
	w = watching(t, l)
	require.NoError(t, l.Close())
	require.ErrorIs(t, <-closed, ledger.ErrClosed)
	w.ended(t)
	require.Less(t, time.Since(began), patience)
}

// TestEndsBeforeRedisSaysAWord is the same of connections that are being made.
func TestEndsBeforeRedisSaysAWord(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	l := open(t, Config{URLs: []string{"redis://" + silent.Addr().String()}, Timeout: time.Hour}, still())
	w := watching(t, l)
	closed := make(chan error, 1)
	go func() { closed <- l.Put(context.Background(), record("k1")) }()
	time.Sleep(20 * time.Millisecond) // so that they wait
	began := time.Now()
	require.NoError(t, l.Close())
	require.ErrorIs(t, <-closed, ledger.ErrClosed)
	w.ended(t)
	require.Less(t, time.Since(began), patience)
}
