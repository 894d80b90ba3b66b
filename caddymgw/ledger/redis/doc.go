// Package redis is a ledger in a Redis server that many gateways share: one
// server, one watched by sentinels, or a cluster. It depends on
// github.com/redis/go-redis.
//
// All keys have one hash tag, so that they lie on one node of a cluster; 1 is the
// version of what is said here:
//
//	{mgw}:1:records      hash    id  -> expiry, record as JSON
//	{mgw}:1:ids          sorted  id: the order of lists
//	{mgw}:1:subjects     sorted  subject and id: the order of a subject's lists
//	{mgw}:1:expiry       sorted  k:id or r:key, by when it may be forgotten
//	{mgw}:1:used         hash    id  -> when it was last used
//	{mgw}:1:revoked      hash    id  -> from when on it is refused, and why
//	{mgw}:1:successors   hash    id  -> the id of its successor
//	{mgw}:1:revocations  hash    key -> expiry, what it is compared by, revocation as JSON
//	{mgw}:1:changes      stream  the latest revocations, for watchers
//	{mgw}:1:count        string  how many were ever added to changes
//	{mgw}:1:barrier      string  nothing; see below
//
// Ids, subjects and what is known of a key are stored, and nothing that is secret.
//
// Each write is one script, which does all or nothing, and may be sent again when
// its answer got lost. What time it is comes from ledger.Options and never from
// Redis, whose own expiry is not used.
//
// # What Redis must be told
//
// Redis 5 or later (7 is tested with), with
//
//	appendonly       yes
//	appendfsync      always
//	maxmemory-policy noeviction
//
// With appendfsync always, what was acknowledged is on the disk. With everysec it
// survives that Redis is killed, since the kernel has it, but what was acknowledged
// in the last second or two before a loss of power, or a crash of the kernel, is
// gone: keys that were revoked then work again. Without appendonly the same is
// true of all since the last snapshot, however Redis ends. Ledger.Warnings says
// which holds.
//
// Replicas get what was written a moment later. If one of them takes over in that
// moment, what was acknowledged is gone too, unless Config.Replicas says that so
// many must have it first. That also keeps one that was cut off from acknowledging
// anything.
//
// An ACL user needs
//
//	~{mgw}:* +ping +eval +evalsha +watch +unwatch +hscan +xread +info +config|get
//	+hget +hexists +hset +hdel +zadd +zrem +zrangebylex +zrangebyscore
//	+xadd +xrevrange +get +incr
//
// of which the last two lines are for the scripts, and config|get is for warnings
// only; besides +select where a database is named, +set +wait where replicas are,
// and +cluster|slots +command for a cluster.
//
//	config.go     which Redis            url.go, tls.go, client.go
//	ledger.go     open, close, ask       keys.go, value.go
//	scripts.go    the writes and reads that must be atomic
//	write.go      Put, Replace, Revoke, Touch
//	replicas.go   writes that replicas must have
//	read.go       Get, List
//	watch.go      Watch                  session.go
//	prune.go      what has expired is forgotten
//	warnings.go   what of a Redis should be otherwise
package redis
