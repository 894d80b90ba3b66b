// Package ledger is the durable record of issued API keys: who got which key,
// what it is good for, when it was last used, and what is revoked. The key itself
// is never in it.
//
// Memory is for tests and for gateways that are thrown away; bolt keeps a file,
// redis is shared by many gateways. ledgertest states what every ledger holds
// to. It imports nothing of this module.
package ledger
