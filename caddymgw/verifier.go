package caddymgw

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// Request is what a verifier sees. It is built once, before any verifier runs.
type Request struct {
	HTTP      *http.Request // headers, URL, TLS; never the body
	Client    netip.Addr    // behind trusted proxies; the zero Addr if unknown
	Operation *Operation
	// Credentials are those found where the operation's schemes look.
	Credentials []credential.Credential
	Now         time.Time
	// Rehearsal: nobody has sent this request, it is only to be explained. That a
	// credential came is noted nowhere.
	Rehearsal bool
}

// Verifier checks one kind of credential. It is safe for concurrent use, and
// its dynamic type is comparable (a pointer): a credential is verified at most
// once per verifier and request.
type Verifier interface {
	// Owns reports whether a credential is this verifier's to judge, by place,
	// shape, type and issuer. It does no cryptography and no I/O.
	Owns(*Scheme, credential.Credential) bool
	// Verify judges a credential that it owns; mutual TLS gets the zero
	// Credential. The verdict must not depend on Requirement.Scopes: the
	// gateway compares them with the principal's scopes and roles.
	Verify(context.Context, *Request, *Requirement, credential.Credential) Verdict
	// Challenge returns one challenge (RFC 9110 section 11.6.1), or "".
	Challenge(*Requirement) string
}

// Ambient marks a verifier that looks for its credential itself, wherever that
// may be. It is asked with the zero Credential, as mutual TLS is. Since it can't
// tell a wrong credential from none, no anonymous alternative may stand beside it.
type Ambient interface {
	Verifier
	Ambient()
}

// Outcome is how a verification ended.
type Outcome uint8

// The outcomes. The zero value is the one that lets nobody in.
const (
	Refused     Outcome = iota // not authentic: malformed, forged, expired, revoked
	Absent                     // nothing was presented
	Unavailable                // cannot be judged now: a key source is not ready
	Forbidden                  // authentic, but lacks a right
	Satisfied
)

// Verdict is what a verifier says of one credential.
type Verdict struct {
	Outcome   Outcome
	Principal *Principal // with Satisfied and Forbidden
	Fault     fault.Code // with the others
	Reason    Reason
	// Challenge is one that could not be known before the request; "": none.
	Challenge string
	// Retirement is that of a credential which has a successor.
	Retirement Retirement
}

// RefusedFor is the verdict on a credential that is not good (900901).
func RefusedFor(reason Reason) Verdict {
	return Verdict{Outcome: Refused, Fault: fault.InvalidCredentials, Reason: reason}
}

// UnavailableFor is the verdict while a credential can't be judged (900900).
func UnavailableFor(reason Reason) Verdict {
	return Verdict{Outcome: Unavailable, Fault: fault.Unclassified, Reason: reason}
}

// Principal is who a credential stands for, once it is verified. It is never
// changed: a verifier may return one for many requests. The gateway puts it
// under the name of the scheme that it is asked for.
type Principal struct {
	Subject, Issuer, Scheme, KeyID string
	Scopes, Roles                  []string
	IssuedAt, Expires              time.Time // zero: unknown, never
	Claims                         map[string]any
	// Recheck asks again, for a connection that stays, whether the credential
	// holds. It may take a while. Nil: it does until Expires, as far as its
	// issuer can tell.
	Recheck func(context.Context, time.Time) bool
}

type closed struct{}

// Closed returns the verifier of a scheme that nothing verifies: it refuses
// everything, so that no alternative which needs it is ever satisfied.
func Closed() Verifier { return closed{} }

func (closed) Owns(*Scheme, credential.Credential) bool { return false }

func (closed) Verify(context.Context, *Request, *Requirement, credential.Credential) Verdict {
	return RefusedFor(ReasonNoVerifier)
}

// Challenge names the kind all the same: where every alternative is closed, a
// 401 still needs one (RFC 9110 section 15.5.2).
func (closed) Challenge(r *Requirement) string {
	switch s := r.Scheme; {
	case s.Type == APIKey:
		return fault.APIKeyChallenge(s.Realm, string(s.Place.In), s.Param)
	case s.Type == HTTP && s.HTTPScheme == "basic":
		return fault.BasicChallenge(s.Realm)
	case s.Type == MutualTLS:
		return ""
	case s.Type == HTTP && s.HTTPScheme != "bearer":
		return fault.OtherChallenge(s.HTTPScheme, s.Realm)
	default:
		return fault.BearerChallenge(s.Realm, "", "")
	}
}
