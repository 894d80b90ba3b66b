package revocation

import (
	"time"

	"github.com/caddymgw/gateway/caddymgw"
)

// View is the set as an authority asks it: of credentials of its issuer; all
// others are in good standing. Until the revocations were read, and where
// maxStaleness is positive and contact was lost for longer, those not known to
// be revoked are unknown.
func (s *Set) View(issuer string, maxStaleness time.Duration) caddymgw.Revocations {
	return &view{s, issuer, maxStaleness}
}

type view struct {
	*Set
	issuer       string
	maxStaleness time.Duration
}

var _ caddymgw.Revocations = (*view)(nil)

// Standing implements caddymgw.Revocations.
func (v *view) Standing(issuer, id, subject string, issuedAt, now time.Time) (standing caddymgw.Standing) {
	if issuer != v.issuer {
		return caddymgw.Standing{}
	}
	if v.cuts.Load() > 0 && v.isCut(subject, issuedAt) {
		return caddymgw.Standing{Revoked: true}
	}
	if v.ended.Load() > 0 {
		standing = v.ofID(id, now)
	}
	standing.Unknown = !standing.Revoked && v.stale(now)
	return standing
}

// stale measures by the clock, and without it: it may have been set back since,
// or the machine have slept.
func (v *view) stale(now time.Time) bool {
	contact := v.contact.Load()
	switch {
	case contact == nil:
		return true
	case v.maxStaleness <= 0:
		return false
	}
	return now.Sub(*contact) > v.maxStaleness || now.Round(0).Sub(contact.Round(0)) > v.maxStaleness
}
