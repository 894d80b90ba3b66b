// Package openapicors is the handler http.handlers.openapi_cors: it lets pages of
// other origins call an API (the CORS protocol of the Fetch standard). The
// protocol itself is that of github.com/rs/cors.
package openapicors
