package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

func lists(t *testing.T, open Open) {
	t.Run("nothing is listed where there is nothing", func(t *testing.T) {
		l := open(t, still())
		for _, q := range []ledger.Query{{}, {Limit: 10}, {After: "k"}, {Subject: "alice"}, {UnusedSince: start}} {
			require.Empty(t, listed(t, l, q))
		}
	})
	t.Run("pages of any size follow one another by id", func(t *testing.T) {
		l := open(t, still())
		var all, alice, idle, both []string
		ids := numbered(600)
		each(t, len(ids), func(i int) error {
			i = (i * 7) % len(ids)
			r := ledger.Record{ID: ids[i], Subject: "alice", Issued: start}
			if i%2 == 1 {
				r.Subject = "bob"
			}
			if i%5 == 0 {
				r.LastUsed = start.Add(time.Hour)
			}
			return l.Put(t.Context(), r)
		})
		for i, id := range ids {
			all = append(all, id)
			if i%2 == 0 {
				alice = append(alice, id)
			}
			if i%5 != 0 {
				idle = append(idle, id)
			}
			if i%2 == 0 && i%5 != 0 {
				both = append(both, id)
			}
		}
		later := start.Add(time.Minute)
		for _, list := range []struct {
			q    ledger.Query
			want []string
		}{
			{ledger.Query{}, all},
			{ledger.Query{Subject: "alice"}, alice},
			{ledger.Query{UnusedSince: later}, idle},
			{ledger.Query{Subject: "alice", UnusedSince: later}, both},
		} {
			require.Equal(t, list.want, listed(t, l, list.q), list.q)
			for _, size := range []int{11, 256, 1000} {
				require.Equal(t, list.want, paged(t, l, list.q, size), list.q)
			}
		}
		require.Empty(t, listed(t, l, ledger.Query{Subject: "carol"}))
		require.Empty(t, listed(t, l, ledger.Query{After: "k599"}))
	})
	t.Run("a page starts behind an id that need not be there", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "a", "c", "e")
		put(t, l, "bob", "b", "d")
		require.Equal(t, []string{"c", "d", "e"}, listed(t, l, ledger.Query{After: "bb"}))
		require.Equal(t, []string{"c", "e"}, listed(t, l, ledger.Query{After: "b", Subject: "alice"}))
		require.Equal(t, []string{"c"}, listed(t, l, ledger.Query{After: "a", Subject: "alice", Limit: 1}))
		require.Empty(t, listed(t, l, ledger.Query{After: "z"}))
	})
	t.Run("unused are those neither issued nor used since", func(t *testing.T) {
		l := open(t, still())
		moment := start.Add(time.Hour)
		for id, r := range map[string]ledger.Record{
			"issued before, never used": {Issued: moment.Add(-1)},
			"issued then":               {Issued: moment},
			"issued since":              {Issued: moment.Add(1)},
			"used before":               {Issued: start, LastUsed: moment.Add(-1)},
			"used then":                 {Issued: start, LastUsed: moment},
			"used since":                {Issued: start, LastUsed: moment.Add(1)},
		} {
			r.ID = id
			require.NoError(t, l.Put(t.Context(), r))
		}
		require.Equal(t, []string{"issued before, never used", "used before"}, listed(t, l, ledger.Query{UnusedSince: moment}))
	})
	t.Run("a list ends when its reader has enough, and the ledger works on", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", numbered(300)...)
		for _, q := range []ledger.Query{{}, {Subject: "alice"}} {
			n := 0
			for r, err := range l.List(t.Context(), q) {
				require.NoError(t, err)
				require.Equal(t, fmt.Sprintf("k%03d", n), r.ID)
				if n++; n == 2 {
					break
				}
			}
			require.Equal(t, 2, n)
			require.Len(t, listed(t, l, q), 300)
		}
	})
	t.Run("a list may be read twice, and its reader may write", func(t *testing.T) {
		l := open(t, still())
		put(t, l, "alice", "a", "b", "c")
		list := l.List(t.Context(), ledger.Query{})
		for range 2 {
			n := 0
			for r, err := range list {
				require.NoError(t, err)
				require.NoError(t, l.Revoke(t.Context(), byID(r.ID)))
				get(t, l, r.ID)
				n++
			}
			require.Equal(t, 3, n)
		}
	})
}

