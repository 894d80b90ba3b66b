// Package lint finds what smells in the security of an OpenAPI document: what
// lets more in than its author may have meant, what exposes credentials, and what
// keeps everybody out.
//
//	lint.go       a document in, its findings out
//	rule.go       what a rule is; all of them
//	rules_*.go    the rules, each with an example of what it finds and of its remedy
//	subject.go    the document as rules see it
//	reading.go    operations, schemes and lists of requirements, with where they stand
//	ignore.go     x-caddymgw-lint-ignore
//	finding.go    findings and their counts
//	sarif.go      the same for code scanners (SARIF 2.1.0)
//
// Who may call an operation is asked of package openapi, so that the linter and the
// gateway agree; where things stand is read from the same tree. It imports the core
// types and package openapi.
package lint
