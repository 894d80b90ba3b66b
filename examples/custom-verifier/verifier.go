package customverifier

import (
	"context"
	"crypto/hmac"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// Owns reports whether a value looks like a ticket. It costs nothing that an
// attacker could make us pay: no cryptography, no I/O. A value that nobody owns
// refuses the request; there is no need to look at it any further.
func (*SignedLink) Owns(_ *caddymgw.Scheme, c credential.Credential) bool {
	_, ok := parse(c.Value.Reveal())
	return ok
}

// Verify checks the ticket, what is cheap first. It does not look at the roles
// that the requirement asks for: it says which ones the link has, and the gateway
// compares. What was wrong goes to the log as a Reason, never to the client.
func (v *SignedLink) Verify(_ context.Context, r *caddymgw.Request, req *caddymgw.Requirement, c credential.Credential) caddymgw.Verdict {
	value := c.Value.Reveal()
	t, ok := parse(value)
	if !ok {
		return refused(caddymgw.ReasonMalformed)
	}
	key, ok := v.known[t.key]
	if !ok {
		return refused(caddymgw.ReasonUnknownKey)
	}
	if !r.Now.Before(t.expires) { // the clock of the request, which tests can set
		return refused(caddymgw.ReasonExpired)
	}
	if t.expires.After(r.Now.Add(time.Duration(v.Longest))) {
		return refused(caddymgw.ReasonClaims)
	}
	target, ok := t.unsigned(r.HTTP, c.Name, value)
	if !ok {
		return refused(caddymgw.ReasonMalformed)
	}
	// In constant time, or an attacker could find the mac byte by byte.
	if !hmac.Equal([]byte(t.mac), []byte(mac(key.secret, r.HTTP.Method, target))) {
		return refused(caddymgw.ReasonSignature)
	}
	return caddymgw.Verdict{Outcome: caddymgw.Satisfied, Principal: &caddymgw.Principal{
		Subject: t.key,
		Scheme:  req.Scheme.Name,
		KeyID:   t.key,
		Roles:   key.Roles,
		Expires: t.expires,
	}}
}

func refused(reason caddymgw.Reason) caddymgw.Verdict {
	return caddymgw.Verdict{Outcome: caddymgw.Refused, Fault: fault.InvalidCredentials, Reason: reason}
}

// Challenge tells where a ticket is wanted.
func (*SignedLink) Challenge(r *caddymgw.Requirement) string {
	return fault.APIKeyChallenge(r.Scheme.Realm, string(r.Scheme.Place.In), r.Scheme.Param)
}
