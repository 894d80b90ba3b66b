package redis

import "github.com/redis/go-redis/v9"

// scripts are in Lua, which Redis runs one at a time, and copies the effects of
// to its file and its replicas as one. The JSON in values is read there, and never
// written.
type scripts struct{ put, replace, revoke, touch, get, page, position, since, prune *redis.Script }

func newScripts() scripts {
	script := func(body string) *redis.Script { return redis.NewScript(luaCommon + body) }
	return scripts{
		put: script(luaPut), replace: script(luaReplace), revoke: script(luaRevoke), touch: script(luaTouch),
		get: script(luaGet), page: script(luaPage), position: script(luaPosition), since: script(luaSince), prune: script(luaPrune),
	}
}

// What scripts that change something return.
const (
	done     = "done"
	absent   = "absent"
	replaced = "replaced"
)

const luaCommon = `
local records, ids, subjects, expiry, used, revoked, successors, revocations, changes, count = unpack(KEYS)
local call = redis.call

-- A moment is a text of fixed width; '' is never. What has expired up to the
-- horizon need no longer be kept.
local function expired(moment, horizon)
	return moment ~= '' and moment <= horizon
end

-- A record is kept as "<expiry> <json>".
local function split_record(value)
	local expires = string.match(value, '^(%S*) ')
	return expires, string.sub(value, #expires + 2)
end

-- A revocation is kept as "<expiry> <order> <json>".
local function split_revocation(value)
	local expires, order = string.match(value, '^(%S*) (%S*) ')
	return expires, order, string.sub(value, #expires + #order + 3)
end

-- The place of a key among those of its subject.
local function place(json, id)
	local subject = cjson.decode(json).subject
	return #subject .. ':' .. subject .. ':' .. id
end

local function expire(member, score)
	if score == '' then
		call('ZREM', expiry, member)
	else
		call('ZADD', expiry, score, member)
	end
end

local function forget(id)
	local value = call('HGET', records, id)
	if not value then return end
	local _, json = split_record(value)
	call('ZREM', subjects, place(json, id))
	call('ZREM', ids, id)
	call('ZREM', expiry, 'k:' .. id)
	for _, key in ipairs({records, used, revoked, successors}) do call('HDEL', key, id) end
end

-- note notes the end of a key that is recorded, if it is sooner than what was
-- noted. A successor stays one.
local function note(id, effective, json)
	local noted = call('HGET', revoked, id)
	if noted and string.sub(noted, 1, #effective) <= effective then return end
	local by = cjson.decode(json)
	call('HSET', revoked, id, effective .. ' ' .. (by.reason or ''))
	if by.replaced_by then call('HSET', successors, id, by.replaced_by) end
end

-- put_record leaves one that is there already as it is: it was sent again.
local function put_record(id, value, score, last_used, noted, horizon)
	if call('HGET', records, id) == value then return end
	forget(id)
	local _, json = split_record(value)
	call('HSET', records, id, value)
	call('ZADD', ids, 0, id)
	call('ZADD', subjects, 0, place(json, id))
	expire('k:' .. id, score)
	if last_used ~= '' then call('HSET', used, id, last_used) end
	if noted ~= '' then call('HSET', revoked, id, noted) end
	local by = call('HGET', revocations, 'id:' .. id)
	if by then
		local expires, effective, reason = split_revocation(by)
		if not expired(expires, horizon) then note(id, effective, reason) end
	end
end

-- revoke_key tells watchers what supersedes, and nothing else.
local function revoke_key(key, id, value, score, horizon)
	local _, order, json = split_revocation(value)
	local there = call('HGET', revocations, key)
	if there then
		local expires, before = split_revocation(there)
		local supersedes = order > before
		if id ~= '' then supersedes = order < before end
		if not supersedes and not expired(expires, horizon) then return end
	end
	call('HSET', revocations, key, value)
	expire('r:' .. key, score)
	if id ~= '' and call('HEXISTS', records, id) == 1 then note(id, order, json) end
	call('XADD', changes, 'MAXLEN', '~', 65536, '*', 'r', json)
	call('INCR', count)
end

local function read(id)
	return call('HGET', records, id), call('HGET', used, id), call('HGET', revoked, id), call('HGET', successors, id)
end
`

