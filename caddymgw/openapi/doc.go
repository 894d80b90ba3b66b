// Package openapi reads from an OpenAPI document (2.0, 3.0, 3.1, 3.2; YAML or
// JSON) what a gateway enforces, and says which operation a request is for.
//
//	bytes -> tree (json.go, yaml.go, tree.go)   lines and JSON pointers, nothing interpreted
//	      -> references (source.go, ref.go)     local files only
//	      -> operations (compile.go, security.go, servers.go, wso2.go)
//	      -> trie (template.go, trie.go)
//	request -> Canonical -> Document.Route
//
// Beside the security it reads what goes with a gateway: cors.go (x-wso2-cors),
// endpoints*.go (where requests go), overlap.go (which paths two documents
// share), node.go (the tree, for those who read schemas).
//
// It never looks into parameters, bodies, responses and schemas, so a document
// whose examples are wrong still loads, while one whose security can't be read
// does not. Everything that it reads and does not understand is an Error with
// line and JSON pointer. It imports the core types and nothing of Caddy.
package openapi
