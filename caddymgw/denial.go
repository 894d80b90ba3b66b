package caddymgw

import (
	"time"

	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// Reason tells the operator, never the client, why a credential or a request
// was refused. It is from a closed set, fit for a metric label.
type Reason string

// The reasons.
const (
	ReasonNone          Reason = ""
	ReasonPath          Reason = "path_not_canonical"
	ReasonQuery         Reason = "query_not_canonical"
	ReasonNoOperation   Reason = "no_such_operation"
	ReasonNoMethod      Reason = "no_such_method"
	ReasonTransport     Reason = "transport"
	ReasonMissing       Reason = "missing"
	ReasonKind          Reason = "kind_not_accepted"
	ReasonRepeated      Reason = "repeated"
	ReasonAmbiguous     Reason = "ambiguous"
	ReasonNoVerifier    Reason = "no_verifier"
	ReasonMalformed     Reason = "malformed"
	ReasonAlgorithm     Reason = "algorithm"
	ReasonUnknownKey    Reason = "unknown_key"
	ReasonSignature     Reason = "signature"
	ReasonType          Reason = "type"
	ReasonIssuer        Reason = "issuer"
	ReasonAudience      Reason = "audience"
	ReasonExpired       Reason = "expired"
	ReasonNotYet        Reason = "not_yet_valid"
	ReasonClaims        Reason = "claims"
	ReasonRevoked       Reason = "revoked"
	ReasonStale         Reason = "revocations_unknown"
	ReasonCertificate   Reason = "certificate_not_accepted"
	ReasonAPI           Reason = "api_not_allowed"
	ReasonOperation     Reason = "operation_not_allowed"
	ReasonAddress       Reason = "address_not_allowed"
	ReasonReferer       Reason = "referer_not_allowed"
	ReasonScope         Reason = "scope"
	ReasonSubject       Reason = "subjects_differ"
	ReasonWrongPassword Reason = "wrong_password"
	ReasonBusy          Reason = "busy"
	ReasonNotReady      Reason = "not_ready"
)

// Denial is why a request does not pass, and what the client is told.
type Denial struct {
	Status     int
	Fault      fault.Code
	Challenges []string // WWW-Authenticate values, with 401 and 403
	Allow      []string // methods, with 405
	RetryAfter time.Duration
	Reason     Reason
}

// Deny returns the denial that goes with a code.
func Deny(code fault.Code, reason Reason) *Denial {
	return &Denial{Status: code.Status(), Fault: code, Reason: reason}
}

// retryAfter is how soon a client is told to come back after a 503.
const retryAfter = 5 * time.Second

// Decision is the outcome for one request. It depends on nothing but the
// request, the clock and the verdicts.
type Decision struct {
	Operation  *Operation   // nil if none matched
	Principals []*Principal // [0] is the subject; empty for an anonymous request
	// Verified lists the credentials found authentic; the border removes all
	// others, and these unless it is told to forward them.
	Verified []credential.Credential
	// Retirement is the soonest of the credentials that were used.
	Retirement Retirement
	Denial     *Denial // nil: pass
	// Report is the refusal that was not made, of a request that passes though it
	// should not. Nil: all that was asked for holds.
	Report *Report
}

// Expires is when the first of the principals' credentials ends; zero: none does.
func (d Decision) Expires() (first time.Time) {
	for _, p := range d.Principals {
		if !p.Expires.IsZero() && (first.IsZero() || p.Expires.Before(first)) {
			first = p.Expires
		}
	}
	return first
}

// Observer is told of every decision. Metrics and logs lie behind it, outside
// of the core.
type Observer interface {
	Decided(*Request, Decision, time.Duration)
}
