// Package credential finds what a client presents in a request: in a header,
// in the query, in a cookie, or behind an auth-scheme word of an Authorization
// header (RFC 9110 section 11.4). It counts, so that nothing is chosen by
// being first, and it removes, so that nothing goes on to the upstream.
//
// It knows neither schemes nor verifiers, never reads a body, and imports
// nothing of this module.
package credential
