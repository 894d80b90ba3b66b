// Package jwks holds the keys by which others sign: read from a file, or kept
// fresh from the network (RFC 7517; discovery by RFC 8414 and OpenID Connect).
//
//	keys.go       Keys: what a verifier asks
//	set.go        Set: an immutable list of keys; Parse
//	jwk.go        one key of it; marshal.go writes it
//	file.go       FromFile: PEM, JWK or JWK Set that the operator names
//	remote.go     Remote: the keys of one issuer, held in memory
//	refresh.go    the goroutine that fetches them
//	discovery.go  where they lie, if only the issuer is known
//	client.go     one bounded request; url.go says to whom
//	store.go      last-known-good, over restarts
//	observer.go   what the log is told
//
// Requests are answered from memory. Whatever a client sends, one issuer is
// asked no more than once in 30 seconds on its account, and only at URLs that
// come from the configuration or from the issuer's own metadata. A set is
// replaced as a whole, by a valid one, and nothing else ends it but its age.
//
// It imports package token.
package jwks
