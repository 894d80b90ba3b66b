package redis

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/redistest"
)

// TestPropagation prints how long it takes from the call that revokes until another
// gateway knows.
func TestPropagation(t *testing.T) {
	t.Parallel()
	c := Config{URLs: []string{redistest.Start(t).URL()}, Prefix: "propagation"}
	l := open(t, c, still())
	watchers := []*watcher{watching(t, open(t, c, still())), watching(t, open(t, c, still()))}
	for _, w := range watchers {
		w.inSync(t, 0)
	}
	const n = 1000
	began := make([]time.Time, n)
	for i := range began {
		began[i] = time.Now()
		require.NoError(t, l.Revoke(t.Context(), byID(fmt.Sprint("k", i))))
	}
	for i, w := range watchers {
		w.until(t, "all", func(w *watcher) bool { return len(w.told) == n })
		var took []time.Duration
		for j, at := range began {
			took = append(took, w.told[fmt.Sprint("k", j)].Sub(at))
		}
		slices.Sort(took)
		t.Logf("watcher %d: median %s, 90 %% %s, 99 %% %s, most %s", i, took[n/2], took[n*9/10], took[n*99/100], took[n-1])
		require.Less(t, took[n/2], 200*time.Millisecond, "changes are noticed when somebody looks, and not when they come")
	}
}
