package mtls

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/caddymgw/gateway/caddymgw"
)

// header is where trusted proxies send the certificate of their client.
type header struct {
	name  string
	from  []*constraints
	roots *x509.CertPool
	// seen remembers certificates that are accepted, by the SHA-256 of the
	// header's value.
	seen *otter.Cache[[32]byte, *judgement]
}

// maxHeader is the longest value that is read.
const maxHeader = 16 << 10

// forwarded judges the certificate that a trusted proxy has sent.
func (v *Verifier) forwarded(r *caddymgw.Request, scheme string) caddymgw.Verdict {
	values := r.HTTP.Header[v.header.name]
	switch {
	case len(values) == 0, len(values) == 1 && values[0] == "":
		return caddymgw.Verdict{Outcome: caddymgw.Absent}
	case len(values) > 1, len(values[0]) > maxHeader:
		return caddymgw.RefusedFor(caddymgw.ReasonMalformed)
	}
	key := sha256.Sum256([]byte(values[0]))
	if j, ok := v.header.seen.GetIfPresent(key); ok && j.client.at(r.Now) == caddymgw.ReasonNone {
		return j.verdict(caddymgw.ReasonNone)
	}
	leaf, err := parseCertificate(values[0])
	if err != nil {
		return caddymgw.RefusedFor(caddymgw.ReasonMalformed)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots:       v.header.roots,
		CurrentTime: r.Now,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return caddymgw.RefusedFor(unverified(leaf, err, r.Now))
	}
	j := v.judge(chains, scheme)
	verdict := j.verdict(j.client.at(r.Now))
	if verdict.Outcome == caddymgw.Satisfied {
		v.header.seen.Set(key, j)
	}
	return verdict
}

func unverified(leaf *x509.Certificate, err error, now time.Time) caddymgw.Reason {
	var invalid x509.CertificateInvalidError
	switch {
	case !errors.As(err, &invalid) || invalid.Reason != x509.Expired:
		return caddymgw.ReasonCertificate
	case now.Before(leaf.NotBefore):
		return caddymgw.ReasonNotYet
	default:
		return caddymgw.ReasonExpired
	}
}

const (
	pemBegin = "-----BEGIN CERTIFICATE-----"
	pemEnd   = "-----END CERTIFICATE-----"
)

var errForm = errors.New("no single certificate in PEM, base64 or RFC 9440 form")

// parseCertificate reads one certificate: a byte sequence (":...:", RFC 9440
// section 2.1), or base64 of its DER form, bare or in PEM, URL-encoded or not.
// A "+" is one: nginx, Envoy and AWS encode it, or mean it.
func parseCertificate(value string) (*x509.Certificate, error) {
	text, isSequence := strings.CutPrefix(value, ":")
	if isSequence {
		if text, isSequence = strings.CutSuffix(text, ":"); !isSequence {
			return nil, errForm
		}
	} else {
		var err error
		if text, err = url.PathUnescape(value); err != nil {
			return nil, err
		}
		if text, err = unwrap(text); err != nil {
			return nil, err
		}
	}
	if strings.ContainsAny(text, "\r\n") { // which the decoder would skip
		return nil, errForm
	}
	der, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// unwrap takes off the lines of PEM, whose line breaks may have become blanks.
func unwrap(text string) (string, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, pemBegin) {
		return text, nil
	}
	body, found := strings.CutSuffix(strings.TrimPrefix(text, pemBegin), pemEnd)
	if !found {
		return "", errForm
	}
	return strings.Join(strings.Fields(body), ""), nil
}
