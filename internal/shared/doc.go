// Package shared finds the documents and vectors that lie beside the
// repository, for tests to read in place.
package shared
