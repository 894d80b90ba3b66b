package mtls_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/mtls"
	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
)

// forms are the ways in which proxies write a certificate.
func forms(c *x509.Certificate) map[string]string {
	text := mtlstest.PEM(c)
	escaped := url.QueryEscape(text) // also "+", as nginx does
	b64 := base64.StdEncoding.EncodeToString(c.Raw)
	return map[string]string{
		"nginx ssl_client_escaped_cert": strings.ReplaceAll(escaped, "+", "%20"),
		"AWS, with + / = as they are":   strings.NewReplacer("\n", "%0A", " ", "%20").Replace(text),
		"PEM, its lines made blanks":    strings.TrimSpace(strings.ReplaceAll(text, "\n", " ")),
		"PEM, its lines folded":         strings.TrimSpace(strings.ReplaceAll(text, "\n", " \t")),
		"PEM in one line":               strings.ReplaceAll(text, "\n", ""),
		"HAProxy base64":                b64,
		"Traefik, escaped":              url.QueryEscape(b64),
		"RFC 9440":                      ":" + b64 + ":",
	}
}

// proxied is a gateway behind a proxy of CA "ours", with clients of "theirs".
type proxied struct {
	ours, theirs       *mtlstest.Authority
	proxy, other, same *tls.ConnectionState // peers
	client             tls.Certificate
	verifier           *mtls.Verifier
}

func newProxied(t testing.TB) *proxied {
	t.Helper()
	p := &proxied{ours: mtlstest.NewAuthority(t, "ours"), theirs: mtlstest.NewAuthority(t, "theirs")}
	pool := mtlstest.Pool(p.ours, p.theirs)
	p.proxy = mtlstest.State(t, pool, p.ours.Issue(t, "proxy"))
	p.other = mtlstest.State(t, pool, p.ours.Issue(t, "partner-9"))
	p.same = mtlstest.State(t, pool, p.theirs.Issue(t, "proxy"))
	p.client = p.theirs.Issue(t, "partner-1")
	p.verifier = newVerifier(t, mtls.Config{
		Constraints: mtls.Constraints{CommonNames: []string{"partner-*", "proxy"}},
		Header: &mtls.HeaderSource{
			Name:  "x-client-certificate",
			From:  []mtls.Constraints{{CommonNames: []string{"lb-2"}}, {CommonNames: []string{"proxy"}, Issuers: []string{"CN=ours,O=Test"}}},
			Roots: mtlstest.Pool(p.theirs),
		},
	})
	return p
}

const headerName = "X-Client-Certificate: "

func TestAProxySendsTheCertificateOfItsClient(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	require.Equal(t, "X-Client-Certificate", p.verifier.Header())
	for range 10 { // other letters of base64 in each
		client := p.theirs.Issue(t, "partner-1")
		for name, value := range forms(client.Leaf) {
			for range 2 { // verified, then remembered
				verdict := verify(p.verifier, p.proxy, time.Now(), headerName+value)
				require.Empty(t, outcome(t, verdict), name)
				require.Equal(t, "partner-1", verdict.Principal.Subject)
				require.Equal(t, "CN=theirs,O=Test", verdict.Principal.Issuer)
			}
		}
	}
}

func TestHeadersOfEverybodyElseAreIgnored(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	value := headerName + forms(p.client.Leaf)["RFC 9440"]
	verdict := verify(p.verifier, p.other, time.Now(), value)
	require.Empty(t, outcome(t, verdict))
	require.Equal(t, "partner-9", verdict.Principal.Subject, "who is connected, not who is named")
	verdict = verify(p.verifier, p.same, time.Now(), value)
	require.Equal(t, "CN=theirs,O=Test", verdict.Principal.Issuer)
	require.Equal(t, "proxy", verdict.Principal.Subject, "the name of the proxy does not do")

	presented := &tls.ConnectionState{PeerCertificates: p.proxy.PeerCertificates}
	require.Equal(t, "absent", outcome(t, verify(p.verifier, nil, time.Now(), value)))
	require.Equal(t, "absent", outcome(t, verify(p.verifier, presented, time.Now(), value)), "the proxy's certificate is not verified")
	require.Equal(t, "absent", outcome(t, verify(p.verifier, &tls.ConnectionState{}, time.Now(), value)))

	verdict = verify(p.verifier, p.proxy, time.Now().Add(48*time.Hour), value)
	require.Equal(t, "expired", outcome(t, verdict), "the proxy's certificate has ended, so it is one among others")

	bare := newVerifier(t, mtls.Config{})
	verdict = verify(bare, p.proxy, time.Now(), value)
	require.Equal(t, "proxy", verdict.Principal.Subject, "no header is configured")
}

