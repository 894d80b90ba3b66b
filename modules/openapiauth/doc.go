// Package openapiauth is the handler http.handlers.openapi_auth: it lets a
// request pass to the next handler only as the "security" of an OpenAPI
// document allows, and answers everything else itself.
package openapiauth
