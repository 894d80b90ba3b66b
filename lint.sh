#!/usr/bin/env bash
# Runs the linters. Those that can't be had here are named and left out; in CI
# only govulncheck may be missing, since it needs its database.
set -uo pipefail
cd "$(dirname "$0")"
failed=0

check() { # check NAME COMMAND...: prints what it says and notes a failure
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then echo "$name: fine"; else printf '%s:\n%s\n' "$name" "$out"; failed=1; fi
}

run() { # run NAME PACKAGE@VERSION ARGUMENTS...: the same with a Go tool
	local name=$1 tool=$2
	shift 2
	if go run "$tool" --help >/dev/null 2>&1 || go run "$tool" -version >/dev/null 2>&1; then
		check "$name" go run "$tool" "$@"
	else
		echo "$name: can't be had here"
		[ -z "${CI:-}" ] || failed=1
	fi
}

unformatted() { local out; out=$(go run mvdan.cc/gofumpt@v0.12.0 -l .) && [ -z "$out" ] || { echo "not formatted: $out"; return 1; }; }

check gofumpt unformatted
check vet go vet ./...
run staticcheck honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
run golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...
if out=$(go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./... 2>&1); then
	echo "govulncheck: fine"
elif grep -q 'fetching vulnerabilities\|vuln.go.dev' <<<"$out"; then
	echo "govulncheck: its database can't be reached from here"
else
	printf 'govulncheck:\n%s\n' "$out"
	failed=1
fi
exit "$failed"
