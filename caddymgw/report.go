package caddymgw

import (
	"context"
	"slices"

	"github.com/caddymgw/gateway/caddymgw/credential"
)

// ReportOnly says what is decided on and not enforced, while an API moves behind
// the gateway: a refusal is told to the operator, and the request passes. Make it
// with NewReportOnly; it is immutable and safe for concurrent use. Nil: all is
// enforced.
type ReportOnly struct {
	api        *API
	everything bool
	schemes    []*Scheme
	relaxed    map[*Operation]*Operation // without the schemes; those that they don't touch are not in it
}

// NewReportOnly returns what enforces the schemes of these names no longer, or,
// without a name, nothing of the API. Bind comes first.
//
// Without some schemes a request passes if it would pass were they struck from the
// security of its operation: what is presented where no other scheme reads is not
// looked at, all else must hold as ever.
func NewReportOnly(api *API, names []string) *ReportOnly {
	r := &ReportOnly{api: api, everything: len(names) == 0, relaxed: map[*Operation]*Operation{}}
	for _, s := range api.Schemes {
		if slices.Contains(names, s.Name) {
			r.schemes = append(r.schemes, s)
		}
	}
	for _, op := range api.Operations {
		if r.Touches(op) && !r.everything {
			r.relaxed[op] = r.relax(op)
		}
	}
	return r
}

// Everything reports whether nothing of the API is enforced.
func (r *ReportOnly) Everything() bool { return r != nil && r.everything }

// Covers reports whether a scheme is not enforced.
func (r *ReportOnly) Covers(s *Scheme) bool {
	return r.Everything() || r != nil && slices.Contains(r.schemes, s)
}

// Touches reports whether an operation asks for something that is not enforced.
func (r *ReportOnly) Touches(op *Operation) bool {
	return slices.ContainsFunc(op.Alternatives, func(alt Alternative) bool {
		return slices.ContainsFunc(alt, func(q Requirement) bool { return r.Covers(q.Scheme) })
	})
}

// Reachable reports whether there is anything by which a request for an operation
// could pass.
func (r *ReportOnly) Reachable(op *Operation) bool {
	if r.Everything() {
		return true
	}
	if r != nil && r.relaxed[op] != nil {
		op = r.relaxed[op]
	}
	return op.Public() || slices.ContainsFunc(op.Alternatives, func(alt Alternative) bool {
		return !slices.ContainsFunc(alt, func(q Requirement) bool { return q.Verifier == nil || q.Verifier == Closed() })
	})
}

// Enforced are the principals without whom the request would not have passed.
func (r *ReportOnly) Enforced(principals []*Principal) []*Principal {
	if r == nil {
		return principals
	}
	return slices.DeleteFunc(slices.Clone(principals), func(p *Principal) bool {
		return r.everything || slices.ContainsFunc(r.schemes, func(s *Scheme) bool { return s.Name == p.Scheme })
	})
}

// relax strikes the schemes from an operation. What Bind has closed stays closed,
// and {} comes last, as ever.
func (r *ReportOnly) relax(op *Operation) *Operation {
	relaxed := *op
	relaxed.Alternatives = nil
	anonymous := false
	for _, alt := range op.Alternatives {
		var rest Alternative
		for _, q := range alt {
			if !r.Covers(q.Scheme) {
				rest = append(rest, q)
			}
		}
		if len(rest) == 0 {
			anonymous = true
			continue
		}
		relaxed.Alternatives = append(relaxed.Alternatives, rest)
	}
	if anonymous {
		relaxed.Alternatives = append(relaxed.Alternatives, Alternative{})
	}
	relaxed.plan = newPlan(&relaxed)
	return &relaxed
}

// Report is a refusal that was not made.
type Report struct {
	*Denial
	// Principal is one whose credential was found authentic all the same; nil if
	// none was. Nothing is granted to him.
	Principal *Principal
}

// settle lets a request pass that was denied by nothing but what is not enforced.
func (g *Gateway) settle(ctx context.Context, e *evaluation, d Decision) Decision {
	r := g.ReportOnly
	if r == nil || d.Denial == nil {
		return d
	}
	told := &Report{Denial: d.Denial, Principal: e.someone()}
	if r.everything {
		return Decision{Operation: d.Operation, Report: told}
	}
	relaxed := r.relaxed[d.Operation]
	if relaxed == nil || d.refusedUnread() {
		return d
	}
	query, err := credential.ParseQuery(e.req.HTTP.URL.RawQuery)
	if err != nil {
		return d
	}
	again := &evaluation{req: e.req, sameSubject: e.sameSubject, before: e}
	again.req.Operation, again.req.Credentials = relaxed, nil
	passed := again.decide(ctx, query)
	if passed.Denial != nil {
		return d
	}
	passed.Operation, passed.Report = d.Operation, told
	return passed
}

// someone is the first principal that any verdict names.
func (e *evaluation) someone() *Principal {
	for _, j := range e.verdicts {
		if j.verdict.Principal != nil {
			return j.verdict.Principal
		}
	}
	return nil
}

// earlier is the verdict of an evaluation of the same request that went before.
func (e *evaluation) earlier(v Verifier, c credential.Credential) (Verdict, bool) {
	if e.before == nil {
		return Verdict{}, false
	}
	for _, j := range e.before.verdicts {
		var seen credential.Credential
		if j.credential >= 0 {
			seen = e.before.req.Credentials[j.credential]
		}
		if j.verifier == v && seen == c {
			return j.verdict, true
		}
	}
	return Verdict{}, false
}

// Reporting returns a border that leaves in requests the credentials of what is
// not enforced, for whoever enforces it behind the gateway.
func (b *Border) Reporting(r *ReportOnly) *Border {
	reporting := *b
	reporting.report = r
	return &reporting
}

// leaves reports whether the credential at a place stays: unless it is one that an
// enforced scheme has read, be it by that one that the request passes or not.
func (r *ReportOnly) leaves(p credential.Place, d Decision) bool {
	if r == nil || r.everything {
		return r != nil
	}
	if !slices.ContainsFunc(r.schemes, func(s *Scheme) bool { return s.Place == p }) {
		return false
	}
	for _, c := range d.Verified {
		if c.Place == p && r.enforces(d.Operation, c) {
			return false
		}
	}
	return !slices.ContainsFunc(d.Principals, func(who *Principal) bool { // whose verifier may have found it itself
		return slices.ContainsFunc(r.api.Schemes, func(s *Scheme) bool {
			return s.Name == who.Scheme && s.Place == p && !r.Covers(s)
		})
	})
}

// enforces reports whether an operation asks for an enforced scheme that reads the
// credential.
func (r *ReportOnly) enforces(op *Operation, c credential.Credential) bool {
	return slices.ContainsFunc(op.Alternatives, func(alt Alternative) bool {
		return slices.ContainsFunc(alt, func(q Requirement) bool {
			return !r.Covers(q.Scheme) && q.Scheme.Accepts(c) && q.Verifier.Owns(q.Scheme, c)
		})
	})
}
