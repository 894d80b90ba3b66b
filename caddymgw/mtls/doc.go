// Package mtls verifies the certificates of clients for the schemes of type
// mutualTLS (OpenAPI 3.1 section 4.8.27). The handshake has verified the chain
// and the possession of the key (RFC 8446 section 4.4.2.4); here it is judged
// whether this certificate is one of those that the configuration accepts, and
// who it stands for.
//
// A certificate counts only if the handshake has built a chain for it: one that
// was merely presented (PeerCertificates) proves nothing. A certificate in a
// header counts only if a proxy sends it that has itself authenticated by
// mutual TLS.
//
// It depends on the root core types and on package credential and fault.
package mtls
