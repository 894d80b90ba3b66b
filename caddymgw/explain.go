package caddymgw

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/caddymgw/gateway/caddymgw/credential"
)

// Explanation is a decision with all that led to it, for people. It holds no
// credential's value.
type Explanation struct {
	Decision    Decision
	Client      string            // the address behind trusted proxies; "" if unknown
	Credentials []FoundCredential // in the order of their places
	Steps       []AlternativeStep // one for each alternative of the operation
	Now         time.Time         //
}

// FoundCredential is a credential that the request brought.
type FoundCredential struct {
	Place      credential.Place
	AuthScheme string // the word before it, in lower case; "": none
	// Judged says whether somebody verified it. One that nobody did was not of a
	// kind that the operation accepts, or the request was refused before.
	Judged  bool
	By      Verifier // that judged it
	Outcome Outcome
	Reason  Reason
}

// AlternativeStep is how one alternative fared.
type AlternativeStep struct {
	Holds        bool
	Requirements []RequirementStep // none: {}, which lets anonymous requests in
}

// RequirementStep is how one requirement of an alternative fared.
type RequirementStep struct {
	*Requirement
	Outcome   Outcome
	Reason    Reason
	Principal *Principal // with Satisfied and Forbidden
	Missing   []string   // scopes or roles that the principal lacks
}

// Explain decides as Decide does, by the same code, and says how. It asks of every
// alternative, where Decide stops at the first that holds, and tells no Observer.
func (g *Gateway) Explain(ctx context.Context, r *http.Request) Explanation {
	now := time.Now
	if g.Now != nil {
		now = g.Now
	}
	e := &evaluation{req: Request{HTTP: r, Now: now(), Client: g.client(r), Rehearsal: true}, sameSubject: g.SameSubject}
	d := g.decide(ctx, e)
	x := Explanation{Decision: g.settle(ctx, e, d), Now: e.req.Now}
	x.Decision.Principals = slices.Clone(x.Decision.Principals) // what follows uses their place again
	x.Decision.Verified = slices.Clone(x.Decision.Verified)
	if e.req.Client.IsValid() {
		x.Client = e.req.Client.String()
	}
	op := d.Operation
	if op == nil || op.Public() || d.refusedUnread() {
		return x
	}
	judgeable := d.Denial == nil || d.Denial.Reason != ReasonRepeated && d.Denial.Reason != ReasonAmbiguous
	if judgeable {
		for _, alt := range op.Alternatives {
			x.Steps = append(x.Steps, e.step(ctx, alt))
		}
	}
	for i, c := range e.req.Credentials {
		x.Credentials = append(x.Credentials, e.foundAt(i, c))
	}
	return x
}

// refusedUnread reports whether a request was refused before credentials were
// looked for.
func (d *Decision) refusedUnread() bool {
	return d.Denial != nil && slices.Contains([]Reason{ReasonPath, ReasonQuery, ReasonTransport}, d.Denial.Reason)
}

func (e *evaluation) step(ctx context.Context, alt Alternative) AlternativeStep {
	_, denial := e.alternative(ctx, alt)
	s := AlternativeStep{Holds: denial == nil}
	for k := range alt {
		r := &alt[k]
		v := e.requirement(ctx, r)
		step := RequirementStep{Requirement: r, Outcome: v.Outcome, Reason: v.Reason, Principal: v.Principal}
		if v.Outcome == Satisfied && !r.granted(v.Principal) {
			step.Outcome, step.Reason, step.Missing = Forbidden, ReasonScope, r.missing(v.Principal)
		}
		if v.Outcome == Absent {
			step.Reason = ReasonMissing
		}
		if r.Verifier == Closed() {
			step.Reason = ReasonNoVerifier
		}
		s.Requirements = append(s.Requirements, step)
	}
	return s
}

func (e *evaluation) foundAt(i int, c credential.Credential) FoundCredential {
	f := FoundCredential{Place: c.Place, AuthScheme: c.AuthScheme}
	for _, j := range e.verdicts {
		if j.credential != i {
			continue
		}
		if !f.Judged || j.verdict.Outcome == Satisfied || j.verdict.Outcome == Forbidden {
			f.By, f.Outcome, f.Reason = j.verifier, j.verdict.Outcome, j.verdict.Reason
		}
		f.Judged = true
	}
	return f
}
