package command

import (
	"net/http"
	"slices"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// kind is what is the matter with a credential.
type kind string

// The kinds, in the order in which they are tried.
const (
	none         kind = "none"
	incomplete   kind = "incomplete" // one of several that are asked for is missing
	malformed    kind = "malformed"
	forged       kind = "forged" // the right shape, signed by nobody
	expired      kind = "expired"
	foreign      kind = "foreign" // good for another API
	revoked      kind = "revoked"
	insufficient kind = "insufficient" // authentic, and lacks a right
	right        kind = "right"
)

// bad are the kinds that no gateway takes for authentic.
var bad = []kind{malformed, forged, expired, foreign, revoked}

// presented is one credential as a request carries it.
type presented struct {
	credential.Credential
	kind        kind
	certificate bool // in place of a value
	// Of authentic ones: what they may do. Limited ones open nothing here.
	limited bool
	every   bool // has each scope
	scopes  []string
}

// trial is one request of the matrix.
type trial struct {
	op      *caddymgw.Operation
	path    string
	kind    kind
	schemes string // whose credential it is about
	send    []presented
	want    int    // 401 or 403; 0: the request passes
	skipped string // why it is not sent; "" if it is

	got  int    // 0: no answer
	own  bool   // a fault of the gateway's
	said string // in its place, or about it
	ok   bool
}

// accepts reports whether a credential is of the kind that a requirement asks for.
func accepts(r *caddymgw.Requirement, p presented) bool {
	if p.certificate {
		return r.Scheme.Type == caddymgw.MutualTLS
	}
	return r.Scheme.Accepts(p.Credential)
}

func (p presented) authentic() bool { return !slices.Contains(bad, p.kind) }

func (p presented) grants(r *caddymgw.Requirement) bool {
	has := func(s string) bool { return slices.Contains(p.scopes, s) }
	switch {
	case p.limited:
		return false
	case p.every || len(r.Scopes) == 0:
		return true
	case r.AnyScope:
		return slices.ContainsFunc(r.Scopes, has)
	}
	return !slices.ContainsFunc(r.Scopes, func(s string) bool { return !has(s) })
}

// promised says how the document wants a request answered. It is what the gateway
// promises, written anew: a bad credential is never passed over, and one whole
// alternative must hold.
func promised(op *caddymgw.Operation, all []presented) int {
	for _, p := range all {
		if p.certificate || p.authentic() { // browsers send certificates unasked
			continue
		}
		for _, alt := range op.Alternatives {
			if slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return accepts(&r, p) }) {
				return 401
			}
		}
	}
	want := 401
	if op.Public() {
		want = 0
	}
	for _, alt := range op.Alternatives {
		switch known, granted := meets(alt, all); {
		case granted:
			return 0
		case known:
			want = 403
		}
	}
	return want
}

// meets reports whether an alternative finds an authentic credential for each of
// its requirements, and whether those have the rights too.
func meets(alt caddymgw.Alternative, all []presented) (known, granted bool) {
	known, granted = true, true
	for _, r := range alt {
		i := slices.IndexFunc(all, func(p presented) bool { return p.authentic() && accepts(&r, p) })
		known = known && i >= 0
		granted = granted && i >= 0 && all[i].grants(&r)
	}
	return known, granted
}

// judge notes an answer, and whether it is one of the gateway's own faults.
func (c *trial) judge(status int, own bool) {
	c.got, c.own = status, own
	switch {
	case c.want != 0:
		c.ok = status == c.want
	case (status == 401 || status == 403 || status == 503) && own:
		c.said = "it was refused"
	case status == 401 || status == 403 || status == 503:
		c.said = "it was refused, by the service if not by the gateway"
	case own:
		c.said = "the gateway does not serve this operation"
	default:
		c.ok = true
	}
}

// doubt finds refusals that are the service's: where the gateway is known to refuse
// by faults of its own, an answer that is none may come from behind it.
func (m *matrix) doubt() {
	refused := func(c *trial) bool { return c.want != 0 && c.got == c.want && c.op.Method != http.MethodHead } // which has no body
	if !slices.ContainsFunc(m.trials, func(c *trial) bool { return refused(c) && c.own }) {
		return // it leaves them to handle_errors
	}
	for _, c := range m.trials {
		if refused(c) && !c.own {
			c.ok, c.said = false, "it was not the gateway that refused it: this is none of its faults"
		}
	}
}
