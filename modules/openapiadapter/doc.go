// Package openapiadapter is the config adapter openapi: it makes a gateway of an
// OpenAPI document alone. What a document can't say stands in its members
// x-caddymgw-*, which members.schema.json describes. It writes a Caddyfile with
// openapi_gateway, and has the adapter of Caddyfiles read it.
package openapiadapter
