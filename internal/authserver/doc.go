// Package authserver is an OAuth 2 and OpenID Connect authorization server for
// tests and examples. All that is protocol is github.com/zitadel/oidc, a
// certified implementation; this package is what it leaves to others: clients,
// users, keys and a login page, in memory.
//
//	server.go    Start, and how the server can be made to fail
//	client.go    who may ask for tokens
//	keys.go      signing keys and their rotation
//	storage.go   what was issued: opaque tokens, introspection, revocation
//	login.go     users, and how they get to an authorization code
//	ask.go       the clients' side, over HTTP
//
// It speaks http and keeps secrets in clear: it is for loopback.
package authserver
