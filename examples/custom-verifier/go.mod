module example.com/custom-verifier

go 1.26.0

require (
	github.com/caddymgw/gateway v0.0.0
	github.com/caddyserver/caddy/v2 v2.11.9
)
