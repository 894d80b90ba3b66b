#!/usr/bin/env bash
# Three gateways and one Redis on this machine: a key that is issued on the first,
# used on the second and revoked on the third is refused by all.
set -euo pipefail
cd "$(dirname "$0")"
nodes="127.0.0.1 127.0.0.2 127.0.0.3"
mkdir -p run/redis
pids=()
# The gateways first: Redis is the last to go.
stop() { for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" 2>/dev/null || true; wait "${pids[i]}" 2>/dev/null || true; done; }
trap stop EXIT

# AOF, and fsync of each write: what Redis has acknowledged survives it.
redis-server --port 6399 --bind 127.0.0.1 --dir run/redis --save '' --appendonly yes --appendfsync always >run/redis.log 2>&1 &
pids+=($!)

# call NODE METHOD PATH [ARGUMENT...]
call() {
	local node=$1 method=$2 path=$3
	shift 3
	curl -sk --resolve "localhost:9095:$node" -X "$method" "https://localhost:9095$path" "$@"
}

for node in $nodes; do # one after another: the first makes the keys that all share
	NODE=$node ../../bin/caddymgw run --config Caddyfile >"run/$node.log" 2>&1 &
	pids+=($!)
	until call "$node" GET /apikey/jwks.json --fail -o /dev/null; do
		kill -0 $! || { cat "run/$node.log" >&2; exit 1; }
		sleep 0.1
	done
done

issued=$(call 127.0.0.1 GET /apikey -u admin:admin -H "Accept: application/json")
key=$(sed 's/.*"apikey":"\([^"]*\)".*/\1/' <<<"$issued")
id=$(sed 's/.*"id":"\([^"]*\)".*/\1/' <<<"$issued")
echo "issued on 127.0.0.1"
echo "called on 127.0.0.2: $(call 127.0.0.2 GET /hello -H "X-API-Key: $key")"
call 127.0.0.3 DELETE "/apikey/keys/$id" -u admin:admin
echo "revoked on 127.0.0.3"
sleep 1 # the others hear of it within a second, most often within milliseconds
for node in $nodes; do
	echo "refused on $node: $(call "$node" GET /hello -H "X-API-Key: $key" -o /dev/null -w '%{http_code}')"
done
