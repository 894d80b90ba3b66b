package keyring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// at is a key without a signer.
func at(id, algorithm string, from time.Duration) *Key {
	return &Key{ID: id, Algorithm: algorithm, Created: start, SignsFrom: start.Add(from)}
}

func TestWhoSigns(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		keys []*Key
		want string
	}{
		"the only one":                                {[]*Key{at("a", "ES256", -time.Hour)}, "a"},
		"the only one, by a clock behind":             {[]*Key{at("a", "ES256", time.Second)}, "a"},
		"the latest that has begun":                   {[]*Key{at("a", "ES256", -2*time.Hour), at("b", "ES256", -time.Hour), at("c", "ES256", time.Second)}, "b"},
		"one that begins now":                         {[]*Key{at("a", "ES256", -time.Hour), at("b", "ES256", 0)}, "b"},
		"the earliest of those that wait":             {[]*Key{at("a", "ES256", 2*time.Hour), at("b", "ES256", time.Hour)}, "b"},
		"another algorithm's, until ours has begun":   {[]*Key{at("a", "EdDSA", -2*time.Hour), at("b", "RS256", -time.Hour), at("c", "ES256", time.Second)}, "b"},
		"ours, though another one began later":        {[]*Key{at("a", "ES256", -2*time.Hour), at("b", "EdDSA", -time.Hour)}, "a"},
		"of one moment the later made, then by kid":   {[]*Key{{ID: "a", Algorithm: "ES256", Created: start.Add(-1), SignsFrom: start}, at("b", "ES256", 0), at("c", "ES256", 0)}, "b"},
		"the earliest of all, if only others' wait":   {[]*Key{at("a", "ES256", 2*time.Hour), at("b", "EdDSA", time.Hour)}, "b"},
		"a key without a time, as from a file of PEM": {[]*Key{{ID: "a", Algorithm: "ES256"}}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRing("ES256", tc.keys, nil)
			require.Equal(t, tc.want, r.Active(start).ID)
			require.Equal(t, Active, r.State(r.Active(start), start))
		})
	}
	require.Nil(t, newRing("ES256", nil, nil).Active(start))
}

func TestStatesAndEnds(t *testing.T) {
	t.Parallel()
	ends := start.Add(24 * time.Hour)
	r := newRing("ES256", []*Key{
		at("d", "ES256", -2*time.Hour), at("c", "ES256", -time.Hour), at("b", "ES256", time.Hour), at("a", "EdDSA", -time.Hour),
	}, map[string]time.Time{"d": ends, "c": ends})
	type line struct {
		id    string
		state State
		ends  time.Time
	}
	list := func(now time.Time) (lines []line) {
		for _, k := range r.Keys() {
			lines = append(lines, line{k.ID, r.State(k, now), r.Ends(k, now)})
		}
		return lines
	}
	require.Equal(t, []line{{"a", Verifies, time.Time{}}, {"b", Next, time.Time{}}, {"c", Active, time.Time{}}, {"d", Verifies, ends}}, list(start))
	require.Equal(t, []line{{"a", Verifies, time.Time{}}, {"b", Active, time.Time{}}, {"c", Verifies, ends}, {"d", Verifies, ends}}, list(start.Add(time.Hour)))
}
