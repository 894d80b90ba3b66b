package jwks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Metadata is what an issuer says of itself (RFC 8414 section 2, OpenID Connect
// Discovery 1.0 section 3).
type Metadata struct {
	Issuer                string `json:"issuer"`
	JWKSURI               string `json:"jwks_uri"`
	IntrospectionEndpoint string `json:"introspection_endpoint,omitzero"` // "" if there is none
	AuthorizationEndpoint string `json:"authorization_endpoint,omitzero"` // "" if there is none
}

// wellKnown returns where the metadata of an issuer may lie. A slash at the end
// of the issuer is no part of either.
func wellKnown(issuer *url.URL) []*url.URL {
	path := strings.TrimSuffix(issuer.EscapedPath(), "/")
	var list []*url.URL
	for _, p := range []string{
		path + "/.well-known/openid-configuration",       // OpenID Connect Discovery 1.0 section 4
		"/.well-known/oauth-authorization-server" + path, // RFC 8414 section 3.1
	} {
		u := &url.URL{Scheme: issuer.Scheme, Host: issuer.Host, RawPath: p}
		u.Path, _ = url.PathUnescape(p) // it comes from EscapedPath
		list = append(list, u)
	}
	return list
}

// parseIssuer reads an issuer that is discovered (RFC 8414 section 2).
func parseIssuer(s string) (*url.URL, error) {
	u, err := parseURL(s)
	if err != nil {
		return nil, err
	}
	if strings.Contains(s, "?") {
		return nil, errors.New("the URL of an issuer must not have a query")
	}
	return u, nil
}

// discover asks the issuer where its keys are.
func (c *client) discover(ctx context.Context, issuer string) (Metadata, error) {
	u, err := parseIssuer(issuer)
	if err != nil {
		return Metadata{}, err
	}
	var failed []error
	for _, place := range wellKnown(u) {
		m, err := c.metadata(ctx, place, issuer)
		if err == nil {
			return m, nil
		}
		failed = append(failed, err)
	}
	return Metadata{}, fmt.Errorf("discovery: %w; %w", failed[0], failed[1])
}

func (c *client) metadata(ctx context.Context, u *url.URL, issuer string) (Metadata, error) {
	body, _, err := c.get(ctx, u, "application/json")
	if err != nil {
		return Metadata{}, err
	}
	members, err := readObject(body)
	if err != nil {
		return Metadata{}, fmt.Errorf("%s: %w", place(u), err)
	}
	m := Metadata{}
	m.Issuer, _ = members["issuer"].(string)
	m.JWKSURI, _ = members["jwks_uri"].(string)
	m.IntrospectionEndpoint, _ = members["introspection_endpoint"].(string)
	m.AuthorizationEndpoint, _ = members["authorization_endpoint"].(string)
	if err := m.check(issuer); err != nil {
		return Metadata{}, fmt.Errorf("%s: %w", place(u), err)
	}
	return m, nil
}

// check holds the metadata to the issuer that it is asked of, to the letter: it
// may have been written by another tenant of the same host. An endpoint that
// must not be used is as good as none.
func (m *Metadata) check(issuer string) error {
	if m.Issuer != issuer {
		return errors.New(`its "issuer" is another one`)
	}
	if err := below(issuer, m.JWKSURI); err != nil {
		return fmt.Errorf("its jwks_uri: %w", err)
	}
	for _, endpoint := range []*string{&m.IntrospectionEndpoint, &m.AuthorizationEndpoint} {
		if below(issuer, *endpoint) != nil {
			*endpoint = ""
		}
	}
	return nil
}

// below refuses a URL that is less protected than the issuer itself: one of the
// network must not send us to the plain services of this machine.
func below(issuer, endpoint string) error {
	u, err := parseURL(endpoint)
	if err != nil {
		return err
	}
	if i, err := parseURL(issuer); err != nil || i.Scheme == "https" && u.Scheme != "https" {
		return errors.New("it is http, and the issuer itself https")
	}
	return nil
}

// fetch gets a set. With a URL it asks there, else where the issuer says.
func (c *client) fetch(ctx context.Context, issuer, from string) (answer, error) {
	defer c.hangUp()
	a := answer{}
	if from == "" {
		var err error
		if a.metadata, err = c.discover(ctx, issuer); err != nil {
			return a, err
		}
		from = a.metadata.JWKSURI
	}
	u, err := parseURL(from)
	if err != nil {
		return a, err
	}
	body, header, err := c.get(ctx, u, "application/jwk-set+json, application/json")
	if err != nil {
		return a, err
	}
	a.header = header
	if a.set, a.warnings, err = Parse(body); err != nil {
		return a, fmt.Errorf("%s: %w", place(u), err)
	}
	return a, nil
}

// answer is what a fetch brings.
type answer struct {
	set      *Set
	warnings []string
	metadata Metadata // zero without discovery
	header   http.Header
}
