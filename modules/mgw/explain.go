package mgw

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// The decisions of an Explanation.
const (
	Passes         = "pass"
	Denied         = "denied"
	WouldBeRefused = "would_be_refused" // report_only: it passes
	Undecided      = "undecided"        // by who has no keys, where there is no running gateway
)

// Explanation is how one API decides on a Question. No credential is in it.
type Explanation struct {
	API          APIName                `json:"api"`
	Document     string                 `json:"document"`
	Listen       []string               `json:"listen,omitempty"` // of the servers where it stands
	Decision     string                 `json:"decision"`
	Subject      string                 `json:"subject,omitempty"` // as whom it passes
	Status       int                    `json:"status,omitempty"`  // of the refusal, be it made or not
	Code         fault.Code             `json:"code,omitempty"`
	Reason       caddymgw.Reason        `json:"reason,omitempty"`
	Challenges   []string               `json:"challenges,omitempty"`
	Allow        []string               `json:"allow,omitempty"`
	Operation    *ExplainedOperation    `json:"operation"` // null: none fits
	Client       string                 `json:"client,omitempty"`
	Credentials  []ExplainedCredential  `json:"credentials"`
	Alternatives []ExplainedAlternative `json:"alternatives"`
	Reads        []ReadPlace            `json:"reads"`     // where the API reads credentials
	Sentences    []string               `json:"sentences"` // the same, for people
}

// ExplainedOperation is the operation that a request is for.
type ExplainedOperation struct {
	Method      string `json:"method"`
	Template    string `json:"template"`
	OperationID string `json:"operation_id,omitempty"`
	Security    string `json:"security"` // in words
}

// ReadPlace is where credentials are read.
type ReadPlace struct {
	In   credential.In `json:"in"`
	Name string        `json:"name"`
}

// ExplainedCredential is one that the request brought.
type ExplainedCredential struct {
	ReadPlace
	AuthScheme string          `json:"auth_scheme,omitempty"` // the word before it, if it is a known one
	Judged     bool            `json:"judged"`
	Outcome    string          `json:"outcome,omitempty"` // of what is judged
	Reason     caddymgw.Reason `json:"reason,omitempty"`
}

// ExplainedAlternative is how one alternative fared.
type ExplainedAlternative struct {
	Holds        bool                   `json:"holds"`
	Security     string                 `json:"security"`     // in words
	Requirements []ExplainedRequirement `json:"requirements"` // none: anonymous requests pass
}

// ExplainedRequirement is how one requirement fared.
type ExplainedRequirement struct {
	Scheme     string              `json:"scheme"`
	Type       caddymgw.SchemeType `json:"type"`
	Scopes     []string            `json:"scopes"`
	Outcome    string              `json:"outcome"` // satisfied, forbidden, refused, unavailable, absent, not_judged
	Reason     caddymgw.Reason     `json:"reason,omitempty"`
	Missing    []string            `json:"missing,omitempty"` // scopes or roles
	Subject    string              `json:"subject,omitempty"`
	KeyID      string              `json:"key_id,omitempty"`
	Expires    *time.Time          `json:"expires,omitempty"`
	ReportOnly bool                `json:"report_only,omitempty"`
}

// ErrNoAPI means that no API of that name and version is served.
var ErrNoAPI = errors.New("no API of this name and version is served here")

// Explain says how the APIs of a configuration decide on a question, by the code
// that decides. Nothing is counted, and nobody upstream hears of it. Errors are
// those of the function Explain.
func (a *App) Explain(ctx context.Context, q Question) ([]Explanation, error) {
	return Explain(ctx, a.Sites(), q, a.IsReady())
}

// Explain asks sites. Of several that decide alike only one is told of, and those
// that don't declare the path only where none does. Running says that they are those
// of a gateway that runs: else what depends on that is undecided. An error that is
// not ErrNoAPI is one of Check.
func Explain(ctx context.Context, sites []Site, q Question, running bool) ([]Explanation, error) {
	var all []Explanation
	for _, s := range sites {
		if !q.API.names(s.API) {
			continue
		}
		x, err := s.Explain(ctx, q, running)
		if err != nil {
			return nil, err
		}
		all = merge(all, x)
	}
	if len(all) == 0 {
		return nil, ErrNoAPI
	}
	elsewhere := func(x Explanation) bool { return x.Reason == caddymgw.ReasonNoOperation }
	if slices.ContainsFunc(all, func(x Explanation) bool { return !elsewhere(x) }) {
		all = slices.DeleteFunc(all, elsewhere)
	}
	return all, nil
}

// merge adds an explanation, unless another server has the very same.
func merge(all []Explanation, x Explanation) []Explanation {
	for i := range all {
		other := all[i]
		other.Listen = x.Listen
		if reflect.DeepEqual(other, x) {
			for _, at := range x.Listen {
				if !slices.Contains(all[i].Listen, at) {
					all[i].Listen = append(all[i].Listen, at)
				}
			}
			return all
		}
	}
	return append(all, x)
}
