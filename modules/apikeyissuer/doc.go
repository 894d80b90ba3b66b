// Package apikeyissuer is the handler http.handlers.apikey_issuer: it gives an
// API key to whoever logs in with HTTP Basic.
package apikeyissuer
