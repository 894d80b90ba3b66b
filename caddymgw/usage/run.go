package usage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

const (
	interval = time.Minute
	// patience is how long a ledger may take, and lastPatience how long at the end.
	patience     = 30 * time.Second
	lastPatience = 3 * time.Second
)

// Run hands what was noted to a ledger each minute, until ctx ends or the ledger
// is closed, and then once more, for which it takes three seconds at most. What
// a ledger did not take is handed to it again. Log is told of each failure; nil:
// nobody is. One Run runs at a time.
func (r *Recorder) Run(ctx context.Context, l ledger.Ledger, log func(error)) {
	if log == nil {
		log = func(error) {}
	}
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			if err := r.flush(context.WithoutCancel(ctx), l, lastPatience); err != nil {
				log(err)
			}
			return
		case <-ticks.C:
		}
		err := r.flush(ctx, l, patience)
		if err != nil && ctx.Err() == nil {
			log(err)
		}
		if errors.Is(err, ledger.ErrClosed) {
			return
		}
	}
}

func (r *Recorder) flush(ctx context.Context, l ledger.Ledger, patience time.Duration) error {
	used := r.hand()
	if used == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := l.Touch(ctx, used)
	r.settle(err != nil)
	if err != nil {
		return fmt.Errorf("recording when %d keys were last used: %w", len(used), err)
	}
	return nil
}
