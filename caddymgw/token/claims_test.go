package token

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCheckTime(t *testing.T) {
	t.Parallel()
	const exp, nbf = 2000, 1000
	at := func(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }
	for name, tc := range map[string]struct {
		now    time.Time
		leeway time.Duration
		err    error
	}{
		"just before exp":             {now: at(exp - 0.001)},
		"at exp":                      {now: at(exp), err: ErrExpired},
		"within the leeway after exp": {now: at(exp + 29.999), leeway: 30 * time.Second},
		"at exp and the leeway":       {now: at(exp + 30), leeway: 30 * time.Second, err: ErrExpired},
		"just before nbf":             {now: at(nbf - 0.001), err: ErrNotYetValid},
		"at nbf":                      {now: at(nbf)},
		"at nbf less the leeway":      {now: at(nbf - 30), leeway: 30 * time.Second},
		"before nbf and the leeway":   {now: at(nbf - 30.001), leeway: 30 * time.Second, err: ErrNotYetValid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Claims{Expires: at(exp), NotBefore: at(nbf)}
			require.ErrorIs(t, c.CheckTime(tc.now, tc.leeway), tc.err)
		})
	}
}

func TestCheckTimeWithoutEnds(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Time{time.Unix(0, 0), time.Unix(maxTime, 0)} {
		require.NoError(t, (&Claims{}).CheckTime(now, 0))
	}
}

func TestExpZeroIsLongAgoAndNotAbsent(t *testing.T) {
	t.Parallel()
	got, err := Parse(compact(goodHeader, `{"exp":0}`))
	require.NoError(t, err)
	require.ErrorIs(t, got.Claims.CheckTime(time.Unix(1, 0), 0), ErrExpired)
}

func TestStrings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		claim any
		want  []string
		ok    bool
	}{
		"a list":          {claim: []any{"a", "b"}, want: []string{"a", "b"}, ok: true},
		"an empty list":   {claim: []any{}, want: []string{}, ok: true},
		"a string":        {claim: "a"},
		"absent":          {},
		"with a number":   {claim: []any{"a", Number("1")}},
		"with null":       {claim: []any{nil}},
		"a list of lists": {claim: []any{[]any{"a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := Strings(tc.claim)
			require.Equal(t, tc.ok, ok)
			require.Equal(t, tc.want, got)
		})
	}
}
