// Package admin is the module admin.api.mgw: what an operator sees and changes
// of the gateway, below /mgw/ on Caddy's admin endpoint, which checks Host and
// Origin, or client certificates, before anything here is called.
//
//	GET    /mgw/apis, /mgw/apis/{name}/{version}     apis.go
//	GET    /mgw/keys, /mgw/keys/{id}                 keys.go
//	POST   /mgw/keys, /mgw/keys/{id}/rotate          issue.go
//	DELETE /mgw/keys/{id}, POST /mgw/revocations     revoke.go
//	*      /mgw/signing-keys ...                     signingkeys.go
//	POST   /mgw/inspect                              inspect.go
//	POST   /mgw/explain                              explain.go
//	GET    /mgw/openapi.json                         openapi.json describes it all
//
// Caddy makes a router for each of its admin endpoints and never cleans one up,
// so it holds nothing: each request takes the app of the configuration that runs.
package admin
