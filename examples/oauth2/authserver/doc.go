// Package authserver is a program: an authorization server on loopback, for the
// examples with access tokens. It speaks OAuth 2 and OpenID Connect by
// github.com/zitadel/oidc; what it knows of clients and users is in main.go, for
// everybody to read.
package main
