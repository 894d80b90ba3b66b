package mgw

import (
	"time"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// Key is what is known of an API key, as the issuer and the admin API show it.
// The key itself is not in it, and is kept nowhere.
type Key struct {
	ID          string       `json:"id"`
	Subject     string       `json:"subject"`
	Name        string       `json:"name,omitempty"`
	State       apikey.State `json:"state"`
	APIs        []ledger.API `json:"apis,omitempty"`
	Scopes      []string     `json:"scopes,omitempty"`
	Operations  []string     `json:"operations,omitempty"`
	Addresses   []string     `json:"permittedIPs,omitempty"`
	Referers    []string     `json:"permittedReferers,omitempty"`
	Certificate string       `json:"certificate,omitempty"` // x5t#S256
	SigningKey  string       `json:"signing_key,omitempty"` // kid
	IssuedAt    time.Time    `json:"issued_at"`
	ExpiresAt   *time.Time   `json:"expires_at"`           // null: never
	LastUsedAt  *time.Time   `json:"last_used_at"`         // null: not yet
	SunsetAt    *time.Time   `json:"sunset_at,omitempty"`  // of a retiring key
	RevokedAt   *time.Time   `json:"revoked_at,omitempty"` // of one that was revoked by its id
	RevokedFor  string       `json:"revoked_for,omitempty"`
	ReplacedBy  string       `json:"replaced_by,omitempty"` // the id of its successor
}

// key is the record with what is not in it yet.
func (a *App) key(r ledger.Record) Key {
	if a.opening != nil {
		if last, ok := a.opening.used.Last(r.ID); ok && last.After(r.LastUsed) {
			r.LastUsed = last
		}
	}
	k := Key{
		ID: r.ID, Subject: r.Subject, Name: r.Name, State: a.authority.State(r), APIs: r.APIs, Scopes: r.Scopes, Operations: r.Operations,
		Addresses: r.Addresses, Referers: r.Referers, Certificate: r.Certificate, SigningKey: r.SigningKey,
		IssuedAt: r.Issued, ExpiresAt: moment(r.Expires), LastUsedAt: moment(r.LastUsed), ReplacedBy: r.ReplacedBy,
	}
	switch k.State {
	case apikey.Retiring:
		k.SunsetAt = moment(r.Revoked)
	case apikey.Revoked:
		k.RevokedAt, k.RevokedFor = moment(r.Revoked), r.Reason
	}
	return k
}

// moment is null in JSON where t is zero.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
