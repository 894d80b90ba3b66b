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

// redirections is how often a cluster may send us elsewhere, or a script be sent
// anew.
const redirections = 3

// replicated runs a script and waits for replicas. All goes over one connection, as
// Redis waits for what that has written. The barrier is written since a script that
// was sent again writes nothing, and what the first time wrote must be waited for.
func (l *Ledger) replicated(ctx context.Context, script *redis.Script, args []any) (outcome string, err error) {
	for range redirections {
		var ran, have *redis.Cmd
		server, err := node(ctx, l.client, l.keys.barrier)
		if err != nil {
			return "", err
		}
		_, err = server.Pipelined(ctx, func(p redis.Pipeliner) error {
			ran = script.EvalSha(ctx, p, l.keys.shared, args...)
			p.Set(ctx, l.keys.barrier, "", 0)
			have = p.Do(ctx, "WAIT", l.target.Replicas, l.target.ReplicaTimeout.Milliseconds())
			return nil
		})
		switch {
		case redis.HasErrorPrefix(ran.Err(), "NOSCRIPT"):
			if err := script.Load(ctx, server).Err(); err != nil {
				return "", err
			}
			continue
		case redis.HasErrorPrefix(ran.Err(), "MOVED"), redis.HasErrorPrefix(ran.Err(), "ASK"), redis.HasErrorPrefix(ran.Err(), "READONLY"):
			if cluster, ok := l.client.(*redis.ClusterClient); ok {
				cluster.ReloadState(ctx)
			}
			continue
		case err != nil:
			return "", err
		}
		if outcome, err = ran.Text(); err != nil || outcome != done {
			return outcome, err
		}
		n, err := have.Int()
		if err == nil && n < l.target.Replicas {
			err = fmt.Errorf("%w: %d of %d within %s", ErrReplicas, n, l.target.Replicas, l.target.ReplicaTimeout)
		}
		return outcome, err
	}
	return "", errors.New("redirected too often")
}
