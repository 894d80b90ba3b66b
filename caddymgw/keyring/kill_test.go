package keyring

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var errKilled = errors.New("killed")

// killedAt does something on a copy of a storage, and is killed before its n-th
// operation; the lock of the dead is free after a while. It returns what is left,
// and whether it came so far.
func killedAt(s *memory, n int, do func(Storage) error) (*memory, bool) {
	left := newMemory()
	left.objects = maps.Clone(s.objects)
	var mu sync.Mutex
	left.before = func(string, string) error {
		mu.Lock()
		defer mu.Unlock()
		if n--; n < 0 {
			return errKilled
		}
		return nil
	}
	err := do(left)
	left.before, left.locks = nil, map[string]chan struct{}{}
	return left, errors.Is(err, errKilled)
}

// TestKilledAnywhere holds that what a dead node leaves behind is whole, and
// that the next one ends what it began, once.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	h := &hand{now: start}
	p := rotating("ES256", h.Now)
	empty, worn := newMemory(), newMemory()
	maintain(t, worn, p)
	first := rotate(t, worn, p, true)
	h.add(time.Minute)
	maintain(t, worn, p)
	now := h.add(90 * day) // one is over, one has a successor to be made
	old := maintain(t, &memory{objects: maps.Clone(worn.objects), locks: map[string]chan struct{}{}}, p)
	require.Equal(t, first.ID, old.Active(now).ID)
	for name, tc := range map[string]struct {
		s    *memory
		do   func(Storage) error
		most int // keys, when all is over
	}{
		"Open":              {empty, func(s Storage) error { return second(Open(context.Background(), s, p)) }, 1},
		"Maintain":          {worn, func(s Storage) error { return second(Maintain(context.Background(), s, p)) }, 2},
		"Rotate":            {worn, func(s Storage) error { return second(Rotate(context.Background(), s, p, false)) }, 2},
		"Rotate at once":    {worn, func(s Storage) error { return second(Rotate(context.Background(), s, p, true)) }, 3},
		"Maintain at first": {empty, func(s Storage) error { return second(Maintain(context.Background(), s, p)) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, before := 0, tc.s.stored()
			for came := true; came; n++ {
				var left *memory
				left, came = killedAt(tc.s, n, tc.do)
				require.GreaterOrEqual(t, left.stored(), min(before, 1))
				r := maintain(t, left, p)
				require.LessOrEqual(t, len(r.Keys()), tc.most)
				if tc.s == worn && tc.most == 2 {
					require.Len(t, r.Keys(), 2)
					require.Equal(t, first.ID, r.Active(now).ID)
				}
				again := maintain(t, left, p)
				require.Equal(t, r.Fingerprint(), again.Fingerprint(), "all was done")
			}
			require.Greater(t, n, 5, "it was killed nowhere")
		})
	}
}
