package apikey

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// ErrEnded means that a key has expired, or was revoked: it has no successor.
var ErrEnded = errors.New("the key has expired or is revoked")

// Rotation says how a key is replaced.
type Rotation struct {
	// Overlap is how long the old key works on. Nil: the authority's; longer
	// ones are cut to it.
	Overlap *time.Duration
	// Narrow may cut what the successor is good for, which is else what the old
	// key was. Nil: nothing is cut. Its error ends the rotation.
	Narrow func(*Grant) error
}

// SetOverlap takes the overlap as a request says it, in seconds; nil: it says
// nothing. Its error is a *GrantError.
func (r *Rotation) SetOverlap(seconds *int64) error {
	if seconds == nil {
		return nil
	}
	if *seconds < 0 {
		return &GrantError{"overlap", "must be a number of seconds, 0 at least"}
	}
	overlap := time.Duration(min(*seconds, int64(maxLife/time.Second))) * time.Second
	r.Overlap = &overlap
	return nil
}

// Rotate issues a successor with the rights and the life span of a key, and lets
// the old one work for the overlap. Of many rotations of one key, one succeeds;
// the others get ledger.ErrReplaced, and nothing changes. Whoever lost the answer
// rotates the successor, whose id the record of the old key names.
//
// Errors: ErrNotReady, ErrNoLedger, ErrEnded, ledger.ErrNotFound,
// ledger.ErrReplaced, that of Narrow, a *GrantError, or what the ledger says.
func (a *Authority) Rotate(ctx context.Context, id string, how Rotation) (Issued, error) {
	o, err := a.issuing()
	if err != nil {
		return Issued{}, err
	}
	old, err := o.Ledger.Get(ctx, id)
	if err != nil {
		return Issued{}, err
	}
	now := a.config.Now()
	switch standing := a.Standing(old.ID, old.Subject, old.Issued, now); {
	case old.ReplacedBy != "":
		return Issued{}, ledger.ErrReplaced
	case standing.Revoked, !old.Revoked.IsZero(), !old.Expires.IsZero() && !now.Before(old.Expires):
		return Issued{}, ErrEnded
	}
	g := grantOf(old)
	if how.Narrow != nil {
		if err := how.Narrow(&g); err != nil {
			return Issued{}, err
		}
	}
	issued, successor, err := a.make(ctx, o, g)
	if err != nil {
		return Issued{}, err
	}
	overlap := a.config.Overlap
	if how.Overlap != nil && *how.Overlap < overlap {
		overlap = max(0, *how.Overlap)
	}
	end := ledger.Revocation{
		ID: old.ID, Made: now.UTC(), Effective: now.Add(overlap).UTC(), Reason: "replaced",
		ReplacedBy: issued.ID, Expires: old.Expires,
	}
	if err := o.Ledger.Replace(ctx, successor, end); err != nil {
		return Issued{}, fmt.Errorf("recording the successor: %w", err)
	}
	o.applied(end)
	return issued, nil
}

// grantOf is what a recorded key was issued for.
func grantOf(r ledger.Record) Grant {
	g := Grant{
		Subject: r.Subject, Name: r.Name, Scopes: r.Scopes, Operations: r.Operations,
		Addresses: r.Addresses, Referers: r.Referers, Certificate: r.Certificate,
	}
	if !r.Expires.IsZero() {
		g.Life = r.Expires.Sub(r.Issued)
	}
	for _, api := range r.APIs {
		g.APIs = append(g.APIs, AllowedAPI{Name: api.Name, Version: api.Version})
	}
	return g
}

// Revoke ends a key at once. It is idempotent. Errors: ErrNotReady, ErrNoLedger,
// ledger.ErrNotFound, or what the ledger says; then the key may still work.
func (a *Authority) Revoke(ctx context.Context, id, reason string) (ledger.Record, error) {
	r, err := a.Record(ctx, id)
	if err != nil {
		return r, err
	}
	now := a.config.Now().UTC()
	if !r.Revoked.IsZero() && !r.Revoked.After(now) {
		return r, nil
	}
	end := ledger.Revocation{ID: id, Made: now, Effective: now, Reason: reason, Expires: r.Expires}
	if err := a.revoke(ctx, end); err != nil {
		return r, err
	}
	return r.WithRevocation(end), nil
}

// RevokeUnrecorded ends a key of which there is no record, for the case that the
// ledger was lost: by its id alone.
func (a *Authority) RevokeUnrecorded(ctx context.Context, id, reason string) error {
	now := a.config.Now().UTC()
	return a.revoke(ctx, ledger.Revocation{ID: id, Made: now, Effective: now, Reason: reason})
}

// RevokeIssuedBefore ends all keys that a subject was issued before a moment, or
// everyone's if subject is "". A moment within a second counts as the end of it,
// since keys say no more of when they were issued.
func (a *Authority) RevokeIssuedBefore(ctx context.Context, subject string, before time.Time, reason string) error {
	now := a.config.Now()
	if before.After(now) {
		return &GrantError{"issued_before", "must not lie ahead: keys that are yet to be issued would be revoked"}
	}
	whole := before.Truncate(time.Second)
	if whole.Before(before) {
		whole = whole.Add(time.Second)
	}
	return a.revoke(ctx, ledger.Revocation{
		Subject: subject, IssuedBefore: whole.UTC(), Made: now.UTC(), Effective: now.UTC(), Reason: reason,
	})
}

// revoke records a revocation, and has it hold here before it is acknowledged.
func (a *Authority) revoke(ctx context.Context, r ledger.Revocation) error {
	o, err := a.issuing()
	if err != nil {
		return err
	}
	if reason := BadText(r.Reason); r.Reason != "" && reason != "" {
		return &GrantError{"reason", reason}
	}
	if err := o.Ledger.Revoke(ctx, r); err != nil {
		return fmt.Errorf("recording the revocation: %w", err)
	}
	o.applied(r)
	return nil
}

func (o *Resources) applied(r ledger.Revocation) {
	if o.Applied != nil {
		o.Applied(r)
	}
}

// Record returns what is known of a key; ledger.ErrNotFound.
func (a *Authority) Record(ctx context.Context, id string) (ledger.Record, error) {
	o, err := a.issuing()
	if err != nil {
		return ledger.Record{}, err
	}
	return o.Ledger.Get(ctx, id)
}

// Records lists what is known of keys.
func (a *Authority) Records(ctx context.Context, q ledger.Query) iter.Seq2[ledger.Record, error] {
	o, err := a.issuing()
	if err != nil {
		return func(yield func(ledger.Record, error) bool) { yield(ledger.Record{}, err) }
	}
	return o.Ledger.List(ctx, q)
}

// State says in a word where a key is in its life.
type State string

// The states of a key.
const (
	Active   State = "active"
	Retiring State = "retiring" // replaced, and works until the overlap ends
	Revoked  State = "revoked"
	Expired  State = "expired"
)

// State returns where a recorded key is in its life.
func (a *Authority) State(r ledger.Record) State {
	now := a.config.Now()
	standing := a.Standing(r.ID, r.Subject, r.Issued, now)
	switch {
	case standing.Revoked, !r.Revoked.IsZero() && !r.Revoked.After(now):
		return Revoked
	case !r.Expires.IsZero() && !now.Before(r.Expires):
		return Expired
	case r.ReplacedBy != "":
		return Retiring
	}
	return Active
}
