// Package caddymgw is the core of the gateway: it decides whether a request may
// pass, and says what the next handler sees. It imports no Caddy.
//
//	bytes -> Caddy (TLS, client certificate) -> openapi_auth
//	   canonical path, or 400          Router          (package openapi)
//	   operation, or 404, 405          Router
//	   credentials found and counted   package credential
//	   each verified at most once      Verifier        (apikey, basic, ...)
//	   alternatives in document order  evaluate.go
//	   Decision                        Gateway.Decide
//	   the border                      Border.Cross
//	-> next handler, which sees exactly what was authorised
//
// The words:
//
//	API          one compiled OpenAPI document                       api.go
//	Operation    a method on a path template, with its security      api.go
//	Alternative  requirements that must all hold                     api.go
//	Requirement  a scheme and the scopes asked of it                 api.go
//	Scheme       a named entry of the security schemes               api.go
//	Verifier     checks one kind of credential                       verifier.go
//	Principal    who a verified credential stands for                verifier.go
//	Denial       why not, and what the client is told                denial.go
//	Decision     the outcome for one request                         denial.go
//	Border       what is removed from and added to a request         border.go
//	Identity     a header that tells the upstream who calls          identity.go
//	Standing     what is known of a key beyond what it says          revocations.go
//	Explanation  a decision with all that led to it                  explain.go
//	ReportOnly   what is decided on and not enforced                 report.go
//	Report       a refusal that was not made                         report.go
//
// Operations, outcomes and reasons say themselves in words (words.go).
//
// The promise: a request passes only if a declared operation matched and one
// whole alternative of its security was satisfied by verified credentials.
// There is no branch in which the want of a verifier lets anything through. What
// ReportOnly names is taken out of the promise, and nothing else.
package caddymgw
