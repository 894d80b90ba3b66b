package mgw

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// Explain says how the API of one site decides. Where there is no running gateway,
// what only one has is undecided.
func (s Site) Explain(ctx context.Context, q Question, running bool) (Explanation, error) {
	r, err := q.request(ctx, s)
	if err != nil {
		return Explanation{}, err
	}
	core := s.Gateway.Explain(ctx, r)
	x := Explanation{
		API: APIName{s.API.Name, s.API.Version}, Document: s.Document, Decision: Passes, Client: core.Client,
		Credentials: []ExplainedCredential{}, Alternatives: []ExplainedAlternative{}, Reads: s.reads(),
	}
	if at := s.listen(); at != "" {
		x.Listen = []string{at}
	}
	x.decided(core.Decision, running)
	if op := core.Decision.Operation; op != nil {
		x.Operation = &ExplainedOperation{op.Method, op.Template, op.ID, op.Words()}
		for i, step := range core.Steps {
			x.Alternatives = append(x.Alternatives, s.alternative(op, op.Alternatives[i], step))
		}
	}
	for _, c := range core.Credentials {
		x.Credentials = append(x.Credentials, s.credential(c))
	}
	x.Sentences = s.sentences(x, core)
	return x, nil
}

func (x *Explanation) decided(d caddymgw.Decision, running bool) {
	denial := d.Denial
	switch {
	case d.Report != nil:
		x.Decision, denial = WouldBeRefused, d.Report.Denial
	case denial != nil:
		x.Decision = Denied
	}
	if len(d.Principals) > 0 {
		x.Subject = d.Principals[0].Subject
	}
	if denial == nil {
		return
	}
	if !running && denial.Status == fault.Unclassified.Status() {
		x.Decision = Undecided
		return
	}
	x.Status, x.Code, x.Reason = denial.Status, denial.Fault, denial.Reason
	x.Challenges, x.Allow = denial.Challenges, denial.Allow
}

// reads are the places of the whole document, each once.
func (s Site) reads() []ReadPlace {
	all := []ReadPlace{}
	for _, scheme := range s.API.Schemes {
		p := ReadPlace{scheme.Place.In, scheme.Place.Name}
		if p.In != "" && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// knownWords stand before credentials. Any other one may be a part of a secret.
var knownWords = []string{"basic", "bearer", "digest", "dpop", "hawk", "hoba", "mutual", "negotiate", "ntlm", "token", "apikey", "key", "aws4-hmac-sha256"}

func (s Site) credential(c caddymgw.FoundCredential) ExplainedCredential {
	e := ExplainedCredential{ReadPlace: ReadPlace{c.Place.In, c.Place.Name}, Judged: c.Judged}
	own := func(scheme *caddymgw.Scheme) bool { return strings.EqualFold(scheme.Name, c.AuthScheme) }
	if slices.Contains(knownWords, c.AuthScheme) || slices.ContainsFunc(s.API.Schemes, own) {
		e.AuthScheme = c.AuthScheme
	}
	if c.Judged {
		e.Outcome, e.Reason = c.Outcome.String(), c.Reason
		if c.Outcome == caddymgw.Satisfied {
			e.Reason = caddymgw.ReasonNone
		}
	}
	if c.By == Unjudged() {
		e.Judged, e.Outcome, e.Reason = false, "", caddymgw.ReasonNone
	}
	return e
}

func (s Site) alternative(op *caddymgw.Operation, alt caddymgw.Alternative, step caddymgw.AlternativeStep) ExplainedAlternative {
	e := ExplainedAlternative{Holds: step.Holds, Security: op.AlternativeWords(alt), Requirements: []ExplainedRequirement{}}
	for _, r := range step.Requirements {
		one := ExplainedRequirement{
			Scheme: r.Scheme.Name, Type: cmp.Or(r.Scheme.Type, "none"), Scopes: orEmpty(r.Scopes),
			Outcome: r.Outcome.String(), Reason: r.Reason, Missing: r.Missing, ReportOnly: s.Gateway.ReportOnly.Covers(r.Scheme),
		}
		if r.Verifier == Unjudged() && r.Outcome == caddymgw.Unavailable {
			one.Outcome, one.Reason = notJudged, caddymgw.ReasonNone
		}
		if p := r.Principal; p != nil {
			one.Subject, one.KeyID, one.Expires = p.Subject, p.KeyID, moment(p.Expires)
		}
		e.Requirements = append(e.Requirements, one)
	}
	return e
}

// notJudged is the outcome where a document is explained alone.
const notJudged = "not_judged"
