package ledger

import (
	"errors"
	"slices"
	"time"
)

// API is an API that a key may be used for. Version "*" is every version.
type API struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Record is what is known of one key. Its JSON is how ledgers keep it.
type Record struct {
	ID          string    `json:"id"`                    // jti
	Subject     string    `json:"subject"`               // whose key it is
	Name        string    `json:"name,omitempty"`        // what the owner calls it
	APIs        []API     `json:"apis,omitempty"`        // nil lists limit nothing
	Scopes      []string  `json:"scopes,omitempty"`      //
	Operations  []string  `json:"operations,omitempty"`  // operationIds
	Addresses   []string  `json:"addresses,omitempty"`   // CIDRs
	Referers    []string  `json:"referers,omitempty"`    //
	Certificate string    `json:"certificate,omitempty"` // x5t#S256 of the certificate that it is bound to (RFC 8705)
	SigningKey  string    `json:"signing_key,omitempty"` // kid
	Issued      time.Time `json:"issued"`                //
	Expires     time.Time `json:"expires,omitzero"`      // zero: never
	LastUsed    time.Time `json:"last_used,omitzero"`    // zero: not yet; may be minutes behind
	Revoked     time.Time `json:"revoked,omitzero"`      // from when on it is refused, which may be ahead; zero: not revoked by its id
	Reason      string    `json:"revoked_for,omitempty"` // why it was revoked
	ReplacedBy  string    `json:"replaced_by,omitempty"` // the id of its successor
}

// Clone returns a record that shares nothing with r, its times in UTC.
func (r Record) Clone() Record {
	r.APIs, r.Scopes, r.Operations = slices.Clone(r.APIs), slices.Clone(r.Scopes), slices.Clone(r.Operations)
	r.Addresses, r.Referers = slices.Clone(r.Addresses), slices.Clone(r.Referers)
	r.Issued, r.Expires, r.LastUsed, r.Revoked = r.Issued.UTC(), r.Expires.UTC(), r.LastUsed.UTC(), r.Revoked.UTC()
	return r
}

// Check returns what is wrong with the form of a record.
func (r Record) Check() error {
	if r.ID == "" {
		return errors.New("a record needs an id")
	}
	return nil
}

// Gone reports whether a record, or a revocation, that ends at expires need no
// longer be kept.
func Gone(expires, now time.Time, leeway time.Duration) bool {
	return !expires.IsZero() && !now.Before(expires.Add(leeway))
}

// revoke notes a revocation by id.
func (r *Record) revoke(by Revocation) {
	r.Revoked, r.Reason, r.ReplacedBy = by.Effective, by.Reason, by.ReplacedBy
}

// WithRevocation returns the record with a revocation by its id noted, where that
// takes effect before what was noted already.
func (r Record) WithRevocation(by Revocation) Record {
	if r.Revoked.IsZero() || by.Effective.Before(r.Revoked) {
		replacedBy := r.ReplacedBy
		r.revoke(by)
		if r.ReplacedBy == "" {
			r.ReplacedBy = replacedBy // a successor stays one
		}
	}
	return r
}
