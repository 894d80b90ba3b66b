# One command for each job; `make` alone lists them.
.DEFAULT_GOAL := help

# The race detector needs a C compiler. Without one the tests run all the same
# on a developer's machine, and CI refuses.
CC_FOUND := $(shell command -v $$(go env CC) 2>/dev/null)
ifneq ($(CC_FOUND),)
RACE := -race
else ifneq ($(CI),)
$(error CI needs a C compiler: go test -race)
endif

FUZZTIME ?= 20s

.PHONY: help
help: ## lists these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s %s\n", $$1, $$2}' Makefile

.PHONY: run
run: build ## builds the gateway and serves the root Caddyfile
	./bin/caddymgw run --config Caddyfile

.PHONY: build
build: ## builds bin/caddymgw
	./xcaddy.sh

.PHONY: test
test: ## runs every test, with the race detector where there is a C compiler
	@[ -n "$(RACE)" ] || echo "no C compiler: running without the race detector"
	go vet ./...
	go test $(RACE) -count=1 -timeout 14m ./...

.PHONY: bench
bench: ## compares the gateway with bare Caddy, side by side, and prints ratios
	go test -run '^$$' -bench . -benchmem ./caddymgw/...
	go test -run '^$$' -bench . -benchtime 3s ./modules

.PHONY: soak
soak: ## runs the long forms of the tests of fleets, outages and a million keys
	MGW_SOAK=1 go test -count=1 -timeout 60m -v -run 'TestEveryGateway|TestWithoutRedis|TestWhatWasAcknowledged|TestManyRevoked' ./examples

.PHONY: lint
lint: ## runs gofumpt, vet, staticcheck, golangci-lint and govulncheck, each where it can be had
	./lint.sh

.PHONY: fuzz
fuzz: ## runs every fuzz target for FUZZTIME (20s)
	@for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$package/*_test.go | sed 's/func //'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package || exit 1; \
		done; \
	done

.PHONY: fmt
fmt: build ## formats the Go sources and the Caddyfiles
	gofmt -w .
	git ls-files '*Caddyfile' | xargs -n1 ./bin/caddymgw fmt --overwrite
