// Package ledgers has the modules in the namespace mgw.ledgers: bolt, redis and
// none. Each says where issued and revoked API keys are recorded; packages
// caddymgw/ledger/* do it.
package ledgers
