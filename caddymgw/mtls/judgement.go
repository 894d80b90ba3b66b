package mtls

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
)

// judgement is what was found out about the verified chains of one
// certificate: everything that does not change from request to request.
type judgement struct {
	chains    [][]*x509.Certificate
	client    spans // of the chains that are accepted
	proxy     spans // of those that may speak for others
	principal *caddymgw.Principal
}

// span is the time in which every certificate of a chain is valid.
type span struct{ from, to time.Time }

type spans []span

// judge looks at each chain: an authority that is asked for may be in one only.
func (v *Verifier) judge(chains [][]*x509.Certificate, scheme string) *judgement {
	j := &judgement{chains: chains}
	for _, chain := range chains {
		if v.accept.accept(chain) {
			j.client = append(j.client, spanOf(chain))
		}
		if v.header != nil && slices.ContainsFunc(v.header.from, func(c *constraints) bool { return c.accept(chain) }) {
			j.proxy = append(j.proxy, spanOf(chain))
		}
	}
	if len(j.client) > 0 {
		j.principal = principal(chains[0][0], scheme, v.accept.subject(chains[0][0]))
	}
	return j
}

func spanOf(chain []*x509.Certificate) span {
	s := span{chain[0].NotBefore, chain[0].NotAfter}
	for _, c := range chain[1:] {
		if c.NotBefore.After(s.from) {
			s.from = c.NotBefore
		}
		if c.NotAfter.Before(s.to) {
			s.to = c.NotAfter
		}
	}
	return s
}

// at returns why the certificate is not accepted at a time; ReasonNone if it
// is. A connection may outlive the certificate that opened it.
func (s spans) at(now time.Time) caddymgw.Reason {
	reason := caddymgw.ReasonCertificate
	for _, span := range s {
		switch {
		case now.After(span.to):
			reason = caddymgw.ReasonExpired
		case now.Before(span.from):
			reason = caddymgw.ReasonNotYet
		default:
			return caddymgw.ReasonNone
		}
	}
	return reason
}

func principal(leaf *x509.Certificate, scheme, accepted string) *caddymgw.Principal {
	fingerprint := sha256.Sum256(leaf.Raw)
	p := &caddymgw.Principal{
		Subject:  cmp.Or(accepted, commonName(leaf)),
		Scheme:   scheme,
		KeyID:    hex.EncodeToString(fingerprint[:]),
		IssuedAt: leaf.NotBefore,
		Expires:  leaf.NotAfter,
	}
	if n := names(leaf.RawIssuer); len(n) > 0 {
		p.Issuer = n[0]
	}
	for _, name := range alternativeNames(leaf) {
		if p.Subject == "" {
			p.Subject = name
		}
	}
	if n := names(leaf.RawSubject); p.Subject == "" && len(n) > 0 {
		p.Subject = n[0]
	}
	if p.Subject == "" { // nobody must look like nobody at all
		p.Subject = "sha256:" + p.KeyID
	}
	return p
}

// same reports whether two handshakes have led to the same chains.
func same(a, b [][]*x509.Certificate) bool {
	return slices.EqualFunc(a, b, func(a, b []*x509.Certificate) bool {
		return slices.EqualFunc(a, b, func(a, b *x509.Certificate) bool { return a == b || bytes.Equal(a.Raw, b.Raw) })
	})
}
