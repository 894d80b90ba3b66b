// Package backendjwt tells the upstream who calls by a short-lived JWT (RFC
// 7519) of a type of its own that this gateway signs with keys of their own
// purpose, which are published apart: neither an API key nor an access token is
// taken for it, nor it for one of them. WSO2 calls it the X-JWT-Assertion.
//
// It depends on the root core types, token and keyring.
package backendjwt
