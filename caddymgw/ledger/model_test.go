package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func TestARecordKeepsTheEndThatComesFirst(t *testing.T) {
	t.Parallel()
	soon := ledger.Revocation{ID: "k1", Effective: start, Reason: "lost"}
	later := ledger.Revocation{ID: "k1", Effective: start.Add(time.Hour), Reason: "replaced", ReplacedBy: "k2"}
	var r ledger.Record
	require.Equal(t, ledger.Record{Revoked: later.Effective, Reason: "replaced", ReplacedBy: "k2"}, r.WithRevocation(later))
	require.Equal(t, ledger.Record{Revoked: start, Reason: "lost"}, r.WithRevocation(soon).WithRevocation(later))
	require.Equal(t, ledger.Record{Revoked: start, Reason: "lost", ReplacedBy: "k2"}, r.WithRevocation(later).WithRevocation(soon))
}

func TestOfTwoRevocationsThatEndTheSameNeitherSupersedes(t *testing.T) {
	t.Parallel()
	for _, r := range []ledger.Revocation{{ID: "k1", Effective: start}, {Subject: "alice", IssuedBefore: start, Effective: start}} {
		again := r
		again.Made, again.Reason = start.Add(time.Hour), "again"
		require.False(t, again.Supersedes(r))
		require.False(t, r.Supersedes(again))
	}
}

func TestAQueryAsksForOneSubjectOrAll(t *testing.T) {
	t.Parallel()
	r := ledger.Record{Subject: "alice"}
	for subject, want := range map[string]bool{"": true, "alice": true, "bob": false, "ali": false, "alice2": false, "Alice": false} {
		require.Equal(t, want, ledger.Query{Subject: subject}.Match(r), subject)
	}
}
