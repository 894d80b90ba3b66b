package command

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// matrix is every request that is to be sent, and what came of it.
type matrix struct {
	doc    *openapi.Document
	paths  requestPaths
	wallet *wallet
	unsafe bool // requests that change something may reach the upstream
	trials []*trial
}

// plan makes the trials of every operation. It issues the keys that they need.
func (m *matrix) plan() error {
	for _, op := range m.doc.API.Operations {
		path := m.paths.of(op)
		if path == "" {
			m.trials = append(m.trials, &trial{op: op, kind: none, skipped: "no path was found that reaches the operation"})
			continue
		}
		p := operationPlan{m: m, op: op, path: path, done: map[string]bool{}}
		if err := p.make(); err != nil {
			return err
		}
	}
	return nil
}

// operationPlan makes the trials of one operation.
type operationPlan struct {
	m    *matrix
	op   *caddymgw.Operation
	path string
	done map[string]bool // schemes
}

func (p *operationPlan) make() error {
	p.add(none, "", nil, "")
	for _, alt := range p.op.Alternatives {
		for i := range alt {
			r := &alt[i]
			if p.done[r.Scheme.Name] {
				continue
			}
			p.done[r.Scheme.Name] = true
			if err := p.requirement(alt, r); err != nil {
				return err
			}
		}
		if err := p.whole(alt); err != nil {
			return err
		}
	}
	return nil
}

// requirement tries everything but the right credential for one requirement,
// beside right ones for the others as far as there are any.
func (p *operationPlan) requirement(alt caddymgw.Alternative, r *caddymgw.Requirement) error {
	if r.Scheme.Type == "" { // default_security deny
		return nil
	}
	for _, k := range bad {
		c, why, err := p.m.wallet.get(r.Scheme, k, p.op)
		if err != nil {
			return err
		}
		if why != "" {
			p.add(k, r.Scheme.Name, nil, why)
			continue
		}
		others, _, err := p.others(alt, r, c)
		if err != nil {
			return err
		}
		p.add(k, r.Scheme.Name, append(others, c), "")
	}
	return p.insufficient(alt, r)
}

// insufficient tries credentials that lack a right, the first that no other
// alternative lets in.
func (p *operationPlan) insufficient(alt caddymgw.Alternative, r *caddymgw.Requirement) error {
	candidates, why, err := p.m.wallet.insufficient(r, p.op)
	if err != nil {
		return err
	}
	for _, c := range candidates {
		others, lacking, err := p.others(alt, r, c)
		if err != nil {
			return err
		}
		if lacking != "" {
			why = lacking
			continue
		}
		if send := append(others, c); promised(p.op, send) == http.StatusForbidden {
			p.add(insufficient, r.Scheme.Name, send, "")
			return nil
		}
		why = "another alternative lets it in, or it has all the scopes"
	}
	p.add(insufficient, r.Scheme.Name, nil, why)
	return nil
}

// whole tries right credentials, all of them and all but one.
func (p *operationPlan) whole(alt caddymgw.Alternative) error {
	if len(alt) == 0 {
		return nil // is none
	}
	send, lacking, err := p.others(alt, nil)
	if err != nil {
		return err
	}
	var names []string
	for i := range alt {
		names = append(names, alt[i].Scheme.Name)
	}
	if len(alt) > 1 {
		for i := range alt {
			if lacking != "" {
				p.add(incomplete, alt[i].Scheme.Name, nil, lacking)
				continue
			}
			rest := slices.DeleteFunc(slices.Clone(send), func(c presented) bool { return accepts(&alt[i], c) })
			p.add(incomplete, alt[i].Scheme.Name, rest, "")
		}
	}
	all := strings.Join(names, "+")
	if lacking == "" && promised(p.op, send) != 0 {
		lacking = "what was given for it lacks a scope that is asked for"
	}
	if lacking != "" {
		send = nil
	}
	p.add(right, all, send, lacking)
	return nil
}

// others returns right credentials for all requirements but one, and why some are
// lacking. Beside are those that are sent anyway.
func (p *operationPlan) others(alt caddymgw.Alternative, but *caddymgw.Requirement, beside ...presented) (all []presented, lacking string, err error) {
	taken := slices.Clone(beside)
	for i := range alt {
		r := &alt[i]
		if r == but || slices.ContainsFunc(taken, func(c presented) bool { return accepts(r, c) }) {
			continue
		}
		c, why, err := p.m.wallet.get(r.Scheme, right, p.op)
		if err != nil {
			return nil, "", err
		}
		if why == "" && !c.certificate && slices.ContainsFunc(taken, func(other presented) bool { return other.Place == c.Place && !other.certificate }) {
			why = "two credentials are asked for in one place"
		}
		if why != "" {
			lacking = why
			continue
		}
		taken = append(taken, c)
	}
	return taken[len(beside):], lacking, nil
}

// safe are the methods that change nothing (RFC 9110 section 9.2.1).
var safe = []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "QUERY"}

func (p *operationPlan) add(k kind, schemes string, send []presented, skipped string) {
	c := &trial{op: p.op, path: p.path, kind: k, schemes: schemes, send: send, skipped: skipped, want: promised(p.op, send)}
	if c.want == 0 && skipped == "" && !p.m.unsafe && !slices.Contains(safe, p.op.Method) {
		c.skipped = "it would reach the service and may change something: --unsafe sends it"
	}
	p.m.trials = append(p.m.trials, c)
}
