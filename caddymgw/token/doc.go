// Package token reads and checks compact JWS tokens (RFC 7515, RFC 7519), more
// strictly than any library does: one spelling a token, no member twice, no
// extension that is not understood. A library then verifies the signature and
// nothing else; claims are checked here and by the verifiers.
//
// It is the only importer of golang-jwt, and imports nothing of this module.
package token
