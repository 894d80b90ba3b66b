package redis

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// ErrReplicas means that Redis has what was written, but fewer replicas than must
// have it have said so in time. It may be written again.
var ErrReplicas = errors.New("too few replicas have what was written")

// replicated runs a script and waits for replicas.
func (l *Ledger) replicated(ctx context.Context, script *redis.Script, args []any) (outcome string, err error) {
	for attempt := 0; ; attempt++ {
		err = l.client.Watch(ctx, func(one *redis.Tx) error {
			outcome, err = l.replicatedBy(ctx, one, script, args)
			return err
		}, l.keys.barrier) // which is to have one connection
		var answered redis.Error
		if err == nil || errors.As(err, &answered) || errors.Is(err, ErrReplicas) || ctx.Err() != nil || attempt == retries {
			return outcome, err
		}
	}
}

// replicatedBy sends all over one connection: WAIT is about what that has written.
// A script that was sent again writes nothing, and what it wrote the first time,
// over another, must be waited for; hence the barrier.
func (l *Ledger) replicatedBy(ctx context.Context, one *redis.Tx, script *redis.Script, args []any) (string, error) {
	outcome, err := script.Run(ctx, one, l.keys.shared, args...).Text()
	if err != nil || outcome != done {
		return outcome, err
	}
	if err := one.Set(ctx, l.keys.barrier, "", 0).Err(); err != nil {
		return "", err
	}
	n, err := one.Wait(ctx, l.target.Replicas, l.target.ReplicaTimeout).Result()
	if err == nil && int(n) < l.target.Replicas {
		err = fmt.Errorf("%w: %d of %d within %s", ErrReplicas, n, l.target.Replicas, l.target.ReplicaTimeout)
	}
	return outcome, err
}
