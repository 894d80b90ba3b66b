// Package ledger is the durable record of issued API keys: who got which key,
// and what it is good for. The key itself is never in it.
//
// ledgertest states what every ledger holds to. It imports nothing of this
// module.
package ledger
