package ledgertest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

func replacement(t *testing.T, open Open) {
	t.Run("a successor is recorded and the old key's end with it", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "old")
		old, successor := replaced("old", "new"), full("new")
		require.NoError(t, l.Replace(t.Context(), successor, old))
		require.Equal(t, successor, get(t, l, "new"))
		require.Equal(t, ledger.Record{
			ID: "old", Subject: "alice", Issued: start, Revoked: old.Effective, Reason: "replaced", ReplacedBy: "new",
		}, get(t, l, "old"))
		require.Equal(t, []string{"new", "old"}, listed(t, l, ledger.Query{Subject: "alice"}))
		require.Equal(t, []ledger.Revocation{old}, inForce(t, l))
	})
	for name, refusal := range map[string]struct {
		before func(*testing.T, ledger.Ledger)
		err    error
	}{
		"a key that is not recorded": {func(*testing.T, ledger.Ledger) {}, ledger.ErrNotFound},
		"a key that has a successor": {func(t *testing.T, l ledger.Ledger) {
			put(t, l, "alice", "old")
			require.NoError(t, l.Replace(t.Context(), ledger.Record{ID: "first"}, replaced("old", "first")))
		}, ledger.ErrReplaced},
		"a key that is revoked": {func(t *testing.T, l ledger.Ledger) {
			put(t, l, "alice", "old")
			require.NoError(t, l.Revoke(t.Context(), byID("old")))
		}, ledger.ErrReplaced},
		"a key that will be revoked": {func(t *testing.T, l ledger.Ledger) {
			put(t, l, "alice", "old")
			ahead := byID("old")
			ahead.Effective = start.Add(24 * time.Hour)
			require.NoError(t, l.Revoke(t.Context(), ahead))
		}, ledger.ErrReplaced},
		"a key that was revoked before it was recorded": {func(t *testing.T, l ledger.Ledger) {
			require.NoError(t, l.Revoke(t.Context(), byID("old")))
			put(t, l, "alice", "old")
		}, ledger.ErrReplaced},
	} {
		t.Run(name+" gets no successor", func(t *testing.T) {
			l := open(t, still())
			refusal.before(t, l)
			before, told := listed(t, l, ledger.Query{}), inForce(t, l)
			require.ErrorIs(t, l.Replace(t.Context(), ledger.Record{ID: "new", Subject: "alice"}, replaced("old", "new")), refusal.err)
			absent(t, l, "new")
			require.Equal(t, before, listed(t, l, ledger.Query{}))
			require.ElementsMatch(t, told, inForce(t, l))
		})
	}
	t.Run("a replacement that makes no sense changes nothing", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "old")
		before := get(t, l, "old")
		require.Error(t, l.Replace(t.Context(), ledger.Record{ID: "new"}, ledger.Revocation{ID: "old", Made: start}))
		require.Error(t, l.Replace(t.Context(), ledger.Record{ID: "new"}, ledger.Revocation{ID: "old", Subject: "alice", Effective: start}))
		require.Error(t, l.Replace(t.Context(), ledger.Record{ID: "new"}, issuedBefore("alice", start)))
		require.Error(t, l.Replace(t.Context(), ledger.Record{}, replaced("old", "")))
		require.Equal(t, before, get(t, l, "old"))
		require.Equal(t, []string{"old"}, listed(t, l, ledger.Query{}))
		require.Empty(t, inForce(t, l))
	})
	t.Run("a successor can be replaced in turn", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "a")
		require.NoError(t, l.Replace(t.Context(), ledger.Record{ID: "b", Subject: "alice"}, replaced("a", "b")))
		require.NoError(t, l.Replace(t.Context(), ledger.Record{ID: "c", Subject: "alice"}, replaced("b", "c")))
		require.Equal(t, "b", get(t, l, "a").ReplacedBy)
		require.Equal(t, "c", get(t, l, "b").ReplacedBy)
		require.Empty(t, get(t, l, "c").ReplacedBy)
	})
}

