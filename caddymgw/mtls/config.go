package mtls

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/maypok86/otter/v2"
)

// Constraints say which verified certificates are accepted. All kinds that are
// given must hold; of a kind one entry suffices. Without any, every verified
// certificate is accepted.
type Constraints struct {
	// CommonNames are exact, or have one * at the beginning or the end. A
	// subject with two common names has none.
	CommonNames []string
	// SANs are subject alternative names, with the same globs: DNS names, IP
	// addresses, e-mail addresses and URIs. An entry is compared with names of
	// its own kind only.
	SANs []string
	// Issuers are the distinguished name of the certificate's issuer, as
	// pkix.Name.String gives it or in the order of the certificate (RFC 4514),
	// or "sha256:" and the SHA-256 of the public key of any authority in the
	// verified chain. A name can be given by any authority that is trusted, a
	// key can't.
	Issuers []string
	// Fingerprints are "sha256:" and the SHA-256 of the certificate, or
	// "spki:sha256:" and that of its public key (RFC 7469 section 2.4); in hex,
	// with or without colons, or in base64. Only such a pin lets the certificate
	// of an authority be that of a client.
	Fingerprints []string
}

func (c Constraints) empty() bool {
	return len(c.CommonNames)+len(c.SANs)+len(c.Issuers)+len(c.Fingerprints) == 0
}

// Config is what a [Verifier] is made of.
type Config struct {
	Constraints
	// Header is a header in which proxies may send the certificate of their
	// client. Nil: there is none.
	Header *HeaderSource
}

// HeaderSource is a header that holds a client's certificate. It counts only
// in requests of a peer that has itself a verified certificate which From
// accepts; everybody else's is ignored.
type HeaderSource struct {
	// Name of the header: letters, digits and hyphens.
	Name string
	// From is whose word is taken: one suffices, none may be empty.
	From []Constraints
	// Roots are the authorities of the certificates in the header.
	Roots *x509.CertPool
}

// cacheSize is how many certificates are remembered, of connections and of
// headers each.
const cacheSize = 1024

// New checks the configuration and returns its verifier. Errors name the
// option, as the Caddyfile spells it, and the entry.
func New(c Config) (*Verifier, error) {
	accept, err := compile(c.Constraints)
	if err != nil {
		return nil, err
	}
	v := &Verifier{
		accept: accept,
		seen:   otter.Must(&otter.Options[*x509.Certificate, *judgement]{MaximumSize: cacheSize}),
	}
	if c.Header != nil {
		if v.header, err = newHeader(*c.Header); err != nil {
			return nil, fmt.Errorf("header %s: %w", c.Header.Name, err)
		}
	}
	return v, nil
}

func newHeader(s HeaderSource) (*header, error) {
	if s.Name == "" || strings.Trim(strings.ToLower(s.Name), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return nil, errors.New("its name must be of letters, digits and hyphens")
	}
	if s.Roots == nil || s.Roots.Equal(x509.NewCertPool()) {
		return nil, errors.New("it needs the authorities of the certificates in it, at least one: trust_pool")
	}
	if len(s.From) == 0 {
		return nil, errNobody
	}
	h := &header{
		name:  http.CanonicalHeaderKey(s.Name),
		roots: s.Roots,
		seen:  otter.Must(&otter.Options[[32]byte, *judgement]{MaximumSize: cacheSize}),
	}
	for _, from := range s.From {
		if from.empty() {
			return nil, errNobody
		}
		c, err := compile(from)
		if err != nil {
			return nil, err
		}
		h.from = append(h.from, c)
	}
	return h, nil
}

// errNobody: if every client could send the header, each could be any other.
var errNobody = errors.New("say which certificate the proxy has that may send it: common_name, sans, issuers or fingerprints")
