package mgw

import (
	"context"
	"errors"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// Actor is who changes keys, and from where.
type Actor struct {
	Name    string // the user; "" for whoever may use the admin API
	Address string // the client's; "" if unknown
	Via     string // ViaIssuer or ViaAdmin
}

// The ways to a key.
const (
	ViaIssuer = "issuer"
	ViaAdmin  = "admin"
)

// IssueKey issues a key, and says so. Its errors are those of
// [apikey.Authority.Mint].
func (a *App) IssueKey(ctx context.Context, by Actor, g apikey.Grant) (apikey.Issued, error) {
	issued, err := a.authority.Mint(ctx, g)
	if err != nil {
		a.RefuseKey(by, g.Subject, err.Error())
		return issued, err
	}
	a.metrics.issued.Inc()
	e := entry{event: eventIssued, by: by, id: issued.ID, subject: g.Subject, name: g.Name, expires: issued.Expires}
	for _, api := range g.APIs {
		e.apis = append(e.apis, api.Name+" "+api.Version)
	}
	e.scopes = g.Scopes
	a.audit(e)
	return issued, nil
}

// RefuseKey says that somebody was refused a key, and why; no more of it is kept.
func (a *App) RefuseKey(by Actor, subject, reason string) {
	a.audit(entry{event: eventRefused, by: by, subject: subject, reason: reason})
}

// RotateKey replaces a key, and says so. Its errors are those of
// [apikey.Authority.Rotate].
func (a *App) RotateKey(ctx context.Context, by Actor, id string, how apikey.Rotation) (apikey.Issued, error) {
	issued, err := a.authority.Rotate(ctx, id, how)
	if err != nil {
		return issued, err
	}
	a.metrics.issued.Inc()
	a.audit(entry{event: eventRotated, by: by, id: id, successor: issued.ID, expires: issued.Expires})
	return issued, nil
}

// RevokeKey ends a key, and says so. Where there is no record of it, it is ended
// all the same if unrecorded is set. Its errors are those of
// [apikey.Authority.Revoke].
func (a *App) RevokeKey(ctx context.Context, by Actor, id, reason string, unrecorded bool) (Key, error) {
	r, err := a.authority.Revoke(ctx, id, reason)
	if unrecorded && errors.Is(err, ledger.ErrNotFound) {
		r, err = ledger.Record{ID: id}, a.authority.RevokeUnrecorded(ctx, id, reason)
	}
	if err != nil {
		return Key{}, err
	}
	a.metrics.revoked.Inc()
	a.audit(entry{event: eventRevoked, by: by, id: id, subject: r.Subject, name: r.Name, reason: reason})
	return a.key(r), nil
}

// RevokeKeys ends all keys that a subject, or everyone, was issued before a
// moment. Its errors are those of [apikey.Authority.RevokeIssuedBefore].
func (a *App) RevokeKeys(ctx context.Context, by Actor, subject string, before time.Time, reason string) error {
	if err := a.authority.RevokeIssuedBefore(ctx, subject, before, reason); err != nil {
		return err
	}
	a.metrics.revoked.Inc()
	a.audit(entry{event: eventRevoked, by: by, subject: subject, before: before, reason: reason})
	return nil
}

// Revocable reports whether a principal is the holder of a key of this gateway.
func (a *App) Revocable(p *caddymgw.Principal) bool {
	return p.KeyID != "" && p.Issuer == a.Issuer()
}

// Revoked reports whether the key of a principal is revoked now.
func (a *App) Revoked(p *caddymgw.Principal) bool {
	return a.Revocable(p) && a.authority.Standing(p.KeyID, p.Subject, p.IssuedAt, time.Now()).Revoked
}
