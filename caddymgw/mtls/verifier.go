package mtls

import (
	"context"
	"crypto/tls"
	"crypto/x509"

	"github.com/maypok86/otter/v2"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// Verifier judges the certificates of clients.
type Verifier struct {
	accept *constraints
	header *header // nil: none
	// seen remembers what was found out about the certificate of a connection,
	// by the pointer that all of its requests share.
	seen *otter.Cache[*x509.Certificate, *judgement]
}

var _ caddymgw.Verifier = (*Verifier)(nil)

// Header returns the canonical name of the header that holds certificates; ""
// if there is none. It must be removed from what goes on.
func (v *Verifier) Header() string {
	if v.header == nil {
		return ""
	}
	return v.header.name
}

// Owns returns false: a certificate is no credential of the request.
func (*Verifier) Owns(*caddymgw.Scheme, credential.Credential) bool { return false }

// Verify judges the certificate of the connection, or where a trusted proxy
// has opened it, the one in the header. A proxy that sends none speaks for a
// client without: its own certificate is then nobody's.
func (v *Verifier) Verify(_ context.Context, r *caddymgw.Request, req *caddymgw.Requirement, _ credential.Credential) caddymgw.Verdict {
	chains, ok := verified(r.HTTP.TLS)
	if !ok {
		return caddymgw.Verdict{Outcome: caddymgw.Absent}
	}
	j, found := v.seen.GetIfPresent(chains[0][0])
	if !found || !same(j.chains, chains) {
		j = v.judge(chains, req.Scheme.Name)
		v.seen.Set(chains[0][0], j)
	}
	if v.header != nil && j.proxy.at(r.Now) == caddymgw.ReasonNone {
		return v.forwarded(r, req.Scheme.Name)
	}
	return j.verdict(j.client.at(r.Now))
}

// verified returns the chains that the handshake has verified. PeerCertificates
// are not looked at: a client can present what it likes.
func verified(state *tls.ConnectionState) ([][]*x509.Certificate, bool) {
	if state == nil || len(state.VerifiedChains) == 0 {
		return nil, false
	}
	for _, chain := range state.VerifiedChains {
		if len(chain) == 0 {
			return nil, false
		}
	}
	return state.VerifiedChains, true
}

func (j *judgement) verdict(reason caddymgw.Reason) caddymgw.Verdict {
	if reason != caddymgw.ReasonNone {
		return caddymgw.RefusedFor(reason)
	}
	return caddymgw.Verdict{Outcome: caddymgw.Satisfied, Principal: j.principal}
}

// Challenge returns "": the handshake asks for certificates.
func (*Verifier) Challenge(*caddymgw.Requirement) string { return "" }
