package apikey

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// Owns reports whether the credential has the shape of a JWT.
func (a *Authority) Owns(_ *caddymgw.Scheme, c credential.Credential) bool {
	return strings.Count(c.Value.Reveal(), ".") == 2
}

// Challenge returns that of the scheme's place.
func (a *Authority) Challenge(r *caddymgw.Requirement) string {
	return fault.APIKeyChallenge(r.Scheme.Realm, string(r.Scheme.Place.In), r.Scheme.Param)
}

// Verify judges a key. Only that a signature is good is remembered; all else
// is judged on every call, revocation last of what makes a key authentic.
func (a *Authority) Verify(ctx context.Context, r *caddymgw.Request, req *caddymgw.Requirement, c credential.Credential) caddymgw.Verdict {
	o := a.opened.Load()
	if o == nil {
		return caddymgw.UnavailableFor(caddymgw.ReasonNotReady)
	}
	v, reason := a.verified(ctx, o, presented{r, req.Scheme, c.Value.Reveal()})
	switch reason {
	case caddymgw.ReasonNone:
	case caddymgw.ReasonNotReady:
		return caddymgw.UnavailableFor(reason)
	default:
		return caddymgw.RefusedFor(reason)
	}
	l := v.Derived.(*limits)
	standing := o.Revocations.Standing(v.Claims.Issuer, v.Claims.ID, v.Claims.Subject, v.Claims.IssuedAt, r.Now)
	switch {
	case standing.Revoked:
		return caddymgw.RefusedFor(caddymgw.ReasonRevoked)
	case standing.Unknown:
		return caddymgw.UnavailableFor(caddymgw.ReasonStale)
	case !l.owner.Holds(r.HTTP.TLS):
		return caddymgw.RefusedFor(caddymgw.ReasonCertificate)
	case !l.allows(r.Operation.API, a.config.RequireListedAPIs):
		return caddymgw.RefusedFor(caddymgw.ReasonAPI)
	}
	if v.Claims.Issuer == a.config.Issuer && !r.Rehearsal {
		l.use(o, r.Now)
	}
	verdict := caddymgw.Verdict{Outcome: caddymgw.Satisfied, Principal: l.principal, Retirement: standing.Retirement}
	if reason := l.permits(r); reason != caddymgw.ReasonNone {
		verdict.Outcome, verdict.Fault, verdict.Reason = caddymgw.Forbidden, fault.AccessDenied, reason
	}
	return verdict
}

func (o *Resources) missed() {
	if o.UnknownKey != nil {
		o.UnknownKey()
	}
}

// use tells that the key was used, once a minute.
func (l *limits) use(o *Resources, now time.Time) {
	if o.Used == nil {
		return
	}
	minute := now.Unix() / 60
	if before := l.used.Load(); before != minute && l.used.CompareAndSwap(before, minute) {
		o.Used(l.principal.KeyID, now)
	}
}

// presented is a key, and what it was presented with.
type presented struct {
	request *caddymgw.Request
	scheme  *caddymgw.Scheme
	text    string
}

// verified returns the token if its signature is good, by the cache or by
// cryptography, and its claims hold now. What is cheap is checked first.
func (a *Authority) verified(ctx context.Context, o *Resources, p presented) (*token.Verified, caddymgw.Reason) {
	v, seen := o.Cache.Get(p.text)
	if !seen {
		t, err := token.Parse(p.text, a.mayBeKey)
		if err != nil {
			return nil, reasonOf(err)
		}
		v = &token.Verified{Token: t}
	}
	if from, ok := a.trusts[v.Claims.Issuer]; ok {
		return a.foreign(ctx, from, o.Cache, v, seen, p)
	}
	if o.Ring == nil {
		return nil, caddymgw.ReasonUnknownKey
	}
	key, ok := o.Ring.Lookup(v.KeyID)
	switch {
	case !ok:
		o.missed()
		return nil, caddymgw.ReasonUnknownKey
	case v.Algorithm != key.Algorithm:
		return nil, caddymgw.ReasonAlgorithm
	}
	if reason := a.claims(v, p.request); reason != caddymgw.ReasonNone {
		return nil, reason
	}
	// A kid is a hash of its key, and the ring may have been read anew.
	if kid, ok := v.Key.(string); seen && ok && kid == key.ID {
		return v, caddymgw.ReasonNone
	}
	if err := v.Verify(key.Algorithm, key.Signer.Public()); err != nil {
		return nil, reasonOf(err)
	}
	l, ok := readLimits(v.Claims.All)
	if !ok {
		return nil, caddymgw.ReasonClaims
	}
	l.principal = principal(v.Token, l, p.scheme)
	v = &token.Verified{Token: v.Token, Key: key.ID, Derived: l}
	o.Cache.Put(p.text, v)
	return v, caddymgw.ReasonNone
}

