package command

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// sender sends the trials to a gateway.
type sender struct {
	origin string // scheme and host
	// One client for each certificate: a connection keeps the one that it began
	// with.
	plain, certified, selfSigned *http.Client
}

// transportFlags are what TLS goes by.
type transportFlags struct {
	insecure             bool
	roots, cert, certKey string
}

const answerTimeout = 30 * time.Second

func newSender(text string, f transportFlags) (*sender, error) {
	u, err := parseOrigin(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--gateway %s: %w", plain(text), err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("--gateway %s: must begin with https:// or http://", plain(text))
	case (f.cert == "") != (f.certKey == ""):
		return nil, errors.New("--cert and --key go together")
	}
	s := &sender{origin: u.Scheme + "://" + u.Host}
	base := &tls.Config{InsecureSkipVerify: f.insecure} //nolint:gosec // who says --insecure means it
	if f.roots != "" {
		content, err := os.ReadFile(f.roots)
		if err != nil {
			return nil, fmt.Errorf("--cacert: %w", err)
		}
		base.RootCAs = x509.NewCertPool()
		if !base.RootCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("--cacert: no certificate is in %s", plain(f.roots))
		}
	}
	s.plain = clientOf(base)
	stranger, err := selfSigned()
	if err != nil {
		return nil, err
	}
	s.selfSigned = clientOf(base, stranger)
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.certKey)
		if err != nil {
			return nil, fmt.Errorf("--cert and --key: %w", err)
		}
		s.certified = clientOf(base, pair)
	}
	return s, nil
}

func clientOf(base *tls.Config, pairs ...tls.Certificate) *http.Client {
	config := base.Clone()
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if len(pairs) == 0 {
			return new(tls.Certificate), nil
		}
		return &pairs[0], nil // whomever the gateway trusts
	}
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       answerTimeout,
	}
}

// selfSigned is a certificate that nobody vouches for.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(4102444800, 0), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	template.Subject.CommonName = "mgw-test"
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}, err
}

// send sends a trial and judges the answer. Its error means that nothing answers.
func (s *sender) send(ctx context.Context, c *trial) error {
	client := s.plain
	for _, p := range c.send {
		switch {
		case p.certificate && p.kind == right:
			client = s.certified
		case p.certificate:
			client = s.selfSigned
		}
	}
	r, err := http.NewRequestWithContext(ctx, c.op.Method, s.origin+c.path, nil)
	if err != nil {
		return err
	}
	present(r, c.send)
	res, err := client.Do(r)
	var op *net.OpError
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil && client == s.selfSigned && (!errors.As(err, &op) || op.Op != "dial"):
		// TLS says so by an alert, or by closing the connection.
		c.said = "the TLS connection was refused"
		c.ok = c.want == http.StatusUnauthorized
		return nil
	case err != nil:
		return s.explain(err)
	}
	defer res.Body.Close()
	content, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	c.judge(res.StatusCode, ownFault(res, content))
	return nil
}

func (s *sender) explain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // its URL may hold a key
	}
	var unknown *tls.CertificateVerificationError
	if errors.As(err, &unknown) {
		return fmt.Errorf("talking to %s: %w: name the authority with --cacert, or say --insecure", plain(s.origin), err)
	}
	return fmt.Errorf("talking to %s: %w", plain(s.origin), err)
}

// present puts credentials where their schemes read them.
func present(r *http.Request, all []presented) {
	for _, p := range all {
		value := p.Value.Reveal()
		if p.AuthScheme != "" {
			value = strings.ToUpper(p.AuthScheme[:1]) + p.AuthScheme[1:] + " " + value
		}
		switch p.In {
		case credential.Header:
			r.Header[p.Name] = []string{value}
		case credential.Query:
			if r.URL.RawQuery != "" {
				r.URL.RawQuery += "&"
			}
			r.URL.RawQuery += url.QueryEscape(p.Name) + "=" + url.QueryEscape(value)
		case credential.Cookie:
			pair := p.Name + "=" + value
			if before := r.Header.Get("Cookie"); before != "" {
				pair = before + "; " + pair
			}
			r.Header.Set("Cookie", pair)
		}
	}
}

// ownFault reports whether an answer is one of the gateway's own, in either style:
// what it says of the operation or the credentials. What openapi_validate says is
// none: the request came so far, and is like one that the service does not like.
func ownFault(res *http.Response, body []byte) bool {
	var f struct {
		Code   fault.Code
		Detail string
		Fault  struct {
			Code        fault.Code
			Description string
		}
	}
	if json.Unmarshal(body, &f) != nil {
		return false
	}
	code, text := cmp.Or(f.Code, f.Fault.Code), cmp.Or(f.Detail, f.Fault.Description)
	switch code {
	case fault.BadRequest, fault.NotFound, fault.MethodNotAllowed: // codes that services have too
		return res.StatusCode == code.Status() && text == code.Description()
	case fault.Unclassified, fault.InvalidCredentials, fault.MissingCredentials, fault.AccessDenied,
		fault.WrongPassword, fault.MalformedBasic, fault.SchemeNotAccepted:
		return res.StatusCode == code.Status()
	}
	return false
}