// ARGV: horizon, id, value, score, last used, noted.
const luaPut = `
local horizon, id, value, score, last_used, noted = unpack(ARGV)
put_record(id, value, score, last_used, noted, horizon)
return 'done'
`

// ARGV: horizon; id, value, score, last used and noted of the successor; key, id,
// value and score of the revocation. What was done already was sent again.
const luaReplace = `
local horizon, id, value, score, last_used, noted, key, old, revocation, ends = unpack(ARGV)
local there = call('HGET', records, old)
if not there or expired(split_record(there), horizon) then return 'absent' end
if call('HEXISTS', revoked, old) == 1 then
	local ours = call('HGET', successors, old) == id or call('HGET', revocations, key) == revocation
	if ours and call('HGET', records, id) == value then return 'done' end
	return 'replaced'
end
revoke_key(key, old, revocation, ends, horizon)
put_record(id, value, score, last_used, noted, horizon)
return 'done'
`

// ARGV: horizon; key, id, value and score of the revocation.
const luaRevoke = `
local horizon, key, id, value, score = unpack(ARGV)
revoke_key(key, id, value, score, horizon)
return 'done'
`

// ARGV: id, moment, id, moment, ...
const luaTouch = `
for i = 1, #ARGV, 2 do
	local id, at = ARGV[i], ARGV[i + 1]
	if call('HEXISTS', records, id) == 1 then
		local last = call('HGET', used, id)
		if not last or last < at then call('HSET', used, id, at) end
	end
end
return 'done'
`

// ARGV: id.
const luaGet = `
return {read(ARGV[1])}
`

// ARGV: how many bytes stand before each id, which are 0 where all keys are meant;
// where to start and to end; how many. It returns ids, each with what is read.
const luaPage = `
local before, first, last, limit = unpack(ARGV)
local from = subjects
if before == '0' then from = ids end
local reply = {}
for _, member in ipairs(call('ZRANGEBYLEX', from, first, last, 'LIMIT', 0, limit)) do
	local id = string.sub(member, before + 1)
	local n = #reply
	reply[n + 1] = id
	reply[n + 2], reply[n + 3], reply[n + 4], reply[n + 5] = read(id)
end
return reply
`

// It returns how many changes there were, and the name of the last in the stream.
const luaPosition = `
local last = call('XREVRANGE', changes, '+', '-', 'COUNT', 1)[1]
return {call('GET', count) or '0', last and last[1] or '0-0'}
`

// ARGV: the name of a change, how many. It returns how many changes there ever were,
// the name of the last that is told, and those behind the one that was named.
const luaSince = `
local after, limit = unpack(ARGV)
local reply = {call('GET', count) or '0', after}
local found = call('XREAD', 'COUNT', limit, 'STREAMS', changes, after)
if found then
	for _, change in ipairs(found[1][2]) do
		reply[2] = change[1]
		reply[#reply + 1] = change[2][2]
	end
end
return reply
`

// ARGV: horizon, its score, how many. It returns how many were forgotten.
const luaPrune = `
local horizon, latest, limit = unpack(ARGV)
local n = 0
for _, member in ipairs(call('ZRANGEBYSCORE', expiry, '-inf', latest, 'LIMIT', 0, limit)) do
	local kind, name = string.sub(member, 1, 2), string.sub(member, 3)
	local from = revocations
	if kind == 'k:' then from = records end
	local value = call('HGET', from, name)
	if not value or expired(string.match(value, '^(%S*) '), horizon) then
		if value and kind == 'k:' then forget(name) end
		if kind == 'r:' then call('HDEL', revocations, name) end
		call('ZREM', expiry, member)
		n = n + 1
	end
end
return n
`
