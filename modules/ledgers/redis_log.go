package ledgers

import (
	"context"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap/zapcore"
)

func init() {
	redis.SetLogger(clientLog{})
}

// clientLog takes what the Redis client writes of each attempt to connect; that
// contact was lost, and is back, is told once by the app.
type clientLog struct{}

// Printf implements the client's logger.
func (clientLog) Printf(_ context.Context, format string, args ...any) {
	if c := caddy.Log().Named("mgw.redis").Check(zapcore.DebugLevel, "redis client"); c != nil {
		c.Message = fmt.Sprintf(format, args...)
		c.Write()
	}
}
