// Package verifiers holds the guest modules mgw.verifiers.api_key and
// mgw.verifiers.basic. Each checks one kind of credential with what the app
// mgw is configured to trust.
package verifiers
