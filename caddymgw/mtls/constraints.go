package mtls

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// constraints are Constraints, ready to be compared.
type constraints struct {
	commonNames []pattern
	sans        []sanPattern
	issuers     []string
	issuerKeys  []pin
	leaves      []pin
	leafKeys    []pin
}

func compile(c Constraints) (*constraints, error) {
	compiled := &constraints{}
	for _, kind := range []struct {
		option  string
		entries []string
		add     func(string) error
	}{
		{"common_name", c.CommonNames, compiled.addCommonName},
		{"sans", c.SANs, compiled.addSAN},
		{"issuers", c.Issuers, compiled.addIssuer},
		{"fingerprints", c.Fingerprints, compiled.addFingerprint},
	} {
		for i, entry := range kind.entries {
			if slices.Contains(kind.entries[:i], entry) {
				return nil, fmt.Errorf("%s: %q is given twice", kind.option, entry)
			}
			if err := kind.add(entry); err != nil {
				return nil, fmt.Errorf("%s: %q: %w", kind.option, entry, err)
			}
		}
	}
	return compiled, nil
}

func (c *constraints) addCommonName(entry string) error {
	p, err := parsePattern(entry)
	c.commonNames = append(c.commonNames, p)
	return err
}

func (c *constraints) addSAN(entry string) error {
	p, err := parseSAN(entry)
	c.sans = append(c.sans, p)
	return err
}

func (c *constraints) addIssuer(entry string) error {
	text := strings.TrimPrefix(entry, "spki:")
	if digest, isPin := strings.CutPrefix(text, "sha256:"); isPin {
		p, err := parsePin(digest)
		c.issuerKeys = append(c.issuerKeys, p)
		return err
	}
	c.issuers = append(c.issuers, entry)
	return checkName(entry)
}

func (c *constraints) addFingerprint(entry string) error {
	text, ofKey := strings.CutPrefix(entry, "spki:")
	digest, found := strings.CutPrefix(text, "sha256:")
	if !found {
		return errors.New(`it must begin with "sha256:" (of the certificate) or "spki:sha256:" (of its public key)`)
	}
	p, err := parsePin(digest)
	if ofKey {
		c.leafKeys = append(c.leafKeys, p)
	} else {
		c.leaves = append(c.leaves, p)
	}
	return err
}

// minRSA is the shortest RSA key that is still taken for one (NIST SP 800-131A).
const minRSA = 2048

// accept reports whether the first certificate of a verified chain is one of
// those that are accepted.
func (c *constraints) accept(chain []*x509.Certificate) bool {
	leaf := chain[0]
	pinned := slices.Contains(c.leaves, sha256.Sum256(leaf.Raw)) || slices.Contains(c.leafKeys, sha256.Sum256(leaf.RawSubjectPublicKeyInfo))
	switch {
	case slices.ContainsFunc(chain, weak):
		return false
	case !pinned && (leaf.IsCA || len(c.leaves)+len(c.leafKeys) > 0):
		// An authority is no client. A self-signed certificate often says of
		// itself that it is one, which is fine where just that one is meant.
		return false
	}
	_, named := c.alternativeName(leaf)
	return c.commonNameAccepted(leaf) && (named || len(c.sans) == 0) && c.issuerAccepted(chain)
}

func weak(cert *x509.Certificate) bool {
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	return ok && key.N.BitLen() < minRSA
}

func (c *constraints) commonNameAccepted(leaf *x509.Certificate) bool {
	cn := commonName(leaf)
	return len(c.commonNames) == 0 ||
		cn != "" && slices.ContainsFunc(c.commonNames, func(p pattern) bool { return p.match(cn) })
}

// commonName returns "" where there are two: which of them is meant?
func commonName(leaf *x509.Certificate) string {
	if repeated(leaf.Subject, oidCommonName) {
		return ""
	}
	return leaf.Subject.CommonName
}

// alternativeName returns the first name that an entry accepts.
func (c *constraints) alternativeName(leaf *x509.Certificate) (string, bool) {
	for kind, value := range alternativeNames(leaf) {
		if slices.ContainsFunc(c.sans, func(p sanPattern) bool {
			return p.kind == kind && p.match(value) && (!p.glob() || globbable(leaf, value))
		}) {
			return value, true
		}
	}
	return "", false
}

// globbable reports whether a glob may accept a name: a SPIFFE ID only if it is
// the one URI of the certificate and has no other spelling (X.509-SVID section 2,
// SPIFFE-ID section 2.2). .../prod/../admin begins like one of prod.
func globbable(leaf *x509.Certificate, name string) bool {
	if !strings.HasPrefix(name, "spiffe:") {
		return true
	}
	dots := slices.ContainsFunc(strings.Split(name, "/"), func(s string) bool { return s == "." || s == ".." })
	return len(leaf.URIs) == 1 && !dots && !strings.ContainsAny(name, "%?#")
}

// subject returns the name by which a certificate is accepted; "" if that is none
// in particular. Where alternative names are asked for and no common name, this
// one was not looked at: authorities may put there what clients like.
func (c *constraints) subject(leaf *x509.Certificate) string {
	if len(c.commonNames) > 0 {
		return ""
	}
	name, _ := c.alternativeName(leaf)
	return name
}

// alternativeNames goes through the names in the form in which they are
// compared: DNS names, e-mail addresses, IP addresses, URIs.
func alternativeNames(leaf *x509.Certificate) func(yield func(nameKind, string) bool) {
	return func(yield func(nameKind, string) bool) {
		for _, name := range leaf.DNSNames {
			if !yield(dnsName, strings.TrimSuffix(strings.ToLower(name), ".")) {
				return
			}
		}
		for _, address := range leaf.EmailAddresses {
			if !yield(email, lowerDomain(address)) {
				return
			}
		}
		for _, ip := range leaf.IPAddresses {
			if !yield(ipAddress, ipText(ip)) {
				return
			}
		}
		for _, u := range leaf.URIs {
			if !yield(uri, u.String()) {
				return
			}
		}
	}
}

func ipText(ip net.IP) string {
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap().String()
}

func (c *constraints) issuerAccepted(chain []*x509.Certificate) bool {
	if len(c.issuers)+len(c.issuerKeys) == 0 {
		return true
	}
	for _, name := range names(chain[0].RawIssuer) {
		if slices.Contains(c.issuers, name) {
			return true
		}
	}
	return slices.ContainsFunc(chain[1:], func(authority *x509.Certificate) bool {
		return slices.Contains(c.issuerKeys, sha256.Sum256(authority.RawSubjectPublicKeyInfo))
	})
}
