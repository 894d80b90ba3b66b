package openapiauth

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/mtls"
)

// clientAuthRemedy is what a site needs for mutual TLS.
const clientAuthRemedy = "tls { client_auth { mode verify_if_given; trust_pool file <ca.pem> } }"

// guardCertificates decides about the schemes of type mutualTLS. Where the
// server verifies no certificate they become Closed; a server that lets one
// count that was not verified by authorities of its own is refused. It returns
// the headers in which their verifiers read certificates.
func (h *Handler) guardCertificates(ctx caddy.Context, server *caddyhttp.Server, bound map[*caddymgw.Scheme]caddymgw.Verifier) (headers []string, err error) {
	for s, v := range bound {
		m, ok := v.(*mtls.Verifier)
		switch {
		case ok && s.Type != caddymgw.MutualTLS:
			return nil, fmt.Errorf("scheme %s is of the type %s: mtls verifies the type mutualTLS", s.Name, s.Type)
		case ok && m.Header() != "":
			headers = append(headers, m.Header())
		}
	}
	scheme := h.usedCertificate()
	if scheme == nil {
		return headers, nil
	}
	verifies, err := verifiesClients(ctx, server)
	if err != nil {
		return nil, fmt.Errorf("%s: scheme %s is mutual TLS, but %w", h.Document, scheme.Name, err)
	}
	if verifies {
		return headers, nil
	}
	for s := range bound {
		if s.Type == caddymgw.MutualTLS {
			bound[s] = nil
		}
	}
	listen := "no address"
	if server != nil {
		listen = strings.Join(server.Listen, ", ")
	}
	h.app.Warn("the scheme "+scheme.Name+" is mutual TLS, but the server that listens on "+listen+" asks for no client certificate: write "+clientAuthRemedy, "document", h.Document)
	return headers, nil
}

// usedCertificate returns the first scheme of type mutualTLS that an operation
// asks for.
func (h *Handler) usedCertificate() *caddymgw.Scheme {
	for _, op := range h.doc.API.Operations {
		for _, alt := range op.Alternatives {
			for _, r := range alt {
				if r.Scheme.Type == caddymgw.MutualTLS {
					return r.Scheme
				}
			}
		}
	}
	return nil
}

// verifiesClients reports whether the server verifies client certificates at
// all. A handler does not know for which hosts it stands, so every policy that
// asks for certificates must be sound. Policies are provisioned after the
// handlers: what they are made of is all there is to look at.
func verifiesClients(ctx caddy.Context, server *caddyhttp.Server) (verifies bool, err error) {
	if server == nil {
		return false, nil
	}
	for i, policy := range server.TLSConnPolicies {
		auth := policy.ClientAuthentication
		if auth == nil || !auth.Active() || policy.Drop {
			continue
		}
		if err := sound(ctx, auth); err != nil {
			return false, fmt.Errorf("client_auth of the server that listens on %s (tls_connection_policies %d%s) %w: write %s",
				strings.Join(server.Listen, ", "), i, hosts(policy), err, clientAuthRemedy)
		}
		verifies = true
	}
	if verifies && server.StrictSNIHost != nil && !*server.StrictSNIHost {
		return false, fmt.Errorf("strict_sni_host is off at the server that listens on %s: a client could name a host without client_auth to TLS and one with it in its request; take strict_sni_host insecure_off out of the global options", strings.Join(server.Listen, ", "))
	}
	return verifies, nil
}

// hosts names those that a policy is for, where it says so.
func hosts(policy *caddytls.ConnectionPolicy) string {
	var names []string
	if json.Unmarshal(policy.MatchersRaw["sni"], &names) != nil || len(names) == 0 {
		return ""
	}
	return ", for " + strings.Join(names, " ")
}

// sound reports what is wrong with the client authentication of one policy, by
// the rules of ClientAuthentication.ConfigureTLSConfig. Without a pool TLS would
// verify nothing, or by the authorities of the system, which sign for everybody.
func sound(ctx caddy.Context, auth *caddytls.ClientAuthentication) error {
	if mode := auth.Mode; mode != "" && mode != "verify_if_given" && mode != "require_and_verify" {
		return fmt.Errorf("has the mode %s, by which no certificate is verified", mode)
	}
	//lint:ignore SA1019 configurations still have these lists
	if len(auth.TrustedCACerts)+len(auth.TrustedCACertPEMFiles) > 0 { //nolint:staticcheck // the same
		return nil // Caddy refuses them where no certificate is in them
	}
	if auth.CARaw == nil {
		return errors.New("has no trust_pool, so that no authority of yours need have signed a certificate")
	}
	return soundPool(ctx, auth.CARaw)
}

// soundPool loads the pool as Caddy will.
func soundPool(ctx caddy.Context, raw json.RawMessage) error {
	var own struct {
		CARaw json.RawMessage `json:"ca" caddy:"namespace=tls.ca_pool.source inline_key=provider"`
	}
	own.CARaw = raw
	m, err := ctx.LoadModule(&own, "CARaw")
	if err != nil {
		return fmt.Errorf("has a trust_pool that can't be loaded: %w", err)
	}
	ca, ok := m.(caddytls.CA)
	if !ok {
		return errors.New("has a trust_pool that is none")
	}
	if _, system := m.(*caddytls.SystemCAPool); system || ca.CertPool() == nil {
		return errors.New("has the authorities of the system in its trust_pool, which sign for everybody")
	}
	if ca.CertPool().Equal(x509.NewCertPool()) {
		return errors.New("has a trust_pool without a certificate in it")
	}
	return nil
}
