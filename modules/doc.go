// Package modules holds the tests of the Caddy modules below it, together
// since each test binary links all of Caddy:
//
//	mgw           the app and global option: users, signing keys, Ready
//	openapiauth   the handler that decides
//	apikeyissuer  the handler that gives keys
//	verifiers     mgw.verifiers.*
//	logfilter     the filter that redacts Caddy's logs
package modules
