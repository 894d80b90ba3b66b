package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	retries         = 2
	noRetries       = -1
	minRetryBackoff = 10 * time.Millisecond
	maxRetryBackoff = 200 * time.Millisecond
)

// client returns one that connects when it is asked something. It speaks RESP2,
// which everything that is like Redis understands.
func (t *target) client(retries int) redis.UniversalClient {
	return redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: t.addresses, IsClusterMode: t.cluster(), MasterName: t.Master, DB: t.database,
		Username: t.username, Password: t.password, SentinelUsername: t.SentinelUsername, SentinelPassword: t.SentinelPassword,
		TLSConfig: t.tls, Protocol: 2, DisableIdentity: true, PipelinePoolSize: -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		MaxRetries:               retries, MinRetryBackoff: minRetryBackoff, MaxRetryBackoff: maxRetryBackoff,
		DialTimeout: t.DialTimeout, DialerRetries: 1, ReadTimeout: t.Timeout, WriteTimeout: t.Timeout, ContextTimeoutEnabled: true,
	})
}

// patience is how long one exchange may take, with all that it needs.
func (t *target) patience() time.Duration { return t.DialTimeout + t.Timeout }

// node returns the client of the one server that has a key.
func node(ctx context.Context, c redis.UniversalClient, key string) (*redis.Client, error) {
	switch c := c.(type) {
	case *redis.Client:
		return c, nil
	case *redis.ClusterClient:
		return c.MasterForKey(ctx, key)
	default:
		return nil, fmt.Errorf("a client is a %T", c)
	}
}
