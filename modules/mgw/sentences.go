package mgw

import (
	"fmt"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// sentences say an explanation to people, step by step.
func (s Site) sentences(x Explanation, core caddymgw.Explanation) (all []string) {
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	api := strings.TrimSpace(x.API.Name + " " + x.API.Version)
	if x.Operation == nil {
		say("No operation of %s is meant: %s.", api, x.Reason.Words())
		return append(all, x.verdict(core))
	}
	say("The request is for the operation %s of %s.", operationName(x.Operation), api)
	if core.Decision.Operation.Public() {
		if x.Decision == Passes {
			say("It is public: no credential is asked for, and none is looked at.")
		}
		return append(all, x.verdict(core))
	}
	if x.Status == 400 || x.Status == 404 {
		return append(all, x.verdict(core))
	}
	say("It asks for: %s.", x.Operation.Security)
	for _, c := range x.Credentials {
		say("%s.", c.sentence())
	}
	if len(x.Credentials) == 0 {
		say("No credential was presented where the operation reads one.")
	}
	holds := false
	for _, a := range x.Alternatives {
		holds = holds || a.Holds
		say("%s.", a.sentence(core.Now))
	}
	if holds && x.Status == 401 {
		say("A credential that is bad refuses the request, whichever other would hold.")
	}
	return append(all, x.verdict(core))
}

func operationName(op *ExplainedOperation) string {
	name := op.Method + " " + op.Template
	if op.OperationID != "" {
		name = op.OperationID + " (" + name + ")"
	}
	return name
}

func (c ExplainedCredential) sentence() string {
	where := map[credential.In]string{credential.Header: "In the header ", credential.Query: "In the query, as ", credential.Cookie: "In the cookie "}[c.In] + c.Name
	what := "a credential"
	if c.AuthScheme != "" {
		what += " of the kind " + c.AuthScheme
	}
	text := where + " there is " + what
	switch {
	case !c.Judged:
		return text + ", which nobody has judged"
	case c.Outcome == caddymgw.Satisfied.String():
		return text + ", which is good"
	case c.Outcome == caddymgw.Forbidden.String():
		return text + ", which is authentic, and not good enough: " + c.Reason.Words()
	case c.Outcome == caddymgw.Unavailable.String():
		return text + ", which can't be judged: " + c.Reason.Words()
	}
	return text + ", which is refused: " + c.Reason.Words()
}

func (a ExplainedAlternative) sentence(now time.Time) string {
	if len(a.Requirements) == 0 {
		return "Anyone may call it without a credential: that holds"
	}
	verdict, good, open := "does not hold", 0, 0
	var parts []string
	for _, r := range a.Requirements {
		switch r.Outcome {
		case caddymgw.Satisfied.String():
			good++
		case notJudged, caddymgw.Unavailable.String():
			open++
		}
		text := r.words(now)
		if len(a.Requirements) > 1 {
			text = r.Scheme + ", " + text
		}
		parts = append(parts, text)
	}
	switch {
	case a.Holds:
		verdict = "holds"
	case good == len(a.Requirements): // each by itself
		parts = append(parts, caddymgw.ReasonSubject.Words())
	case good+open == len(a.Requirements):
		verdict = "can't be judged"
	}
	return a.Security + " " + verdict + ": " + strings.Join(parts, "; ")
}

func (r ExplainedRequirement) words(now time.Time) (text string) {
	switch r.Outcome {
	case caddymgw.Satisfied.String():
		text = "satisfied by " + r.who(now)
	case caddymgw.Forbidden.String():
		text = r.who(now) + " is authentic, but " + r.Reason.Words()
		if len(r.Missing) > 0 {
			text += " (" + strings.Join(r.Missing, " ") + ")"
		}
	case notJudged:
		text = "it is not verified here, that needs the gateway's configuration"
	default:
		text = r.Reason.Words()
	}
	if r.Type == caddymgw.MutualTLS && r.Outcome == caddymgw.Absent.String() {
		text = "no client certificate comes with a request that is explained"
	}
	if r.ReportOnly {
		text += " (it is not enforced: report_only)"
	}
	return text
}

func (r ExplainedRequirement) who(now time.Time) string {
	text := "somebody without a name"
	if r.Subject != "" {
		text = r.Subject
	}
	if r.KeyID != "" {
		text += " (id " + r.KeyID + ")"
	}
	if r.Expires != nil && now.Before(*r.Expires) {
		text += " until " + r.Expires.Format(time.RFC3339)
	}
	return text
}

func (x Explanation) verdict(core caddymgw.Explanation) string {
	refusal := fmt.Sprintf("%d (code %d): %s", x.Status, x.Code, x.Reason.Words())
	if len(x.Allow) > 0 {
		refusal += "; the methods are " + strings.Join(x.Allow, ", ")
	}
	switch {
	case x.Decision == Denied:
		return "The request is refused with " + refusal + "."
	case x.Decision == WouldBeRefused:
		return "The request passes, since that is only reported (report_only). Else it would be refused with " + refusal + "."
	case x.Decision == Undecided && core.Decision.Report != nil:
		return "The request passes, whatever it is that is not decided here: that would only be reported (report_only). Ask a running gateway."
	case x.Decision == Undecided:
		return "Whether the request passes is not decided here: ask a running gateway."
	case x.Subject != "":
		return "The request passes, as " + x.Subject + "."
	case len(core.Decision.Principals) > 0:
		return "The request passes."
	}
	return "The request passes, as nobody."
}
