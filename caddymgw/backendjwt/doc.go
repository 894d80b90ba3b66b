// Package backendjwt tells the upstream who calls by a short-lived JWT (RFC
// 7519) that this gateway signs with keys of their own purpose and type, so that
// it can never be taken for an API key or an access token. WSO2 calls it the
// X-JWT-Assertion.
//
// It depends on the root core types, token and keyring.
package backendjwt
