package redis

import (
	"context"
	"strconv"
	"time"
)

const (
	// pruneEvery is how often what has expired is looked for, by each gateway.
	pruneEvery = time.Minute
	// pruneAtOnce is how much is forgotten at once, others waiting.
	pruneAtOnce = 200
	// pruneAtMost is how much is forgotten each time, so that it is spread.
	pruneAtMost = 100_000
	// grace is for gateways whose clocks are behind ours.
	grace = time.Hour
)

// tidy forgets what has expired, now and then. Where that fails, the next time may
// do.
func (l *Ledger) tidy() {
	each := time.NewTicker(pruneEvery)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			_, _ = l.prune(context.Background())
		case <-l.stop:
			return
		}
	}
}

// prune forgets what has expired, and returns how much it was.
func (l *Ledger) prune(ctx context.Context) (total int, err error) {
	horizon := l.horizon().Add(-grace)
	for total < pruneAtMost {
		n, err := ask(ctx, l, func(ctx context.Context) (int, error) {
			return l.scripts.prune.Run(ctx, l.client, l.keys.shared, moment(horizon), score(horizon), strconv.Itoa(pruneAtOnce)).Int()
		})
		if err != nil {
			return total, err
		}
		if total += n; n < pruneAtOnce {
			return total, nil
		}
	}
	return total, nil
}
