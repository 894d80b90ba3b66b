#!/usr/bin/env bash
# Builds Caddy with the modules of this repository: with xcaddy where it is
# to be had, else with go build and the main.go and flags that xcaddy uses.
set -euo pipefail

usage() {
	cat <<'EOF'
usage: ./xcaddy.sh [--with MODULE[@VERSION][=PATH]]... [--output FILE]

  --with    adds a further Caddy plugin, as in xcaddy; repeatable
  --output  where the program goes; default: bin/caddymgw
  CADDY_VERSION in the environment chooses Caddy's version; default: that of go.mod
EOF
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
module=github.com/caddymgw/gateway
output=$here/bin/caddymgw
with=()
while [ $# -gt 0 ]; do
	case $1 in
	--with | --output)
		[ $# -ge 2 ] || { usage >&2; exit 2; }
		if [ "$1" = --with ]; then with+=("$2"); else output=$2; fi
		shift 2
		;;
	-h | --help) usage; exit 0 ;;
	*) echo "xcaddy.sh: unknown argument: $1" >&2; usage >&2; exit 2 ;;
	esac
done
case $output in /*) ;; *) output=$PWD/$output ;; esac
export CGO_ENABLED=${CGO_ENABLED:-0} # a static program, as xcaddy makes it
command -v go >/dev/null || { echo "xcaddy.sh: Go 1.26 is needed: https://go.dev/dl/" >&2; exit 1; }
version=${CADDY_VERSION:-$(cd "$here" && go list -m -f '{{.Version}}' github.com/caddyserver/caddy/v2)}
mkdir -p "$(dirname "$output")"

# absolute PATH: a --with replacement is relative to where we were called.
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }

xcaddy=$(command -v xcaddy || true)
[ -n "$xcaddy" ] || { gobin=$(go env GOPATH)/bin/xcaddy; [ ! -x "$gobin" ] || xcaddy=$gobin; }
if [ -n "$xcaddy" ]; then
	args=(--with "$module@v0.0.0=$here")
	for w in ${with[@]+"${with[@]}"}; do
		case $w in *=*) # a version of its own saves the search for one
			name=${w%%=*}
			case $name in *@*) ;; *) name=$name@v0.0.0 ;; esac
			w=$name=$(absolute "${w#*=}") ;;
		esac
		args+=(--with "$w")
	done
	"$xcaddy" build "$version" "${args[@]}" --output "$output"
else
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	# Our own requirements fix the versions, as they do for xcaddy.
	sed -e "s#^module .*#module caddy#" "$here/go.mod" >"$work/go.mod"
	cp "$here/go.sum" "$work/go.sum"
	cd "$work"
	go mod edit -require "$module@v0.0.0" -replace "$module=$here" -require "github.com/caddyserver/caddy/v2@$version"
	{
		echo 'package main'
		echo 'import ('
		echo '	caddycmd "github.com/caddyserver/caddy/v2/cmd"'
		echo '	_ "github.com/caddyserver/caddy/v2/modules/standard"'
		echo "	_ \"$module\""
		for w in ${with[@]+"${with[@]}"}; do
			name=${w%%=*}
			echo "	_ \"${name%%@*}\""
		done
		echo ')'
		echo 'func main() { caddycmd.Main() }'
	} >main.go
	for w in ${with[@]+"${with[@]}"}; do
		name=${w%%=*}
		case $w in
		*=*) cd - >/dev/null; path=$(absolute "${w#*=}"); cd "$work"
			go mod edit -require "${name%%@*}@v0.0.0" -replace "${name%%@*}=$path" ;;
		*) go get "$name" ;;
		esac
	done
	go mod tidy -e >/dev/null 2>&1 || true # also of what only tests need; the build says what is missing
	go build -trimpath -ldflags "-w -s" -tags nobadger,nomysql,nopgx -o "$output" .
	cd "$here"
fi

"$output" version
modules=$("$output" list-modules --skip-standard)
echo "$modules"
for m in mgw http.handlers.openapi_auth http.handlers.apikey_issuer mgw.verifiers.api_key mgw.verifiers.basic mgw.verifiers.mtls caddy.logging.encoders.filter.mgw; do
	grep -qxF "$m" <<<"$modules" || { echo "xcaddy.sh: the module $m is missing from $output" >&2; exit 1; }
done
