// Package schema judges requests and responses by the schemas of an OpenAPI
// document (2.0 to 3.2): parameters, bodies and headers.
//
//	document -> tree (package openapi)
//	         -> operations: parameters, media types, headers   (read.go, swagger.go)
//	         -> the schemas in reach, in one dialect           (emit.go, pattern.go)
//	         -> kin-openapi, which checks and compiles them    (compile.go, relax.go)
//	request  -> values, by style and media type                (style.go, form.go, json.go)
//	         -> problems, each with a JSON pointer             (check.go, cost.go, dialect.go)
//
// Security is no business of this package: no credential is looked at, and a
// parameter that stands where a security scheme reads its key is left out.
// Problems never repeat what a client sent, names of its own members aside.
//
// What can't be followed is left out with a warning, or fails the load (Strict).
// What is left out never makes a request fail that the whole document allows.
//
// It is the only importer of kin-openapi. The decoders of openapi3filter are not
// used: they take the first of several values, refuse untyped parameters and
// unknown parts of forms, and repeat values in their errors.
package schema
