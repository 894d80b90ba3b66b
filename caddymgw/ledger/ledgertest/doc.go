// Package ledgertest states what every ledger.Ledger holds to.
package ledgertest