// mayBeKey judges by the header alone, before the payload is read: anybody can
// send one.
func (a *Authority) mayBeKey(h token.Header) error {
	if h.Type == Type || len(a.trusts) > 0 && isForeignType(h.Type) {
		return nil
	}
	return token.ErrType
}

// principal is made once for a key, under the name of the scheme that it was
// first seen at.
func principal(t *token.Token, l *limits, s *caddymgw.Scheme) *caddymgw.Principal {
	return &caddymgw.Principal{
		Subject:  t.Claims.Subject,
		Issuer:   t.Claims.Issuer,
		Scheme:   s.Name,
		KeyID:    t.Claims.ID,
		Scopes:   l.scopes,
		Roles:    l.roles,
		IssuedAt: t.Claims.IssuedAt,
		Expires:  t.Claims.Expires,
		Claims:   t.Claims.All,
	}
}

func (a *Authority) claims(v *token.Verified, r *caddymgw.Request) caddymgw.Reason {
	c := &v.Claims
	switch {
	case v.Type != Type:
		return caddymgw.ReasonType
	case c.Issuer != a.config.Issuer:
		return caddymgw.ReasonIssuer
	case a.config.Audience != "" && !slices.Contains(c.Audience, a.config.Audience):
		return caddymgw.ReasonAudience
	case c.ID == "" || c.Subject == "" || c.IssuedAt.IsZero():
		return caddymgw.ReasonClaims
	case c.Expires.IsZero() && a.config.Validity > 0:
		return caddymgw.ReasonClaims // keys without end are not issued here, or no longer
	}
	if err := c.CheckTime(r.Now, a.config.Leeway); err != nil {
		return reasonOf(err)
	}
	return caddymgw.ReasonNone
}

func reasonOf(err error) caddymgw.Reason {
	switch {
	case errors.Is(err, token.ErrExpired):
		return caddymgw.ReasonExpired
	case errors.Is(err, token.ErrNotYetValid):
		return caddymgw.ReasonNotYet
	case errors.Is(err, token.ErrSignature):
		return caddymgw.ReasonSignature
	case errors.Is(err, token.ErrAlgorithm), errors.Is(err, token.ErrKey):
		return caddymgw.ReasonAlgorithm
	case errors.Is(err, token.ErrType):
		return caddymgw.ReasonType
	case errors.Is(err, token.ErrClaims):
		return caddymgw.ReasonClaims
	}
	return caddymgw.ReasonMalformed
}

// LooksLikeKey reports whether a token says of itself that it is an API key of
// this gateway, in the form in which they are issued. It proves nothing, and
// costs little where it is none: every word of an Authorization header is asked.
func LooksLikeKey(s string) bool {
	if len(s) < minLength || !strings.HasPrefix(s, headerStart) || strings.Count(s, ".") != 2 {
		return false
	}
	h, err := token.Peek(s)
	return err == nil && h.Type == Type
}

const (
	// headerStart begins every token whose header begins with a member.
	headerStart = "eyJ"
	// minLength is less than header and signature of any key take.
	minLength = 140
)
