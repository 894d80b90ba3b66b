package ledger

import (
	"errors"
	"time"
)

// Revocation ends keys: one by its id, or all that a subject, or everyone, was
// issued before a moment.
type Revocation struct {
	ID           string    `json:"id,omitempty"`           // jti; excludes Subject and IssuedBefore
	Subject      string    `json:"subject,omitempty"`      // "" with IssuedBefore: everyone
	IssuedBefore time.Time `json:"issued_before,omitzero"` // iat before this moment; required without ID
	Made         time.Time `json:"made"`                   // when it was asked for
	Effective    time.Time `json:"effective"`              // from when on it holds: a replaced key lives on for a while
	Reason       string    `json:"reason,omitempty"`       //
	ReplacedBy   string    `json:"replaced_by,omitempty"`  // with ID: the id of the successor
	Expires      time.Time `json:"expires,omitzero"`       // when the last key that it ends has expired; zero: never
}

// Check returns what is wrong with the form of a revocation.
func (r Revocation) Check() error {
	switch {
	case r.ID != "" && (r.Subject != "" || !r.IssuedBefore.IsZero()):
		return errors.New("a revocation is by id, or by subject and moment")
	case r.ID == "" && r.IssuedBefore.IsZero():
		return errors.New("a revocation without an id needs a moment")
	case r.Effective.IsZero():
		return errors.New("a revocation needs to take effect")
	}
	return nil
}

// UTC returns the revocation with its times in UTC.
func (r Revocation) UTC() Revocation {
	r.IssuedBefore, r.Made, r.Effective, r.Expires = r.IssuedBefore.UTC(), r.Made.UTC(), r.Effective.UTC(), r.Expires.UTC()
	return r
}

// Key names what a revocation is about: of two with one key, one suffices.
func (r Revocation) Key() string {
	if r.ID != "" {
		return "id:" + r.ID
	}
	return "subject:" + r.Subject
}

// Supersedes reports whether r ends more than an older one with the same Key:
// an id sooner, or keys that were issued later.
func (r Revocation) Supersedes(old Revocation) bool {
	if r.ID != "" {
		return r.Effective.Before(old.Effective)
	}
	return r.IssuedBefore.After(old.IssuedBefore)
}

// Event is what a watcher is told.
type Event struct {
	Revocation Revocation
	// Synced says that all which was acknowledged before has been told, and
	// nothing else.
	Synced bool
}
