package ledger_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

func revocations(ids ...string) []ledger.Revocation {
	var all []ledger.Revocation
	for _, id := range ids {
		all = append(all, ledger.Revocation{ID: id, Effective: start})
	}
	return all
}

// heard is a watch in words, until it says Synced.
func heard(events iter.Seq2[ledger.Event, error]) []string {
	var all []string
	for e, err := range events {
		switch {
		case err != nil:
			all = append(all, err.Error())
		case e.Synced:
			return append(all, "synced")
		default:
			all = append(all, e.Revocation.ID)
		}
	}
	return append(all, "over")
}

func TestAWatchThatCantReadSaysSoAndCatchesUp(t *testing.T) {
	t.Parallel()
	var b ledger.Broadcast
	broken := true
	all := func(yield func(ledger.Revocation, error) bool) {
		for _, r := range revocations("k1", "k2") {
			if !yield(r, nil) {
				return
			}
			if broken {
				broken = false
				b.Tell(revocations("new")[0])
				yield(ledger.Revocation{}, errors.New("away"))
				return
			}
		}
	}
	require.Equal(t, []string{"k1", "away", "new", "k1", "k2", "synced"}, heard(b.Watch(t.Context(), all)))
}

func TestAWatchIsToldLastWhatCameWhileItRead(t *testing.T) {
	t.Parallel()
	var b ledger.Broadcast
	all := func(yield func(ledger.Revocation, error) bool) {
		b.Tell(revocations("new")[0])
		for _, r := range revocations("k1", "k2") {
			if !yield(r, nil) {
				return
			}
		}
	}
	require.Equal(t, []string{"k1", "k2", "new", "synced"}, heard(b.Watch(t.Context(), all)))
}

func TestAWatchEndsWithWhatItReadsAndWithItsContext(t *testing.T) {
	t.Parallel()
	var b ledger.Broadcast
	closed := func(yield func(ledger.Revocation, error) bool) { yield(ledger.Revocation{}, ledger.ErrClosed) }
	require.Equal(t, []string{ledger.ErrClosed.Error(), "over"}, heard(b.Watch(t.Context(), closed)))

	ctx, cancel := context.WithCancel(t.Context())
	all := func(yield func(ledger.Revocation, error) bool) {
		for i, r := range revocations("k1", "k2", "k3") {
			if i == 1 {
				cancel()
			}
			if !yield(r, nil) {
				return
			}
		}
	}
	require.Equal(t, []string{"k1", "over"}, heard(b.Watch(ctx, all)))
	failing := func(yield func(ledger.Revocation, error) bool) { yield(ledger.Revocation{}, ctx.Err()) }
	require.Equal(t, []string{"over"}, heard(b.Watch(ctx, failing)))

	b.Close()
	none := func(func(ledger.Revocation, error) bool) {}
	require.Equal(t, []string{ledger.ErrClosed.Error(), "over"}, heard(b.Watch(t.Context(), none)))
}
