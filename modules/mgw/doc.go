// Package mgw is the Caddy app "mgw": what the gateway's handlers share. It
// holds the users, the authority that signs API keys, the issuers whose access
// tokens count, the state that outlives a reload, and the names that logs must
// not show.
//
// Provision reads and checks, and has no effects: `caddy validate` ends there.
// Ready has the effects: it opens the signing keys in Caddy's storage. Start
// calls it, and so does each handler before its first decision, since Caddy
// starts apps in no fixed order.
//
// Guest modules: mgw.verifiers.* (VerifierModule).
package mgw
