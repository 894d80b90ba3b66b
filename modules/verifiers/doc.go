// Package verifiers holds the guest modules mgw.verifiers.*: api_key, basic, jwt,
// mtls, and caddy for any authentication provider of Caddy. Each checks one kind
// of credential with what the app mgw is configured to trust.
package verifiers
