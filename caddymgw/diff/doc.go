// Package diff compares what two OpenAPI documents ask for: who may call an
// operation by the new one that could not by the old one, and the other way round.
//
//	formula.go   the security of an operation, as a formula
//	compare.go   two documents, operation by operation
//	detour.go    requests that another operation gets now
//	report.go    what became of it, and what makes a build fail
//	security.go  security in words
//
// A formula names credentials and scopes, and none of them in the negative, so that
// more credentials never open less. Of two such formulas one opens more exactly if
// one of its alternatives needs less than each of the other's.
//
// Two schemes are one if name, type and place are equal: verifiers are given to
// schemes by their name. It imports the core types and package openapi.
package diff
