package keyring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const day = 24 * time.Hour

func TestPolicyCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*Policy)
		want   string
	}{
		"complete":                {func(*Policy) {}, ""},
		"no purpose":              {func(p *Policy) { p.Purpose = "" }, "incomplete"},
		"no clock":                {func(p *Policy) { p.Now = nil }, "incomplete"},
		"no lifetime":             {func(p *Policy) { p.Lifetime = 0 }, "incomplete"},
		"an unknown algorithm":    {func(p *Policy) { p.Algorithm = "HS256" }, "HS256 is not supported"},
		"a negative life":         {func(p *Policy) { p.Longest = -1 }, "must not be negative"},
		"without end":             {func(p *Policy) { p.Longest = 0 }, ""},
		"a rotation":              {func(p *Policy) { p.Rotation = 30 * time.Minute }, ""},
		"a rotation too short":    {func(p *Policy) { p.Rotation = 29 * time.Minute }, "must be 30m0s at least: a new key is published 15m0s before"},
		"a rotation in the past":  {func(p *Policy) { p.Rotation = -day }, "must be 30m0s at least"},
		"a longer JWKS life time": {func(p *Policy) { p.Lifetime, p.Rotation = time.Hour, 2*time.Hour }, "must be 2h10m0s at least"},
	} {
		p := policy("apikey", "ES256", clock)
		tc.change(&p)
		if tc.want == "" {
			require.NoError(t, p.Check(), name)
			continue
		}
		require.ErrorContains(t, p.Check(), tc.want, name)
		for _, err := range []error{
			second(Open(t.Context(), nil, p)), second(Maintain(t.Context(), nil, p)),
			second(Rotate(t.Context(), nil, p, true)), Retire(t.Context(), nil, p, "apikey-x"),
		} {
			require.ErrorContains(t, err, tc.want, name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestWhatIsDue(t *testing.T) {
	t.Parallel()
	const ahead = 15 * time.Minute
	needed := start.Add(31 * day) // as if noted just now
	es := func(id string, from time.Duration) *Key { return at(id, "ES256", from) }
	for name, tc := range map[string]struct {
		change  func(*Policy)
		keys    []*Key
		needs   map[string]time.Time
		from    time.Duration // from start; never: none
		notes   []string
		retires []string
	}{
		"the very first key, at once":  {from: 0},
		"nothing":                      {keys: []*Key{es("a", -day)}, needs: map[string]time.Time{"a": needed}, from: never},
		"a key of a new algorithm":     {keys: []*Key{at("a", "EdDSA", -day)}, needs: map[string]time.Time{"a": needed}, from: ahead},
		"nothing while that one waits": {keys: []*Key{at("a", "EdDSA", -day), es("b", ahead)}, needs: map[string]time.Time{"a": needed}, from: never},

		"a successor, before the time":         {keys: []*Key{es("a", ahead+time.Second-90*day)}, needs: map[string]time.Time{"a": needed}, from: never},
		"a successor, in time":                 {keys: []*Key{es("a", ahead-90*day)}, needs: map[string]time.Time{"a": needed}, from: ahead},
		"a successor, long after the time":     {keys: []*Key{es("a", -900*day)}, needs: map[string]time.Time{"a": needed}, from: ahead},
		"no second successor":                  {keys: []*Key{es("a", -90*day), es("b", ahead)}, needs: map[string]time.Time{"a": needed}, from: never},
		"none by a clock that is behind":       {keys: []*Key{es("a", time.Second)}, from: never},
		"one, if another one waits for ever":   {keys: []*Key{es("a", -90*day), es("b", 900*day)}, needs: map[string]time.Time{"a": needed}, from: ahead},
		"one, if the only one waits for ever":  {keys: []*Key{es("b", 900*day)}, from: ahead},
		"none without rotation":                {change: func(p *Policy) { p.Rotation = 0 }, keys: []*Key{es("a", -900*day)}, needs: map[string]time.Time{"a": needed}, from: never},
		"none for another algorithm's old age": {keys: []*Key{at("a", "EdDSA", -900*day), es("b", -day)}, needs: map[string]time.Time{"a": needed, "b": needed}, from: never},

		"a note for what signs, the first":        {keys: []*Key{es("a", -day)}, from: never, notes: []string{"a"}},
		"a note for what signs, half of it over":  {keys: []*Key{es("a", -day)}, needs: map[string]time.Time{"a": needed.Add(-12*time.Hour - 1)}, from: never, notes: []string{"a"}},
		"none with half of it left":               {keys: []*Key{es("a", -day)}, needs: map[string]time.Time{"a": needed.Add(-12 * time.Hour)}, from: never},
		"a note for what may have signed":         {keys: []*Key{es("a", -2*day), at("b", "EdDSA", -2*day), es("c", -day)}, needs: map[string]time.Time{"c": needed}, from: never, notes: []string{"b", "a"}},
		"none for what waits":                     {keys: []*Key{es("a", -day), es("b", ahead)}, needs: map[string]time.Time{"a": needed}, from: never},
		"a note for another algorithm that signs": {keys: []*Key{at("a", "EdDSA", -day), es("b", ahead)}, needs: map[string]time.Time{"a": start}, from: never, notes: []string{"a"}},

		"no retirement before the end":               {keys: []*Key{es("a", -2*day), es("b", -day)}, needs: map[string]time.Time{"a": start.Add(1), "b": needed}, from: never},
		"no retirement within the grace":             {keys: []*Key{es("a", -2*day), es("b", -day)}, needs: map[string]time.Time{"a": start.Add(-ahead), "b": needed}, from: never},
		"retirement":                                 {keys: []*Key{es("a", -2*day), es("b", -day)}, needs: map[string]time.Time{"a": start.Add(-ahead - 1), "b": needed}, from: never, retires: []string{"a"}},
		"retirement of another algorithm":            {keys: []*Key{at("a", "EdDSA", -time.Hour), es("b", -day)}, needs: map[string]time.Time{"a": start.Add(-day), "b": needed}, from: never, retires: []string{"a"}},
		"what signs never retires":                   {keys: []*Key{es("a", -2*day), es("b", -day)}, needs: map[string]time.Time{"a": needed, "b": start.Add(-day)}, from: never, notes: []string{"b"}},
		"what waits never retires":                   {keys: []*Key{es("a", -2*day), es("b", time.Second)}, needs: map[string]time.Time{"a": needed, "b": start.Add(-day)}, from: never},
		"nothing is noted or retired without an end": {change: func(p *Policy) { p.Longest = 0 }, keys: []*Key{es("a", -2*day), es("b", -day)}, from: never},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := policy("apikey", "ES256", clock)
			p.Rotation = 90 * day
			if tc.change != nil {
				tc.change(&p)
			}
			c := p.due(newRing("ES256", tc.keys, tc.needs), start)
			want := start.Add(tc.from)
			if tc.from == never {
				want = time.Time{}
			}
			require.Equal(t, want, c.from)
			require.Equal(t, tc.retires, c.retire)
			require.Len(t, c.needs, len(tc.notes))
			for _, kid := range tc.notes {
				require.Equal(t, needed, c.needs[kid])
			}
			require.Equal(t, tc.from == never && tc.notes == nil && tc.retires == nil, c.none())
		})
	}
}

const never = -1
