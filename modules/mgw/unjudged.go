package mgw

import (
	"context"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

type unjudged struct{}

// Unjudged stands for the verifiers of a document alone: which they would be is
// said by a configuration. It owns what a scheme accepts, and judges nothing.
func Unjudged() caddymgw.Verifier { return unjudged{} }

func (unjudged) Owns(s *caddymgw.Scheme, c credential.Credential) bool { return s.Accepts(c) }

func (unjudged) Verify(_ context.Context, _ *caddymgw.Request, r *caddymgw.Requirement, _ credential.Credential) caddymgw.Verdict {
	if r.Scheme.Type == caddymgw.MutualTLS {
		return caddymgw.Verdict{Outcome: caddymgw.Absent}
	}
	return caddymgw.Verdict{Outcome: caddymgw.Unavailable, Fault: fault.Unclassified, Reason: caddymgw.ReasonNotReady}
}

func (unjudged) Challenge(r *caddymgw.Requirement) string { return caddymgw.Closed().Challenge(r) }

// BindUnjudged prepares a document alone. What nothing can verify is closed.
func BindUnjudged(api *caddymgw.API) {
	caddymgw.Bind(api, func(s *caddymgw.Scheme) caddymgw.Verifier {
		if s.Type == "" {
			return nil
		}
		return Unjudged()
	})
}
