package caddymgw

import (
	"context"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// evaluation is the state of one decision; the small arrays keep the usual
// request at one allocation.
type evaluation struct {
	req         Request
	sameSubject bool
	found       [2]credential.Credential
	good        [2]credential.Credential
	verdicts    []judged
	first       [2]judged
	subjects    [2]*Principal
	before      *evaluation // of the same request; may be nil
}

// judged is a verdict with what it was given for: nothing is verified twice.
type judged struct {
	verifier   Verifier
	credential int // index in req.Credentials; -1: the verifier finds it itself
	verdict    Verdict
}

// decide follows the rules of "Deciding": refuse what is repeated or
// ambiguous, refuse what is presented and not authentic, then admit by the
// first alternative that holds as a whole.
func (e *evaluation) decide(ctx context.Context, query credential.Values) Decision {
	op := e.req.Operation
	d := Decision{Operation: op}
	e.verdicts = e.first[:0]

	found := e.found[:0]
	var repeated bool
	for i, place := range op.plan.places {
		c, n := credential.Find(e.req.HTTP, query, place, op.plan.words[i])
		if n > 1 {
			repeated = true
		}
		if n > 0 {
			found = append(found, c)
		}
	}
	e.req.Credentials = found
	if repeated {
		return e.deny(d, fault.InvalidCredentials, ReasonRepeated)
	}
	if e.ambiguous() {
		return e.deny(d, fault.InvalidCredentials, ReasonAmbiguous)
	}
	accepted := false
	for i := range found {
		ok, denial := e.authentic(ctx, i)
		if denial != nil {
			denial.Challenges = e.challenges(denial)
			d.Denial = denial
			return d
		}
		accepted = accepted || ok
	}
	return e.alternatives(ctx, d, accepted)
}

// verified lists the credentials that somebody found authentic.
func (e *evaluation) verified() []credential.Credential {
	list := e.good[:0]
	for _, j := range e.verdicts {
		if j.credential >= 0 && (j.verdict.Outcome == Satisfied || j.verdict.Outcome == Forbidden) {
			list = append(list, e.req.Credentials[j.credential])
		}
	}
	return list
}

// retirement is the first to end of those that the credentials are in.
func (e *evaluation) retirement() (soonest Retirement) {
	for _, j := range e.verdicts {
		r := j.verdict.Retirement
		if !r.Until.IsZero() && (soonest.Until.IsZero() || r.Until.Before(soonest.Until)) {
			soonest = r
		}
	}
	return soonest
}

// authentic makes sure that a presented credential of an accepted kind is
// found authentic by someone: nothing unverified goes on, and nothing bad
// falls through to a weaker alternative.
func (e *evaluation) authentic(ctx context.Context, i int) (accepted bool, _ *Denial) {
	c := e.req.Credentials[i]
	var worst Verdict
	judged := false
	for _, alt := range e.req.Operation.Alternatives {
		for k := range alt {
			r := &alt[k]
			if !r.Scheme.Accepts(c) {
				continue
			}
			accepted = true
			at := i
			if r.ambient() {
				at = -1
			} else if !r.Verifier.Owns(r.Scheme, c) {
				continue
			}
			v := e.verify(ctx, r, at)
			if v.Outcome == Satisfied || v.Outcome == Forbidden {
				return true, nil
			}
			if !judged || v.Outcome == Unavailable && worst.Outcome != Unavailable {
				worst, judged = v, true
			}
		}
	}
	switch {
	case !accepted:
		return false, nil
	case !judged:
		return true, Deny(fault.InvalidCredentials, ReasonMalformed)
	default:
		return true, denialOf(worst)
	}
}

// alternatives admits by the first alternative that holds, {} last, or says
// why none does.
func (e *evaluation) alternatives(ctx context.Context, d Decision, accepted bool) Decision {
	var unavailable, forbidden, certificate *Denial
	for _, alt := range e.req.Operation.Alternatives {
		principals, denial := e.alternative(ctx, alt)
		switch {
		case denial == nil:
			d.Principals = principals
			d.Verified = e.verified()
			d.Retirement = e.retirement()
			return d
		case denial.Status == fault.Unclassified.Status() && unavailable == nil:
			unavailable = denial
		case denial.Status == fault.AccessDenied.Status() && forbidden == nil:
			forbidden = denial
		case denial.Status == fault.InvalidCredentials.Status() && denial.Reason != ReasonMissing && certificate == nil:
			certificate = denial
		}
	}
	switch {
	case unavailable != nil:
		d.Denial = unavailable
	case forbidden != nil:
		forbidden.Challenges = e.challenges(forbidden)
		d.Denial = forbidden
	case certificate != nil:
		certificate.Challenges = e.req.Operation.plan.challenges
		d.Denial = certificate
	case !accepted && (len(e.req.Credentials) > 0 || e.otherAuthorization()):
		return e.deny(d, fault.SchemeNotAccepted, ReasonKind)
	default:
		return e.deny(d, fault.MissingCredentials, ReasonMissing)
	}
	return d
}

// otherAuthorization reports whether an Authorization came to an operation that
// reads none.
func (e *evaluation) otherAuthorization() bool {
	_, n := credential.Find(e.req.HTTP, credential.Values{}, authorization, true)
	return n > 0
}

// alternative reports whether all requirements hold. Its denial is a 403 only
// if every requirement is authenticated and some right is missing. A certificate
// is ambient, browsers send it unasked: one that is not accepted refuses the
// alternatives that want it, not the request.
func (e *evaluation) alternative(ctx context.Context, alt Alternative) ([]*Principal, *Denial) {
	principals := e.subjects[:0]
	var missing, unavailable, forbidden, certificate *Denial
	for k := range alt {
		r := &alt[k]
		v := e.requirement(ctx, r)
		switch {
		case v.Outcome == Satisfied && r.granted(v.Principal):
			principals = append(principals, v.Principal.as(r.Scheme))
		case v.Outcome == Satisfied:
			forbidden = orFirst(forbidden, Deny(fault.AccessDenied, ReasonScope))
		case v.Outcome == Forbidden:
			forbidden = orFirst(forbidden, denialOf(v))
		case v.Outcome == Unavailable:
			unavailable = orFirst(unavailable, denialOf(v))
		case v.Outcome == Refused && r.Scheme.Type == MutualTLS && v.Reason != ReasonNoVerifier:
			certificate = orFirst(certificate, denialOf(v))
		default:
			missing = orFirst(missing, Deny(fault.MissingCredentials, ReasonMissing))
		}
	}
	switch {
	case unavailable != nil:
		return nil, unavailable
	case certificate != nil:
		return nil, certificate
	case missing != nil:
		return nil, missing
	case forbidden != nil:
		return nil, forbidden
	case e.sameSubject && !oneSubject(principals):
		return nil, Deny(fault.AccessDenied, ReasonSubject)
	}
	return rank(alt, principals), nil
}

func oneSubject(principals []*Principal) bool {
	return !slices.ContainsFunc(principals, func(p *Principal) bool { return p.Subject != principals[0].Subject })
}

// as returns the principal under the name of a scheme: one token may satisfy
// several, and was verified for the first.
func (p *Principal) as(s *Scheme) *Principal {
	if p.Scheme == s.Name {
		return p
	}
	named := *p
	named.Scheme = s.Name
	return &named
}

func orFirst(d, next *Denial) *Denial {
	if d != nil {
		return d
	}
	return next
}

// requirement returns the verdict on the credential that belongs to r.
func (e *evaluation) requirement(ctx context.Context, r *Requirement) Verdict {
	if r.Scheme.Type == MutualTLS || r.ambient() {
		return e.verify(ctx, r, -1)
	}
	for i, c := range e.req.Credentials {
		if r.Scheme.Accepts(c) && r.Verifier.Owns(r.Scheme, c) {
			return e.verify(ctx, r, i)
		}
	}
	return Verdict{Outcome: Absent}
}

func (r *Requirement) ambient() bool {
	_, ok := r.Verifier.(Ambient)
	return ok
}

func (e *evaluation) verify(ctx context.Context, r *Requirement, i int) Verdict {
	for _, j := range e.verdicts {
		if j.credential == i && j.verifier == r.Verifier {
			return j.verdict
		}
	}
	var c credential.Credential
	if i >= 0 {
		c = e.req.Credentials[i]
	}
	v, known := e.earlier(r.Verifier, c)
	if !known {
		v = r.Verifier.Verify(ctx, &e.req, r, c)
	}
	if (v.Outcome == Satisfied || v.Outcome == Forbidden) && v.Principal == nil {
		v = Verdict{Outcome: Refused, Fault: fault.InvalidCredentials, Reason: ReasonNoVerifier}
	}
	e.verdicts = append(e.verdicts, judged{r.Verifier, i, v})
	return v
}

// rank puts the subject of an alternative first: that of a token, else of
// Basic, of an API key, of a certificate.
func rank(alt Alternative, principals []*Principal) []*Principal {
	if len(principals) < 2 {
		return principals
	}
	best := 0
	for i := range alt {
		if alt[i].Scheme.precedence() < alt[best].Scheme.precedence() {
			best = i
		}
	}
	subject := principals[best]
	copy(principals[1:best+1], principals[:best])
	principals[0] = subject
	return principals
}

func (s *Scheme) precedence() int {
	switch {
	case s.Type == MutualTLS:
		return 3
	case s.Type == APIKey:
		return 2
	case s.Type == HTTP && s.HTTPScheme == "basic":
		return 1
	default:
		return 0
	}
}

// ambiguous reports whether different values stand at two apiKey places that
// no alternative asks together, of which the upstream might read the other one,
// or one value where an alternative asks for a key and for a token.
func (e *evaluation) ambiguous() bool {
	p := e.req.Operation.plan
	for _, pair := range p.rivals {
		if a, b := e.at(pair[0]).Value, e.at(pair[1]).Value; a != "" && b != "" && a != b {
			return true
		}
	}
	for _, pair := range p.twins {
		key, bearer := e.at(pair[0]), e.at(pair[1])
		isToken := bearer.AuthScheme == "bearer" || bearer.AuthScheme == "" && bearer.Place != authorization
		if key.Value != "" && key.Value == bearer.Value && isToken {
			return true
		}
	}
	return false
}

// at is the credential at a place; the zero one if there is none.
func (e *evaluation) at(place int) credential.Credential {
	for _, c := range e.req.Credentials {
		if c.Place == e.req.Operation.plan.places[place] {
			return c
		}
	}
	return credential.Credential{}
}

func (e *evaluation) deny(d Decision, code fault.Code, reason Reason) Decision {
	d.Denial = Deny(code, reason)
	d.Denial.Challenges = e.challenges(d.Denial)
	return d
}

// challenges are those of the operation with a 401. RFC 6750 section 3.1 wants
// to know what is wrong with a token that was sent: also with a 403, where the
// others have nothing to say.
func (e *evaluation) challenges(d *Denial) []string {
	all := e.req.Operation.plan.challenges
	for _, j := range e.verdicts {
		if c := j.verdict.Challenge; c != "" && !slices.Contains(all, c) {
			all = append(slices.Clip(all), c)
		}
	}
	sent := slices.ContainsFunc(e.req.Credentials, func(c credential.Credential) bool { return c.AuthScheme == "bearer" })
	code := "invalid_token"
	switch {
	case d.Status == fault.AccessDenied.Status():
		code = "insufficient_scope"
	case d.Status != fault.MissingCredentials.Status():
		return nil
	case !sent || d.Reason == ReasonMissing || d.Reason == ReasonKind:
		return all
	}
	var list []string
	for _, c := range all {
		switch bearer := strings.HasPrefix(c, "Bearer "); {
		case bearer && sent:
			list = append(list, fault.WithError(c, code))
		case code == "invalid_token":
			list = append(list, c)
		}
	}
	return list
}

func denialOf(v Verdict) *Denial {
	code := v.Fault
	switch {
	case v.Outcome == Unavailable:
		code = fault.Unclassified
	case v.Outcome == Forbidden && code == 0:
		code = fault.AccessDenied
	case code == 0:
		code = fault.InvalidCredentials
	}
	d := Deny(code, v.Reason)
	if v.Outcome == Unavailable {
		d.RetryAfter = retryAfter
	}
	return d
}
