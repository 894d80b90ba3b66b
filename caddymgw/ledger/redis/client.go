package redis

import (
	"context"
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
		OnConnect: greet,
	})
}

// greet finds out whether we may talk: to who has not said a password, Redis answers
// whatever is long with a protocol error.
func greet(ctx context.Context, c *redis.Conn) error { return c.Ping(ctx).Err() }

// patience is how long one exchange may take, with all that it needs.
func (t *target) patience() time.Duration { return t.DialTimeout + t.Timeout }
