package ledgertest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// full is a record in which every field is set.
func full(id string) ledger.Record {
	at := func(d time.Duration) time.Time { return start.Add(d + 123456789) }
	return ledger.Record{
		ID: id, Subject: "alice", Name: "ci \"<&>\" ключ", APIs: []ledger.API{{Name: "Pets", Version: "*"}, {Name: "Shop", Version: "1.0"}},
		Scopes: []string{"read", "write"}, Operations: []string{"getPet"}, Addresses: []string{"10.0.0.0/8", "2001:db8::/32"},
		Referers: []string{"example.com/*"}, Certificate: "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2", SigningKey: "k1",
		Issued: at(0), Expires: at(time.Hour), LastUsed: at(time.Minute), Revoked: at(time.Second), Reason: "lost", ReplacedBy: "successor",
	}
}

func records(t *testing.T, open Open) {
	t.Run("what was put is got, whole, and so is it listed", func(t *testing.T) {
		want := full("k1")
		for fields, i := reflect.ValueOf(want), 0; i < fields.NumField(); i++ {
			require.False(t, fields.Field(i).IsZero(), "this test leaves out %s", fields.Type().Field(i).Name)
		}
		l := open(t, still())
		require.NoError(t, l.Put(t.Context(), want))
		require.Equal(t, want, get(t, l, "k1"))
		for r, err := range l.List(t.Context(), ledger.Query{}) {
			require.NoError(t, err)
			require.Equal(t, want, r)
		}
	})
	t.Run("what is not set stays unset", func(t *testing.T) {
		l := open(t, still())
		require.NoError(t, l.Put(t.Context(), ledger.Record{ID: "k1"}))
		require.Equal(t, ledger.Record{ID: "k1"}, get(t, l, "k1"))
	})
	t.Run("times come back in UTC, wherever they were taken", func(t *testing.T) {
		away := full("k1")
		zone := time.FixedZone("", 2*60*60)
		for _, at := range []*time.Time{&away.Issued, &away.Expires, &away.LastUsed, &away.Revoked} {
			*at = at.In(zone)
		}
		l := open(t, still())
		require.NoError(t, l.Put(t.Context(), away))
		require.Equal(t, full("k1"), get(t, l, "k1"))
	})
	t.Run("what is done to a record outside does not change it", func(t *testing.T) {
		l := open(t, still())
		mine := full("k1")
		require.NoError(t, l.Put(t.Context(), mine))
		mine.Scopes[0], mine.APIs[0].Name = "changed", "changed"
		require.Equal(t, full("k1"), get(t, l, "k1"))
		get(t, l, "k1").Scopes[0] = "changed"
		require.Equal(t, full("k1"), get(t, l, "k1"))
	})
	t.Run("an unknown id is ErrNotFound", func(t *testing.T) {
		l := open(t, still())
		absent(t, l, "nobody's")
		absent(t, l, "")
	})
	t.Run("a record without an id is refused", func(t *testing.T) {
		l := open(t, still())
		require.Error(t, l.Put(t.Context(), ledger.Record{Subject: "alice"}))
		require.Empty(t, listed(t, l, ledger.Query{}))
	})
}

func expiry(t *testing.T, open Open) {
	t.Run("an expired record is gone when the leeway has passed, and no sooner", func(t *testing.T) {
		var c clock
		l := open(t, ledger.Options{Now: c.now, Leeway: time.Minute})
		require.NoError(t, l.Put(t.Context(), ledger.Record{ID: "short", Subject: "alice", Expires: start.Add(time.Hour)}))
		require.NoError(t, l.Put(t.Context(), ledger.Record{ID: "endless", Subject: "alice"}))
		c.advance(time.Hour + time.Minute - time.Nanosecond)
		get(t, l, "short")
		require.Equal(t, []string{"endless", "short"}, listed(t, l, ledger.Query{Subject: "alice"}))
		c.advance(time.Nanosecond)
		absent(t, l, "short")
		get(t, l, "endless")
		for _, q := range []ledger.Query{{}, {Subject: "alice"}, {Limit: 1}, {UnusedSince: start.Add(time.Hour)}} {
			require.Equal(t, []string{"endless"}, listed(t, l, q), q)
		}
		require.ErrorIs(t, l.Replace(t.Context(), ledger.Record{ID: "next"}, replaced("short", "next")), ledger.ErrNotFound)
		absent(t, l, "next")
		require.NoError(t, l.Touch(t.Context(), map[string]time.Time{"short": c.now()}))
		absent(t, l, "short")
	})
	t.Run("an expired revocation is told when the leeway has not passed, and no later", func(t *testing.T) {
		var c clock
		l := open(t, ledger.Options{Now: c.now, Leeway: time.Minute})
		short, endless := byID("short"), byID("endless")
		short.Expires = start.Add(time.Hour)
		all, rest := issuedBefore("alice", start), issuedBefore("bob", start)
		all.Expires = start.Add(time.Hour)
		for _, r := range []ledger.Revocation{short, endless, all, rest} {
			require.NoError(t, l.Revoke(t.Context(), r))
		}
		c.advance(time.Hour + time.Minute - time.Nanosecond)
		require.ElementsMatch(t, []ledger.Revocation{short, endless, all, rest}, inForce(t, l))
		c.advance(time.Nanosecond)
		require.ElementsMatch(t, []ledger.Revocation{endless, rest}, inForce(t, l))
	})
	t.Run("a revocation that has expired stands in nobody's way", func(t *testing.T) {
		var c clock
		l := open(t, ledger.Options{Now: c.now})
		first := byID("k1")
		first.Expires = start.Add(time.Hour)
		require.NoError(t, l.Revoke(t.Context(), first))
		c.advance(2 * time.Hour)
		again := byID("k1")
		again.Effective = c.now()
		require.NoError(t, l.Revoke(t.Context(), again))
		require.Equal(t, []ledger.Revocation{again}, inForce(t, l))
	})
	t.Run("many that have expired leave the rest alone", func(t *testing.T) {
		var c clock
		l := open(t, ledger.Options{Now: c.now})
		ids := numbered(300)
		var want []string
		for i, id := range ids {
			if i%3 != 0 {
				want = append(want, id)
			}
		}
		each(t, len(ids), func(i int) error {
			r := ledger.Record{ID: ids[i], Subject: fmt.Sprintf("s%d", i%3)}
			if i%3 == 0 {
				r.Expires = start.Add(time.Hour)
			}
			return l.Put(t.Context(), r)
		})
		c.advance(2 * time.Hour)
		require.Equal(t, want, listed(t, l, ledger.Query{}))
		require.Equal(t, want, paged(t, l, ledger.Query{}, 7))
		require.Empty(t, listed(t, l, ledger.Query{Subject: "s0"}))
	})
}