// oddities are what an encoding of keys may trip over.
var oddities = []string{
	"plain", "a", "ab", "abc", "a/b", "a:b", "a:b:c", "a\x00", "a\x00b", "\x00", "\x00\x00", "a\x01b", "a\nb", "a b", " ", "a*", "a?", "a[b]", "{a}", "{", "}",
	"a}b{c", "..", "../a", "a|b", "a,b", "a=b", `a"b`, `a\b`, "a\\x00b", "%00", "%2F", "ä", "a\u0308", "日本語", "🔑", "\u202e", "\ufffd", "\U0010ffff", "id:a", "subject:a",
	"<script>&", "0", "-1", "null", "A", "alice@example.com", "CN=alice,O=x\\,y",
}

func names(t *testing.T, open Open) {
	t.Run("an id may hold any character", func(t *testing.T) {
		l := open(t, still())
		each(t, len(oddities), func(i int) error {
			return l.Put(t.Context(), ledger.Record{ID: oddities[i], Subject: "alice", Name: fmt.Sprint(i)})
		})
		for i, id := range oddities {
			require.Equal(t, ledger.Record{ID: id, Subject: "alice", Name: fmt.Sprint(i)}, get(t, l, id))
		}
		all := listed(t, l, ledger.Query{})
		require.IsIncreasing(t, all)
		require.ElementsMatch(t, oddities, all)
		require.Equal(t, all, listed(t, l, ledger.Query{Subject: "alice"}))
		require.Equal(t, all, paged(t, l, ledger.Query{}, 1))
		require.Equal(t, all, paged(t, l, ledger.Query{Subject: "alice"}, 1))
	})
	t.Run("a subject sees its own keys, whatever it is called", func(t *testing.T) {
		l := open(t, still())
		want := map[string][]string{}
		for i, subject := range oddities {
			want[subject] = []string{fmt.Sprintf("k%02d", i), "b" + subject, ":" + subject}
			put(t, l, subject, want[subject]...)
		}
		put(t, l, "", "nobody's")
		for subject, ids := range want {
			require.ElementsMatch(t, ids, listed(t, l, ledger.Query{Subject: subject}), "%q", subject)
		}
		require.Len(t, listed(t, l, ledger.Query{}), 3*len(oddities)+1)
	})
	t.Run("no subject and id run into another's", func(t *testing.T) {
		l := open(t, still())
		for _, pair := range [][2]string{{"a", "b:c"}, {"a:b", "c"}, {"a\x00b", "d"}, {"a", "b\x00d"}, {"a/b", "e"}, {"a", "b/e"}, {"al", "ice"}, {"alice", "f"}} {
			put(t, l, pair[0], pair[1])
		}
		require.Equal(t, []string{"b\x00d", "b/e", "b:c"}, listed(t, l, ledger.Query{Subject: "a"}))
		require.Equal(t, []string{"c"}, listed(t, l, ledger.Query{Subject: "a:b"}))
		require.Equal(t, []string{"ice"}, listed(t, l, ledger.Query{Subject: "al"}))
		require.Equal(t, []string{"f"}, listed(t, l, ledger.Query{Subject: "alice"}))
		require.Empty(t, listed(t, l, ledger.Query{Subject: "alic"}))
	})
	t.Run("a revocation may be about any id and subject", func(t *testing.T) {
		l := open(t, still())
		var want []ledger.Revocation
		for i, name := range oddities {
			moment := start.Add(time.Duration(i) * time.Second)
			want = append(want, byID(name), issuedBefore(name, moment))
		}
		put(t, l, "alice", oddities...)
		each(t, len(want), func(i int) error { return l.Revoke(t.Context(), want[i]) })
		require.ElementsMatch(t, want, inForce(t, l))
		for _, id := range oddities {
			require.Equal(t, start, get(t, l, id).Revoked, "%q", id)
		}
	})
	t.Run("what is not UTF-8 is refused or kept as it is", func(t *testing.T) {
		const raw = "a\xff\xfeb"
		for name, r := range map[string]ledger.Record{"id": {ID: raw}, "subject": {ID: "k1", Subject: raw}, "scope": {ID: "k1", Scopes: []string{raw}}} {
			l := open(t, still())
			if err := l.Put(t.Context(), r); err == nil {
				require.Equal(t, r, get(t, l, r.ID), name)
			} else {
				require.Empty(t, listed(t, l, ledger.Query{}), name)
			}
		}
		for _, r := range []ledger.Revocation{byID(raw), issuedBefore(raw, start)} {
			l := open(t, still())
			if err := l.Revoke(t.Context(), r); err == nil {
				require.Equal(t, []ledger.Revocation{r}, inForce(t, l))
			} else {
				require.Empty(t, inForce(t, l))
			}
		}
	})
}
