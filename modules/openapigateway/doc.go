// Package openapigateway is the directive openapi_gateway: a whole gateway for
// one OpenAPI document, or several, in a line. The adapter of Caddyfiles expands
// it to openapi_cors, openapi_auth, openapi_validate and reverse_proxy. Its own
// part at run time is the handler http.handlers.openapi_endpoint.
package openapigateway
