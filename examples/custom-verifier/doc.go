// Package customverifier is a verifier as other authors write them: the guest
// module mgw.verifiers.signed_link, for links that open one document for a
// while. Whoever has a link needs neither key nor password.
//
// link.go is what a link is, verifier.go what the gateway asks of a verifier,
// module.go what Caddy asks of a module.
package customverifier