func TestWhatAProxySendsIsJudged(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	pem, b64 := mtlstest.PEM(p.client.Leaf), base64.StdEncoding.EncodeToString(p.client.Leaf.Raw)
	sequence := func(c tls.Certificate) string { return forms(c.Leaf)["RFC 9440"] }
	ended := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
	for name, tc := range map[string]struct {
		values []string
		want   string
	}{
		"nothing: the proxy's own certificate is nobody's": {nil, "absent"},
		"an empty value":                   {[]string{""}, "absent"},
		"two values":                       {[]string{sequence(p.client), sequence(p.client)}, "malformed"},
		"an empty one before it":           {[]string{"", sequence(p.client)}, "malformed"},
		"a list of two":                    {[]string{sequence(p.client) + ", " + sequence(p.client)}, "malformed"},
		"two in PEM":                       {[]string{url.PathEscape(pem + pem)}, "malformed"},
		"a key in PEM":                     {[]string{url.PathEscape("-----BEGIN PRIVATE KEY-----\n" + b64 + "\n-----END PRIVATE KEY-----")}, "malformed"},
		"PEM without an end":               {[]string{url.PathEscape("-----BEGIN CERTIFICATE-----\n" + b64)}, "malformed"},
		"text before PEM":                  {[]string{url.PathEscape("x" + pem)}, "malformed"},
		"text behind PEM":                  {[]string{url.PathEscape(pem + "x")}, "malformed"},
		"a header in PEM":                  {[]string{url.PathEscape(strings.Replace(pem, "-----\n", "-----\nA: b\n\n", 1))}, "malformed"},
		"a broken escape":                  {[]string{"%zz" + b64}, "malformed"},
		"a plus that was a blank":          {[]string{strings.ReplaceAll(strings.ReplaceAll(url.PathEscape(pem), "%20", "+"), "\n", "")}, "malformed"},
		"a line break in base64":           {[]string{b64[:40] + "%0A" + b64[40:]}, "malformed"},
		"a blank in base64":                {[]string{b64[:40] + " " + b64[40:]}, "malformed"},
		"base64 for URLs":                  {[]string{base64.URLEncoding.EncodeToString(append(p.client.Leaf.Raw, 0xfb, 0xff))}, "malformed"},
		"a byte too many":                  {[]string{base64.StdEncoding.EncodeToString(append(p.client.Leaf.Raw, 0))}, "malformed"},
		"a byte too few":                   {[]string{base64.StdEncoding.EncodeToString(p.client.Leaf.Raw[:len(p.client.Leaf.Raw)-1])}, "malformed"},
		"a sequence without an end":        {[]string{":" + b64}, "malformed"},
		"a sequence with a parameter":      {[]string{":" + b64 + ":;a=b"}, "malformed"},
		"an escape in a sequence":          {[]string{":" + strings.Replace(b64, "M", "%4D", 1) + ":"}, "malformed"},
		"more than 16 KiB":                 {[]string{strings.Repeat("A", 16<<10+1)}, "malformed"},
		"nonsense":                         {[]string{"CN=partner-1"}, "malformed"},
		"a name that is not accepted":      {[]string{sequence(p.theirs.Issue(t, "mallory"))}, notAccepted},
		"of the proxy's authority":         {[]string{sequence(p.ours.Issue(t, "partner-1"))}, notAccepted},
		"self-signed":                      {[]string{sequence(mtlstest.SelfSigned(t, "partner-1"))}, notAccepted},
		"an authority":                     {[]string{sequence(p.theirs.TLS())}, notAccepted},
		"of an authority that is not sent": {[]string{sequence(p.theirs.Under(t, "middle").Issue(t, "partner-1"))}, notAccepted},
		"for servers only": {[]string{sequence(p.theirs.Issue(t, "partner-1", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}))}, notAccepted},
		"a critical extension that nobody knows": {[]string{sequence(p.theirs.Issue(t, "partner-1", criticalExtension))}, notAccepted},
		"ended":                                  {[]string{sequence(p.theirs.Issue(t, "partner-1", ended))}, "expired"},
		"not begun":                              {[]string{sequence(p.theirs.Issue(t, "partner-1", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }))}, "not_yet_valid"},
		"its authority was changed":              {[]string{sequence(mtlstest.NewAuthority(t, "theirs").Issue(t, "partner-1"))}, notAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines []string
			for _, v := range tc.values {
				lines = append(lines, headerName+v)
			}
			for range 2 {
				require.Equal(t, tc.want, outcome(t, verify(p.verifier, p.proxy, time.Now(), lines...)))
			}
		})
	}
}

func TestARememberedHeaderEndsWithItsCertificate(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	short := p.theirs.Issue(t, "partner-1", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(time.Minute) })
	value := headerName + forms(short.Leaf)["RFC 9440"]
	require.Empty(t, outcome(t, verify(p.verifier, p.proxy, time.Now(), value)))
	require.Equal(t, "expired", outcome(t, verify(p.verifier, p.proxy, time.Now().Add(2*time.Minute), value)))
	require.Equal(t, "not_yet_valid", outcome(t, verify(p.verifier, p.proxy, time.Now().Add(-30*time.Minute).Add(-31*time.Minute), value)), "or begins again: the proxy too")
}

// FuzzHeader holds that no text crashes the reader, and that what it accepts is
// one certificate which the authority has signed.
func FuzzHeader(f *testing.F) {
	p := newProxied(f)
	for _, value := range forms(p.client.Leaf) {
		f.Add(value)
	}
	f.Add(":AAAA:")
	f.Add("-----BEGIN CERTIFICATE----------END CERTIFICATE-----")
	f.Fuzz(func(t *testing.T, value string) {
		if got := outcome(t, verify(p.verifier, p.proxy, time.Now(), headerName+value)); got == "" {
			text, err := url.PathUnescape(value)
			require.NoError(t, err)
			stripped := strings.NewReplacer("-----BEGIN CERTIFICATE-----", "", "-----END CERTIFICATE-----", "", ":", "", " ", "", "\n", "", "\t", "", "\r", "").Replace(text)
			require.Equal(t, base64.StdEncoding.EncodeToString(p.client.Leaf.Raw), stripped)
		}
	})
}
