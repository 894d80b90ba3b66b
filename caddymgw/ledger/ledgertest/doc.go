// Package ledgertest states what every ledger.Ledger holds to: each sentence of
// its comments is a test here. It keeps to times from 2030 on, so that a store
// with a clock of its own forgets nothing early.
package ledgertest
