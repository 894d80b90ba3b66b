// Package openapivalidate is the handler http.handlers.openapi_validate: it holds
// requests that openapi_auth has let through, and if wanted their responses,
// against the schemas of the OpenAPI document.
package openapivalidate
