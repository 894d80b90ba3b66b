package lint

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExamplesAreWhatTheySay runs the bad and the good example of each rule.
func TestExamplesAreWhatTheySay(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, []string{r.ID}, rules(looked(t, r.Bad, Options{})), "and no other rule")
			require.Empty(t, looked(t, r.Good, Options{}).Findings)
			if r.ID == loads {
				return
			}
			var left []string
			if r.ID == "undeclared-scheme" {
				left = []string{loads} // all the same
			}
			require.Equal(t, left, rules(looked(t, "x-caddymgw-lint-ignore: ["+r.ID+"]\n"+r.Bad, Options{})))
			require.Equal(t, left, rules(looked(t, r.Bad, Options{Disable: []string{r.ID}})))
		})
	}
}

func TestRulesAreDocumented(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	worst := Error
	for _, r := range Rules() {
		require.Regexp(t, `^[a-z]+(-[a-z]+)+$`, r.ID)
		require.False(t, seen[r.ID], r.ID)
		seen[r.ID] = true
		require.True(t, worst.AtLeast(r.Severity), "the worst first")
		worst = r.Severity
		require.False(t, strings.HasSuffix(r.Title, "."), "a title is no sentence: %s", r.ID)
		require.True(t, strings.HasSuffix(r.Why, "."), r.ID)
		require.True(t, strings.HasSuffix(r.Remedy, ".") || strings.HasSuffix(r.Remedy, "operation."), r.ID)
	}
	require.Len(t, seen, 25)
}

func TestRulesThatDoNotExistAreRefused(t *testing.T) {
	t.Parallel()
	require.NoError(t, CheckIDs([]string{"key-in-query", "unused-scheme"}))
	require.EqualError(t, CheckIDs([]string{"query-key"}), `there is no rule "query-key": did you mean key-in-query?`)
	require.EqualError(t, CheckIDs([]string{""}), `there is no rule ""`)
	require.EqualError(t, CheckIDs([]string{"Key-In-Query"}), `there is no rule "Key-In-Query": did you mean key-in-query?`)
	require.ErrorContains(t, CheckIDs([]string{loads}), "can't be left out")
	_, err := File("x", Options{Disable: []string{"x"}})
	require.EqualError(t, err, `there is no rule "x"`)
}
