// Package apikey is the authority that issues API keys and verifies them. A
// key is a JWT (RFC 7519) of its own type, "apikey+jwt", so that it is never
// taken for an access token, nor one for it.
//
//	mint.go     Mint: a Grant becomes a key, recorded before it is handed out
//	verify.go   the verifier of apiKey schemes
//	claims.go   what both read and write
//	restrict.go APIs, operations, addresses and referers
//
// It builds on token, keyring and ledger.
package apikey
