package modules_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

// vault is an API that certificates open.
const vault = `openapi: 3.1.0
info: {title: Vault, version: 1.0.0}
servers: [{url: https://vault.test}]
components:
  securitySchemes:
    certificate: {type: mutualTLS}
    login: {type: http, scheme: basic}
paths:
  /public: {get: {operationId: public, security: []}}
  /cert: {get: {operationId: cert, security: [{certificate: []}]}}
  /login: {get: {operationId: login, security: [{login: []}]}}
  /either: {get: {operationId: either, security: [{certificate: []}, {login: []}]}}
  /both: {get: {operationId: both, security: [{certificate: [], login: []}]}}
  /optional: {get: {operationId: optional, security: [{certificate: []}, {}]}}
  /role: {get: {operationId: role, security: [{certificate: [chief]}]}}
`

// vaultSite is one site of the vault; %s is its client_auth.
const vaultSite = `
https://HOST:$HTTPS {
	log
	TLS
	openapi_auth vault.yaml {
		scheme certificate mtls {
			common_name partner-* *.partner.example
		}
		identity_header X-Auth-User subject
		identity_header X-Auth-Issuer issuer
		identity_header X-Auth-Key key_id
		identity_header X-Auth-Scheme scheme
	}
	reverse_proxy $UPSTREAM
}
`

func vaultAt(host, clientAuth string) string {
	tlsBlock := ""
	if clientAuth != "" {
		tlsBlock = "tls {\n\t\tclient_auth {\n\t\t\t" + strings.Join(strings.Split(clientAuth, "; "), "\n\t\t\t") + "\n\t\t}\n\t}"
	}
	return strings.NewReplacer("HOST", host, "TLS", tlsBlock).Replace(vaultSite)
}

const vaultGlobal = "{\n\t$GLOBAL\n\tmgw {\n\t\t" + users + "\n\t}\n}\n"

// verified is the client_auth of the sites that some operations want it for.
const (
	ifGiven  = "mode verify_if_given; trust_pool file $DIR/ca1.pem"
	required = "mode require_and_verify; trust_pool file $DIR/ca1.pem"
)

// vaultFiles are what the sites need, with the certificates of authorities.
func vaultFiles(cas ...*mtlstest.Authority) map[string]string {
	files := map[string]string{"vault.yaml": vault}
	for i, ca := range cas {
		files["ca"+string(rune('1'+i))+".pem"] = mtlstest.PEM(ca.Cert)
	}
	return files
}

// call is one request as a client with a certificate makes it.
type call struct {
	sni, host   string // default: localhost; sni "none": no server name
	path        string
	certificate *tls.Certificate
	headers     []string
	dial        func(string) (net.Conn, error) // default: TCP
	sessions    tls.ClientSessionCache
	maxVersion  uint16
}

// versions are the versions of HTTP that each row is run over.
var versions = []string{"h1", "h2", "h3"}

func (c call) config() *tls.Config {
	config := &tls.Config{InsecureSkipVerify: true, ServerName: c.sni, ClientSessionCache: c.sessions, MaxVersion: c.maxVersion}
	switch c.sni {
	case "":
		config.ServerName = "localhost"
	case "none":
		config.ServerName = "127.0.0.1" // Go sends no name that is an address
	}
	if c.certificate != nil { // whatever authorities the server names
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.certificate, nil }
	}
	return config
}

