package redis

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/internal/redistest"
)

// lossy stands before a server, and loses answers while it is told to.
type lossy struct {
	net.Listener
	address string
	lose    atomic.Int32 // how many answers yet
	lost    atomic.Int32
}

func newLossy(t *testing.T, address string) *lossy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &lossy{Listener: l, address: address}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *lossy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	for answer := make([]byte, 64<<10); ; {
		n, err := server.Read(answer)
		if err != nil {
			return
		}
		if p.lose.Load() > 0 {
			p.lose.Add(-1)
			p.lost.Add(1)
			return
		}
		if _, err := client.Write(answer[:n]); err != nil {
			return
		}
	}
}

// TestLostAnswers holds that what was done, and is asked for again since its answer
// was lost, is done once.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for name, replicas := range map[string]int{"alone": 0, "with a replica": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t)
			if replicas > 0 {
				s.Replica()
			}
			p := newLossy(t, s.Address())
			l := open(t, Config{URLs: []string{"redis://" + p.Addr().String()}, Replicas: replicas}, still())
			c := s.Client()
			require.NoError(t, l.Put(t.Context(), record("old"))) // the connection is made, the script is known
			require.NoError(t, l.Revoke(t.Context(), byID("other")))
			require.ErrorIs(t, l.Replace(t.Context(), record("none"), replacing("nobody's", "none")), ledger.ErrNotFound)
			losing := func(do func() error) {
				t.Helper()
				p.lost.Store(0)
				p.lose.Store(1)
				require.NoError(t, do())
				require.EqualValues(t, 1, p.lost.Load(), "no answer was lost")
			}
			changes := func() int64 { return c.XLen(t.Context(), l.keys.changes).Val() }

			losing(func() error { return l.Put(t.Context(), record("k1")) })
			losing(func() error { return l.Revoke(t.Context(), byID("k1")) })
			require.EqualValues(t, 2, changes())
			losing(func() error { return l.Replace(t.Context(), record("new"), replacing("old", "new")) })
			require.EqualValues(t, 3, changes())
			losing(func() error { return l.Touch(t.Context(), map[string]time.Time{"new": start}) })
			r, err := l.Get(t.Context(), "old")
			require.NoError(t, err)
			require.Equal(t, "new", r.ReplacedBy)
			require.ErrorIs(t, l.Replace(t.Context(), record("newer"), replacing("old", "newer")), ledger.ErrReplaced)
		})
	}
}

// TestSentAgainLater holds that a repetition undoes nothing that came meanwhile.
func TestSentAgainLater(t *testing.T) {
	t.Parallel()
	l := open(t, Config{URLs: []string{redistest.Start(t).URL()}}, still())
	put := func() { require.NoError(t, l.Put(t.Context(), record("k1"))) }
	replace := func() error { return l.Replace(t.Context(), record("k2"), replacing("k1", "k2")) }
	get := func(id string) ledger.Record {
		r, err := l.Get(t.Context(), id)
		require.NoError(t, err)
		return r
	}
	put()
	require.NoError(t, l.Touch(t.Context(), map[string]time.Time{"k1": start.Add(1)}))
	put()
	require.Equal(t, start.Add(1), get("k1").LastUsed)
	require.NoError(t, replace())
	want := get("k1")
	put()
	require.Equal(t, want, get("k1"))
	require.NoError(t, l.Touch(t.Context(), map[string]time.Time{"k2": start.Add(1)}))
	require.NoError(t, l.Revoke(t.Context(), byID("k1"))) // and its successor stays
	require.NoError(t, replace())
	require.Equal(t, start.Add(1), get("k2").LastUsed)
	require.Equal(t, "k2", get("k1").ReplacedBy)
	require.Equal(t, start, get("k1").Revoked)
	put()
	require.Equal(t, "k2", get("k1").ReplacedBy)

	// What looks like ours, and was not a replacement, is none.
	require.NoError(t, l.Put(t.Context(), record("k3")))
	require.NoError(t, l.Put(t.Context(), record("k4")))
	require.NoError(t, l.Revoke(t.Context(), byID("k3")))
	require.ErrorIs(t, l.Replace(t.Context(), record("k4"), replacing("k3", "k4")), ledger.ErrReplaced)
}

// TestNothingNewIsNotTold holds that watchers are woken by what supersedes alone.
func TestNothingNewIsNotTold(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	l := open(t, Config{URLs: []string{s.URL()}}, still())
	all := ledger.Revocation{Subject: "alice", IssuedBefore: start, Effective: start}
	for range 3 {
		require.NoError(t, l.Revoke(t.Context(), byID("k1")))
		require.NoError(t, l.Revoke(t.Context(), all))
	}
	require.EqualValues(t, 2, s.Client().XLen(t.Context(), l.keys.changes).Val())
}

// TestLastUseOfANewRecord holds that no time goes back behind what a record came
// with.
func TestLastUseOfANewRecord(t *testing.T) {
	t.Parallel()
	l := open(t, Config{URLs: []string{redistest.Start(t).URL()}}, still())
	r := record("k1")
	r.LastUsed = start.Add(time.Hour)
	require.NoError(t, l.Put(t.Context(), r))
	require.NoError(t, l.Touch(t.Context(), map[string]time.Time{"k1": start}))
	got, err := l.Get(t.Context(), "k1")
	require.NoError(t, err)
	require.Equal(t, r.LastUsed, got.LastUsed)
}

// TestRecordChangesHands is about a key that is recorded anew for another subject.
func TestRecordChangesHands(t *testing.T) {
	t.Parallel()
	l := open(t, Config{URLs: []string{redistest.Start(t).URL()}}, still())
	require.NoError(t, l.Put(t.Context(), ledger.Record{ID: "k1", Subject: "a\"\u2028\x00🔑"}))
	require.NoError(t, l.Put(t.Context(), record("k1")))
	for range l.List(t.Context(), ledger.Query{Subject: "a\"\u2028\x00🔑"}) {
		require.Fail(t, "it is listed for who had it before")
	}
	n := 0
	for range l.List(t.Context(), ledger.Query{Subject: "alice"}) {
		n++
	}
	require.Equal(t, 1, n)
}

// TestRevocationThatIsOver is about one that has expired and is not forgotten yet.
func TestRevocationThatIsOver(t *testing.T) {
	t.Parallel()
	now := start
	l := open(t, Config{URLs: []string{redistest.Start(t).URL()}}, ledger.Options{Now: func() time.Time { return now }})
	r := byID("k1")
	r.Expires = start.Add(time.Hour)
	require.NoError(t, l.Revoke(t.Context(), r))
	now = start.Add(2 * time.Hour)
	require.NoError(t, l.Put(t.Context(), record("k1")))
	got, err := l.Get(t.Context(), "k1")
	require.NoError(t, err)
	require.Equal(t, record("k1"), got)
}
