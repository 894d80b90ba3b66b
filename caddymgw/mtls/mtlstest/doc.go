// Package mtlstest makes authorities and certificates for tests of mutual TLS.
package mtlstest