// client makes a client for one version of HTTP, with a connection of its own.
func (c call) client(t testing.TB, g *harness.Gateway, version string) *http.Client {
	t.Helper()
	if version == "h3" {
		transport := &http3.Transport{
			TLSClientConfig: c.config(),
			Dial: func(ctx context.Context, _ string, tlsConfig *tls.Config, config *quic.Config) (*quic.Conn, error) {
				return quic.DialAddr(ctx, "127.0.0.1:"+g.HTTPS, tlsConfig, config)
			},
		}
		t.Cleanup(func() { _ = transport.Close() })
		return &http.Client{Transport: transport, Timeout: 20 * time.Second}
	}
	var protocols http.Protocols
	protocols.SetHTTP1(version == "h1")
	protocols.SetHTTP2(version == "h2")
	transport := &http.Transport{
		TLSClientConfig: c.config(),
		Protocols:       &protocols,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			if c.dial != nil {
				return c.dial("127.0.0.1:" + g.HTTPS)
			}
			return net.Dial("tcp", "127.0.0.1:"+g.HTTPS)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// send makes the request over a new connection; the status is 0 where TLS ends
// it.
func (c call) send(t testing.TB, g *harness.Gateway, version string) harness.Answer {
	t.Helper()
	return c.sendBy(t, g, c.client(t, g, version))
}

func (c call) sendBy(t testing.TB, g *harness.Gateway, client *http.Client) harness.Answer {
	t.Helper()
	host := c.host
	if host == "" {
		host = "localhost"
	}
	r, err := http.NewRequest(http.MethodGet, "https://localhost:"+g.HTTPS+c.path, nil)
	require.NoError(t, err)
	r.Host = host
	for _, line := range c.headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	res, err := client.Do(r)
	if err != nil {
		require.Regexp(t, `tls:|CRYPTO_|EOF|reset|broken pipe|client conn could not be established`, err.Error())
		return harness.Answer{}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return harness.Answer{Status: res.StatusCode, Header: res.Header, Body: string(body)}
}

// TestCertificatesOpenWhatTheyAreFor is the main job over real sockets, by
// HTTP/1.1, 2 and 3.
func TestCertificatesOpenWhatTheyAreFor(t *testing.T) {
	ca := mtlstest.NewAuthority(t, "CA1")
	g := harness.Start(t, vaultGlobal+vaultAt("localhost", ifGiven), vaultFiles(ca))
	good, other := ca.Issue(t, "partner-1"), ca.Issue(t, "somebody")
	below := ca.Under(t, "Below").Issue(t, "x.partner.example")
	for name, tc := range map[string]struct {
		path        string
		certificate *tls.Certificate
		headers     []string
		status      int
		code        string // of the fault; "": passes
		user        string
		outcome     string
	}{
		"a certificate":                           {"/cert", &good, nil, 200, "", "partner-1", "pass"},
		"of an authority below":                   {"/cert", &below, nil, 200, "", "x.partner.example", "pass"},
		"none":                                    {"/cert", nil, nil, 401, "900902", "", "missing"},
		"of another name":                         {"/cert", &other, nil, 401, "900901", "", "certificate_not_accepted"},
		"of another name, a password does":        {"/either", &other, []string{bob}, 200, "", "bob", "pass"},
		"of another name, nothing else":           {"/either", &other, nil, 401, "900901", "", "certificate_not_accepted"},
		"either: the certificate":                 {"/either", &good, nil, 200, "", "partner-1", "pass"},
		"either: the first":                       {"/either", &good, []string{bob}, 200, "", "partner-1", "pass"},
		"either: a wrong password":                {"/either", &good, []string{login("bob", "x")}, 401, "900911", "", "wrong_password"},
		"both, who logs in is the subject":        {"/both", &good, []string{bob}, 200, "", "bob", "pass"},
		"both, but no password":                   {"/both", &good, nil, 401, "900902", "", "missing"},
		"both, but no certificate":                {"/both", nil, []string{bob}, 401, "900902", "", "missing"},
		"both, but another certificate":           {"/both", &other, []string{bob}, 401, "900901", "", "certificate_not_accepted"},
		"optional, with":                          {"/optional", &good, nil, 200, "", "partner-1", "pass"},
		"optional, without":                       {"/optional", nil, nil, 200, "", "", "pass"},
		"optional, a browser sends what it has":   {"/optional", &other, nil, 200, "", "", "pass"},
		"a certificate is no password":            {"/login", &good, nil, 401, "900902", "", "missing"},
		"a certificate has no roles":              {"/role", &good, nil, 403, "900910", "", "scope"},
		"a public operation does not ask":         {"/public", &other, nil, 200, "", "", "pass"},
		"a name in a header is not a certificate": {"/cert", nil, []string{"X-Client-Cert: CN=partner-1", "X-Auth-User: partner-1"}, 401, "900902", "", "missing"},
	} {
		for _, version := range versions {
			t.Run(version+" "+name, func(t *testing.T) {
				g.Upstream.Take()
				before := len(accessLog(t, g))
				a := call{path: tc.path, certificate: tc.certificate, headers: tc.headers}.send(t, g, version)
				require.Equal(t, tc.status, a.Status, a.Body)
				came := g.Upstream.Take()
				require.Eventually(t, func() bool { return len(accessLog(t, g)) > before }, 10*time.Second, time.Millisecond)
				require.Equal(t, tc.outcome, accessLog(t, g)[before]["mgw_outcome"])
				if tc.code != "" {
					require.Contains(t, a.Body, `{"fault":{"code":`+tc.code+`,`)
					require.Empty(t, came, "the upstream must see nothing")
					return
				}
				require.Len(t, came, 1)
				var want []string
				if tc.user != "" {
					want = []string{tc.user}
				}
				require.Equal(t, want, harness.Header(came[0], "X-Auth-User"))
				if tc.user == "partner-1" {
					require.Equal(t, []string{"CN=CA1,O=Test"}, harness.Header(came[0], "X-Auth-Issuer"))
					require.Equal(t, []string{"certificate"}, harness.Header(came[0], "X-Auth-Scheme"))
					require.Len(t, harness.Header(came[0], "X-Auth-Key")[0], 64)
				}
			})
		}
	}
	a := call{path: "/cert"}.send(t, g, "h1")
	require.Equal(t, []string{`ClientCertificate realm="Vault"`}, a.Header.Values("Www-Authenticate"))
	require.NotContains(t, g.Log(), "nobody can call")
}

// TestAnotherAuthorityAfterAReload replaces CA1 by CA2 under clients that keep
// their connections.
func TestAnotherAuthorityAfterAReload(t *testing.T) {
	ca1, ca2 := mtlstest.NewAuthority(t, "CA1"), mtlstest.NewAuthority(t, "CA2")
	g := harness.Start(t, vaultGlobal+vaultAt("localhost", ifGiven), vaultFiles(ca1, ca2))
	old, young := ca1.Issue(t, "partner-1"), ca2.Issue(t, "partner-2")
	for _, version := range versions {
		kept := call{path: "/cert", certificate: &old}
		client := kept.client(t, g, version)
		require.NoError(t, g.Load(vaultGlobal+vaultAt("localhost", ifGiven)))
		require.Equal(t, 200, kept.sendBy(t, g, client).Status, version)
		require.Equal(t, 0, call{path: "/cert", certificate: &young}.send(t, g, version).Status, version)

		require.NoError(t, g.Load(vaultGlobal+vaultAt("localhost", strings.Replace(ifGiven, "ca1", "ca2", 1))))
		// Caddy closes the connections of before after the new configuration serves.
		require.Eventually(t, func() bool { return kept.sendBy(t, g, client).Status == 0 }, 5*time.Second, 20*time.Millisecond, version)
		g.Upstream.Take()
		require.Equal(t, 0, kept.sendBy(t, g, client).Status, version)
		require.Equal(t, 0, kept.send(t, g, version).Status, version)
		require.Empty(t, g.Upstream.Take())
		require.Equal(t, 200, call{path: "/cert", certificate: &young}.send(t, g, version).Status, version)
	}
}

// TestAChangedCAFile: what was loaded stays until the next load that is forced,
// since the configuration is the same; a broken file is refused then.
func TestAChangedCAFile(t *testing.T) {
	ca1, ca2 := mtlstest.NewAuthority(t, "CA1"), mtlstest.NewAuthority(t, "CA2")
	site := vaultGlobal + vaultAt("localhost", ifGiven)
	g := harness.Start(t, site, vaultFiles(ca1))
	old, young := ca1.Issue(t, "partner-1"), ca2.Issue(t, "partner-2")
	file := filepath.Join(g.Dir, "ca1.pem")
	status := func(c *tls.Certificate) int { return call{path: "/cert", certificate: c}.send(t, g, "h2").Status }

	require.NoError(t, os.WriteFile(file, []byte("nonsense"), 0o600))
	require.Equal(t, 200, status(&old))
	require.ErrorContains(t, g.Load(site), "has a trust_pool without a certificate in it")
	require.Equal(t, 200, status(&old), "the old gateway serves on")
	require.NoError(t, os.WriteFile(file, []byte(mtlstest.PEM(ca2.Cert)), 0o600))
	require.Equal(t, 0, status(&young))
	config, err := g.Adapt(site)
	require.NoError(t, err)
	require.NoError(t, caddy.Load(config, true))
	require.Equal(t, 200, status(&young))
	require.Equal(t, 0, status(&old))
}