func revocation(t *testing.T, open Open) {
	t.Run("one by id is noted in the record, and is told", func(t *testing.T) {
		l := open(t, still())
		want := full("k1")
		want.Revoked, want.Reason, want.ReplacedBy = time.Time{}, "", ""
		require.NoError(t, l.Put(t.Context(), want))
		r := byID("k1")
		r.Made, r.Effective, r.Expires = start.Add(1), start.Add(2), start.Add(time.Hour)
		require.NoError(t, l.Revoke(t.Context(), r))
		want.Revoked, want.Reason = r.Effective, "lost"
		require.Equal(t, want, get(t, l, "k1"))
		require.Equal(t, []string{"k1"}, listed(t, l, ledger.Query{Subject: "alice"}))
		require.Equal(t, []ledger.Revocation{r}, inForce(t, l))
	})
	t.Run("one by subject is told, and changes no record", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "k1")
		before := get(t, l, "k1")
		all, everyone := issuedBefore("alice", start.Add(time.Hour)), issuedBefore("", start.Add(time.Hour))
		require.NoError(t, l.Revoke(t.Context(), all))
		require.NoError(t, l.Revoke(t.Context(), everyone))
		require.Equal(t, before, get(t, l, "k1"))
		require.ElementsMatch(t, []ledger.Revocation{all, everyone}, inForce(t, l))
	})
	t.Run("times are told in UTC, wherever they were taken", func(t *testing.T) {
		zone := time.FixedZone("", -5*60*60)
		want, away := byID("k1"), byID("k1")
		want.Expires = start.Add(time.Hour)
		away.Made, away.Effective, away.Expires = want.Made.In(zone), want.Effective.In(zone), want.Expires.In(zone)
		wantAll, awayAll := issuedBefore("alice", start), issuedBefore("alice", start.In(zone))
		l := open(t, still())
		w := watching(t, l)
		w.atSync(t)
		require.NoError(t, l.Revoke(t.Context(), away))
		require.NoError(t, l.Revoke(t.Context(), awayAll))
		w.hears(t, want)
		w.hears(t, wantAll)
		require.ElementsMatch(t, []ledger.Revocation{want, wantAll}, inForce(t, l))
	})
	t.Run("a key need not be recorded", func(t *testing.T) {
		l := open(t, still())
		require.NoError(t, l.Revoke(t.Context(), byID("lost")))
		absent(t, l, "lost")
		require.Empty(t, listed(t, l, ledger.Query{}))
		require.Equal(t, []ledger.Revocation{byID("lost")}, inForce(t, l))
	})
	t.Run("one that came first is noted when the record comes", func(t *testing.T) {
		l := open(t, still())
		require.NoError(t, l.Revoke(t.Context(), byID("k1")))
		put(t, l, "alice", "k1")
		require.Equal(t, ledger.Record{ID: "k1", Subject: "alice", Issued: start, Revoked: start, Reason: "lost"}, get(t, l, "k1"))
	})
	t.Run("it is idempotent", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "k1")
		for range 3 {
			require.NoError(t, l.Revoke(t.Context(), byID("k1")))
			require.NoError(t, l.Revoke(t.Context(), issuedBefore("alice", start)))
		}
		again := byID("k1")
		again.Made, again.Reason = start.Add(time.Hour), "again"
		require.NoError(t, l.Revoke(t.Context(), again))
		require.Equal(t, "lost", get(t, l, "k1").Reason)
		require.Equal(t, start, get(t, l, "k1").Revoked)
		require.ElementsMatch(t, []ledger.Revocation{byID("k1"), issuedBefore("alice", start)}, inForce(t, l))
	})
	superseding(t, open)
	for name, r := range map[string]ledger.Revocation{
		"by id and subject":       {ID: "k1", Subject: "alice", Made: start, Effective: start},
		"by id and moment":        {ID: "k1", IssuedBefore: start, Made: start, Effective: start},
		"by subject, no moment":   {Subject: "alice", Made: start, Effective: start},
		"by nothing":              {Made: start, Effective: start},
		"by id, without effect":   {ID: "k1", Made: start},
		"everyone's, no effect":   {IssuedBefore: start, Made: start},
		"nothing at all":          {},
		"by all, and it says why": {ID: "k1", Subject: "alice", IssuedBefore: start, Effective: start, Reason: "lost"},
	} {
		t.Run("malformed is refused: "+name, func(t *testing.T) {
			l := open(t, still())
			put(t, l, "alice", "k1")
			before := get(t, l, "k1")
			require.Error(t, l.Revoke(t.Context(), r))
			require.Equal(t, before, get(t, l, "k1"))
			require.Empty(t, inForce(t, l))
		})
	}
}

func superseding(t *testing.T, open Open) {
	for name, order := range map[string][2]time.Duration{"then sooner": {2 * time.Hour, time.Hour}, "then later": {time.Hour, 2 * time.Hour}} {
		t.Run("of two ends of a key the sooner holds: "+name, func(t *testing.T) {
			l := open(t, still())
			put(t, l, "alice", "k1")
			var want ledger.Revocation
			for _, d := range order {
				r := byID("k1")
				r.Effective, r.Reason = start.Add(d), d.String()
				if d == time.Hour {
					want = r
				}
				require.NoError(t, l.Revoke(t.Context(), r))
			}
			require.Equal(t, []ledger.Revocation{want}, inForce(t, l))
			k := get(t, l, "k1")
			require.Equal(t, want.Effective, k.Revoked)
			require.Equal(t, want.Reason, k.Reason)
		})
		t.Run("of two moments of a subject the later holds: "+name, func(t *testing.T) {
			l := open(t, still())
			for _, subject := range []string{"alice", ""} {
				for _, d := range order {
					require.NoError(t, l.Revoke(t.Context(), issuedBefore(subject, start.Add(d))))
				}
			}
			require.ElementsMatch(t, []ledger.Revocation{
				issuedBefore("alice", start.Add(2*time.Hour)), issuedBefore("", start.Add(2*time.Hour)),
			}, inForce(t, l))
		})
	}
	t.Run("a replaced key that is revoked at once keeps its successor's name", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "old")
		require.NoError(t, l.Replace(t.Context(), ledger.Record{ID: "new", Subject: "alice"}, replaced("old", "new")))
		require.NoError(t, l.Revoke(t.Context(), byID("old")))
		k := get(t, l, "old")
		require.Equal(t, start, k.Revoked)
		require.Equal(t, "lost", k.Reason)
		require.Equal(t, "new", k.ReplacedBy)
		require.True(t, get(t, l, "new").Revoked.IsZero())
		require.Equal(t, []ledger.Revocation{byID("old")}, inForce(t, l))
	})
}
