// Package bearer verifies the access tokens of others, as the OpenAPI schemes
// http bearer, oauth2 and openIdConnect ask for them (RFC 6750). A JWT (RFC
// 7519, RFC 9068) is verified by the keys of its issuer; an opaque token by
// asking the issuer (RFC 7662). What has the shape of a JWT is never asked for,
// unless its issuer says nothing of keys.
//
//	verifier.go   Config, New, and what is done with a token
//	issuer.go     who may issue tokens, and how they are read
//	jwt.go        a JWT: cheap checks, then a signature that is remembered
//	kind.go       access tokens, told from all else by their header and form
//	reading.go    subject, scopes, roles and confirmation out of claims
//	introspect.go what is remembered of opaque tokens, and who asks for them
//	slots.go      how many ask at once, of one network and in all
//	exchange.go   one question to the introspection endpoint, and its answer
//	members.go    the answer's JSON
//	verdict.go    what is refused, and why
//
// Only signatures, and for a moment answers, are remembered: everything else is
// judged on every call, revocation last. It builds on token.
package bearer
