// Package fault holds the answers of the gateway to requests that do not pass:
// the fault codes of WSO2 API Microgateway, their bodies (WSO2's fault object,
// or an RFC 9457 problem) and the WWW-Authenticate challenges (RFC 9110
// section 11.6.1, RFC 6750, RFC 7617).
//
// Bodies are made of constants: nothing that a client sent is repeated in them.
// It imports nothing of this module.
package fault
