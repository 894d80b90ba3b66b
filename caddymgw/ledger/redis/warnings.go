package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Warnings returns what of the Redis that is in use makes it lose what it has
// acknowledged, a sentence each. What it does not want to tell is not warned of.
func (l *Ledger) Warnings(ctx context.Context) ([]string, error) {
	return ask(ctx, l, func(ctx context.Context) (warnings []string, err error) {
		err = l.client.Watch(ctx, func(server *redis.Tx) error {
			info, err := inform(ctx, server)
			if err == nil {
				warnings = warn(info, l.target.Replicas)
			}
			return err
		}, l.keys.barrier) // which is to ask the server that has it
		return warnings, err
	})
}

// inform asks for what warnings are about.
func inform(ctx context.Context, server *redis.Tx) (map[string]string, error) {
	info := map[string]string{}
	for _, section := range []string{"persistence", "replication", "memory"} {
		text, err := server.Info(ctx, section).Result()
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(text) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				info[name] = value
			}
		}
	}
	config, err := server.ConfigGet(ctx, "appendfsync").Result()
	var forbidden redis.Error
	if err != nil && !errors.As(err, &forbidden) {
		return nil, err
	}
	info["appendfsync"] = config["appendfsync"]
	return info, nil
}

func warn(info map[string]string, replicas int) (warnings []string) {
	switch {
	case info["aof_enabled"] == "0":
		warnings = append(warnings, "appendonly is not yes: when Redis ends, what was acknowledged since the last snapshot is lost, and keys that were revoked since then work again")
	case info["appendfsync"] == "everysec":
		warnings = append(warnings, "appendfsync is everysec and not always: when the machine loses power, though not when Redis alone is killed, what was acknowledged in the last second or two is lost")
	case info["appendfsync"] == "no":
		warnings = append(warnings, "appendfsync is no and not always: when the machine loses power, though not when Redis alone is killed, what was acknowledged in the last half minute or so is lost")
	}
	if info["aof_last_write_status"] == "err" {
		warnings = append(warnings, "Redis can't write its append-only file")
	}
	if policy := info["maxmemory_policy"]; strings.HasPrefix(policy, "allkeys-") {
		warnings = append(warnings, "maxmemory-policy is "+policy+" and not noeviction: when its memory is full, Redis throws the ledger away")
	}
	if n, err := strconv.Atoi(info["connected_slaves"]); err == nil && n < replicas {
		warnings = append(warnings, fmt.Sprintf("%d replicas must have each write, and Redis has %d: nothing can be issued or revoked", replicas, n))
	}
	return warnings
}
