package caddymgw_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

// requireExplained holds that an explanation tells of the decision that is made,
// and of steps that lead to it.
func requireExplained(t *testing.T, x caddymgw.Explanation, d caddymgw.Decision) {
	t.Helper()
	require.Equal(t, d.Denial, x.Decision.Denial)
	require.Equal(t, subjects(d), subjects(x.Decision))
	require.Equal(t, d.Verified, x.Decision.Verified)
	first := slices.IndexFunc(x.Steps, func(s caddymgw.AlternativeStep) bool { return s.Holds })
	if d.Denial != nil {
		unverified := slices.ContainsFunc(x.Credentials, func(f caddymgw.FoundCredential) bool {
			return f.Outcome == caddymgw.Refused || f.Outcome == caddymgw.Unavailable
		})
		require.True(t, first < 0 || unverified, "an alternative holds, and no credential is bad")
		return
	}
	require.GreaterOrEqual(t, first, 0)
	var names []string
	for _, r := range x.Steps[first].Requirements {
		require.Equal(t, caddymgw.Satisfied, r.Outcome)
		names = append(names, r.Scheme.Name)
	}
	for _, p := range x.Decision.Principals {
		require.Contains(t, names, p.Scheme)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	x := newFixture("key:r | basic + bearer | {}").gateway.Explain(t.Context(), get("X-Api-Key: good"))
	require.Len(t, x.Steps, 3)
	key := x.Steps[0].Requirements[0]
	require.Equal(t, "key", key.Scheme.Name)
	require.Equal(t, caddymgw.Forbidden, key.Outcome)
	require.Equal(t, caddymgw.ReasonScope, key.Reason)
	require.Equal(t, []string{"r"}, key.Missing)
	require.Equal(t, caddymgw.Absent, x.Steps[1].Requirements[0].Outcome)
	require.True(t, x.Steps[2].Holds)
	require.Empty(t, x.Steps[2].Requirements)
	require.Equal(t, "192.0.2.1", x.Client)
	require.True(t, x.Credentials[0].Judged)
	require.Equal(t, caddymgw.Satisfied, x.Credentials[0].Outcome)
}

func TestWhatIsRefusedUnjudgedIsNotJudgedToExplainIt(t *testing.T) {
	t.Parallel()
	f := newFixture("key | qkey")
	x := f.gateway.Explain(t.Context(), get("X-Api-Key: good", "?apikey=other"))
	require.Equal(t, caddymgw.ReasonAmbiguous, x.Decision.Denial.Reason)
	require.Empty(t, x.Steps)
	require.Len(t, x.Credentials, 2)
	require.Zero(t, f.verifiers["key"].calls)
	x = f.gateway.Explain(t.Context(), get("?a=%zz"))
	require.Equal(t, caddymgw.ReasonQuery, x.Decision.Denial.Reason)
	require.Empty(t, x.Credentials)
}
