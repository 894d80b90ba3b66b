package verifiers

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/mtls"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(MTLS))
}

// MTLS verifies the certificates of clients, for the type mutualTLS. The server
// asks for them: its TLS connection policy needs client_auth with the mode
// verify_if_given or require_and_verify and a trust_pool. The options say which
// of the verified certificates are accepted; by default all are. The kinds must
// all hold, of a kind one entry suffices.
//
// The subject is the common name, else the first subject alternative name, else
// the whole subject; where alternative names are asked for and no common name, the
// one that matched. The key id is the SHA-256 of the certificate in hex.
type MTLS struct {
	Certificates

	// A header in which proxies send the certificate of their client. Default:
	// none.
	Header *CertificateHeader `json:"header,omitempty"`

	verifier *mtls.Verifier
}

// Certificates says which verified certificates are accepted. No placeholders
// are replaced.
type Certificates struct {
	// Common names: exact, or with one * at the beginning or the end.
	CommonName []string `json:"common_name,omitempty"`

	// Subject alternative names, likewise: DNS names, IP addresses, e-mail
	// addresses, URIs. An entry is compared with names of its own kind. With a *, a
	// SPIFFE ID must be the only URI of the certificate, without dot segments and %.
	SANs []string `json:"sans,omitempty"`

	// Who has signed: the issuer's exact distinguished name (RFC 4514, like
	// CN=Partner CA,O=Partner), or sha256: and the SHA-256 of the public key of any
	// authority in the chain, which is the safer one.
	Issuers []string `json:"issuers,omitempty"`

	// sha256: and the SHA-256 of the certificate, or spki:sha256: and that of its
	// public key; in hex, with or without colons, or in base64. A certificate
	// that says of itself that it is an authority needs such an entry.
	Fingerprints []string `json:"fingerprints,omitempty"`
}

// CertificateHeader is a header that holds a client's certificate: in PEM,
// URL-encoded (nginx: $ssl_client_escaped_cert), in base64, or as Client-Cert of
// RFC 9440. It is removed from every request that goes on.
type CertificateHeader struct {
	// The name of the header. Required.
	Name string `json:"name"`

	// Who may send it: whoever is connected by mutual TLS with a verified
	// certificate that one entry accepts. Required; no entry may be empty.
	From []Certificates `json:"from"`

	// The authorities of the certificates in the header. Required.
	CARaw json.RawMessage `json:"ca" caddy:"namespace=tls.ca_pool.source inline_key=provider"`

	// SHA-256 of the files of ca, so that a reload sees a changed one. Written by
	// the Caddyfile adapter.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (*MTLS) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw.verifiers.mtls", New: func() caddy.Module { return new(MTLS) }}
}

// Provision checks the options.
func (v *MTLS) Provision(ctx caddy.Context) error {
	config := mtls.Config{Constraints: v.constraints()}
	if v.Header != nil {
		source, err := v.Header.source(ctx)
		if err != nil {
			return fmt.Errorf("mtls: header %s: %w", v.Header.Name, err)
		}
		config.Header = source
	}
	var err error
	if v.verifier, err = mtls.New(config); err != nil {
		return fmt.Errorf("mtls: %w", err)
	}
	return nil
}

func (c Certificates) constraints() mtls.Constraints {
	return mtls.Constraints{CommonNames: c.CommonName, SANs: c.SANs, Issuers: c.Issuers, Fingerprints: c.Fingerprints}
}

func (h *CertificateHeader) source(ctx caddy.Context) (*mtls.HeaderSource, error) {
	source := &mtls.HeaderSource{Name: h.Name}
	for _, from := range h.From {
		source.From = append(source.From, from.constraints())
	}
	if h.CARaw == nil {
		return source, nil // New says what is missing
	}
	m, err := ctx.LoadModule(h, "CARaw")
	if err != nil {
		return nil, fmt.Errorf("trust_pool: %w", err)
	}
	if _, system := m.(*caddytls.SystemCAPool); system {
		return nil, errors.New("trust_pool: the authorities of the system sign for everybody: name your own")
	}
	ca, ok := m.(caddytls.CA)
	if !ok {
		return nil, errors.New("trust_pool: the module is no pool of authorities")
	}
	source.Roots = ca.CertPool()
	return source, nil
}

// Verifier returns the verifier.
func (v *MTLS) Verifier() caddymgw.Verifier { return v.verifier }

// Interface guards
var (
	_ caddy.Provisioner     = (*MTLS)(nil)
	_ caddyfile.Unmarshaler = (*MTLS)(nil)
	_ mgw.VerifierModule    = (*MTLS)(nil)
)
