// Package conformance holds the tests that hold the gateway to what OpenAPI
// says about security. There is nothing else in it.
//
//	conformance_test.go  the sentences of the specifications, each with a small
//	                     document and requests; sentences_*_test.go has them
//	page_test.go         writes docs/conformance.md from these
//	corpus_test.go       every operation of the real documents, every alternative,
//	                     with right credentials and each of them spoilt
//	combinations_test.go the same for every combination of every type of scheme
//	oracle_test.go       a second reading of the rules, which says what must come out
//	credential_test.go   what a client sends; house_test.go makes it
//
// The verifiers are the real ones, and so are the signatures.
package conformance
