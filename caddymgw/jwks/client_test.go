package jwks

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	var got *http.Request
	a := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r; body(ec("a"))(w, r) })
	_, err := newClient(nil).fetch(t.Context(), "i", a.URL+"/a%2Fb?x=1")
	require.NoError(t, err)
	require.Equal(t, "GET /a%2Fb?x=1", got.Method+" "+got.RequestURI)
	require.Equal(t, "application/jwk-set+json, application/json", got.Header.Get("Accept"))
	for _, header := range []string{"Authorization", "Cookie", "Referer"} {
		require.Empty(t, got.Header.Get(header))
	}
}

// THREATS G1, G5.
func TestAnswersThatAreRefused(t *testing.T) {
	t.Parallel()
	target := serve(t, body(ec("evil")))
	for name, tc := range map[string]struct {
		handle http.HandlerFunc
		reason string
	}{
		"302 to another port":        {redirect(302, target.URL), "it answered 302, and redirects are not followed"},
		"301":                        {redirect(301, target.URL), "301"},
		"303":                        {redirect(303, target.URL), "303"},
		"307":                        {redirect(307, target.URL), "307"},
		"308":                        {redirect(308, target.URL), "308"},
		"302 to a file":              {redirect(302, "file:///etc/passwd"), "302"},
		"302 to itself":              {redirect(302, "/"), "302"},
		"302 to nowhere":             {status(302), "302"},
		"300 with keys":              {codeAnd(300, ec("a")), "300"},
		"304":                        {status(304), "304"},
		"201 with keys":              {codeAnd(201, ec("a")), "201"},
		"206 with keys":              {codeAnd(206, ec("a")), "206"},
		"204":                        {status(204), "204"},
		"401":                        {codeAnd(401, ec("a")), "401"},
		"404 with keys":              {codeAnd(404, ec("a")), "404"},
		"500":                        {codeAnd(500, ec("a")), "500"},
		"503":                        {status(503), "503"},
		"nothing":                    {status(200), "not a JSON object"},
		"HTML":                       {body([]byte("<title>hunter2</title>")), "not a JSON object"},
		"a list":                     {body([]byte("[]")), "not a JSON object"},
		"an object of keys":          {body([]byte(`{"keys":{}}`)), "no list"},
		"no keys":                    {body(setOf()), "no usable key"},
		"only a private key":         {body(setOf(jwkOf("k", ecPrivate().Public()).with("d", "hunter2"))), "PRIVATE KEY"},
		"longer than 1 MiB":          {body(append(ec("a"), strings.Repeat(" ", MaxSize)...)), "longer than 1048576 bytes"},
		"without end":                {endless, "longer than 1048576 bytes"},
		"a bomb":                     {bomb, "longer than 1048576 bytes"},
		"cut":                        {cut, "unexpected EOF"},
		"hung up":                    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"headers of 1 MiB":           {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, "header"},
		"many informational answers": {early, "headers exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, tc.handle)
			got, err := newClient(nil).fetch(t.Context(), "i", a.URL+"/jwks?key=hunter2")
			require.ErrorContains(t, err, tc.reason)
			require.ErrorContains(t, err, a.URL+"/jwks: ")
			require.Nil(t, got.set)
			hides(t, err.Error(), "hunter2")
			require.EqualValues(t, 1, a.requests.Load())
		})
	}
	t.Cleanup(func() { require.Zero(t, target.requests.Load(), "nobody is sent elsewhere") })
}

func TestAnAnswerOf1MiBIsReadAndNoLonger(t *testing.T) {
	t.Parallel()
	for size, fine := range map[int]bool{MaxSize: true, MaxSize + 1: false} {
		a := serve(t, body(make([]byte, size)))
		u, err := url.Parse(a.URL)
		require.NoError(t, err)
		content, _, err := newClient(nil).get(t.Context(), u, "")
		require.Equal(t, fine, err == nil)
		require.Equal(t, fine, len(content) == size)
	}
}

func redirect(code int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(code)
	}
}

func codeAnd(code int, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write(content)
	}
}

func endless(w http.ResponseWriter, _ *http.Request) {
	for {
		if _, err := w.Write(make([]byte, 64<<10)); err != nil {
			return
		}
	}
}

func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	for range 1 << 10 {
		if _, err := z.Write(make([]byte, 64<<10)); err != nil {
			return
		}
	}
	_ = z.Close()
}

func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write(ec("a"))
}

func early(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Link", strings.Repeat("x", 40<<10))
	for range 100 {
		w.WriteHeader(http.StatusEarlyHints)
	}
}

// authority signs certificates of servers for a test.
type authority struct {
	tls.Certificate
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	a.Certificate = certify(t, nil, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour)})
	a.pool.AddCert(a.Leaf)
	return a
}

// certify returns a certificate of a new key; without parent it signs itself.
func certify(t *testing.T, parent *authority, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key := newEC(ecPrivate().Curve)
	template.SerialNumber, template.Subject = big.NewInt(2), pkix.Name{CommonName: "test"}
	by, signer := template, any(key)
	if parent != nil {
		by, signer = parent.Leaf, parent.PrivateKey
	}
	der := must(x509.CreateCertificate(nil, template, by, key.Public(), signer))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: must(x509.ParseCertificate(der))}
}

// THREATS G15.
func TestCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	leaf := func() *x509.Certificate {
		return &x509.Certificate{NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	}
	named, expired, early := leaf(), leaf(), leaf()
	named.IPAddresses, named.DNSNames = nil, []string{"idp.test"}
	expired.NotAfter = time.Now().Add(-time.Hour)
	early.NotBefore, early.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	client := leaf()
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for name, tc := range map[string]struct {
		certificate tls.Certificate
		roots       *x509.CertPool
		reason      string
	}{
		"good":                        {certify(t, ca, leaf()), ca.pool, ""},
		"wrong name":                  {certify(t, ca, named), ca.pool, "x509"},
		"expired":                     {certify(t, ca, expired), ca.pool, "expired"},
		"not valid yet":               {certify(t, ca, early), ca.pool, "not yet valid"},
		"of a client":                 {certify(t, ca, client), ca.pool, "incompatible key usage"},
		"self-signed":                 {certify(t, nil, leaf()), ca.pool, "unknown authority"},
		"of an authority of the test": {certify(t, ca, leaf()), nil, "unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(body(ec("a")))
			server.TLS = &tls.Config{Certificates: []tls.Certificate{tc.certificate}}
			server.Config.ErrorLog = quiet
			server.StartTLS()
			t.Cleanup(server.Close)
			transport := newTransport(false)
			require.Nil(t, transport.secure.TLSClientConfig, "the roots of the system")
			if tc.roots != nil {
				transport.secure.TLSClientConfig = &tls.Config{RootCAs: tc.roots}
			}
			_, err := newClient(transport).fetch(t.Context(), "i", server.URL)
			if tc.reason == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.reason)
		})
	}
}

func TestPlainHTTPDoesNotPassForTLS(t *testing.T) {
	t.Parallel()
	a := serve(t, body(ec("a")))
	_, err := newClient(nil).fetch(t.Context(), "i", strings.Replace(a.URL, "http:", "https:", 1))
	require.Error(t, err)
	require.Zero(t, a.requests.Load())
}

func TestAddressesThatAreDialled(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]struct{ secure, plain bool }{
		"127.0.0.1:443": {true, true}, "[::1]:443": {true, true}, "[::ffff:127.0.0.1]:80": {true, true},
		"10.0.0.1:443": {true, false}, "192.0.2.1:443": {true, false}, "[2001:db8::1]:443": {true, false}, "[fd00::1]:443": {true, false},
		"169.254.169.254:443": {}, "[::ffff:169.254.169.254]:443": {}, "[fe80::1%eth0]:443": {}, "0.0.0.0:443": {}, "[::]:443": {}, "[::ffff:0.0.0.0]:443": {}, "224.0.0.1:443": {}, "[ff02::1]:443": {}, "nonsense": {},
	} {
		require.Equal(t, want.secure, guard(dialable)("tcp", address, nil) == nil, address)
		require.Equal(t, want.plain, guard(netip.Addr.IsLoopback)("tcp", address, nil) == nil, address)
	}
}

// A name that was a loopback one when it was written may be anything by now.
func TestHTTPReachesNothingButThisMachine(t *testing.T) {
	t.Parallel()
	_, err := newTransport(false).plain.DialContext(t.Context(), "tcp", "192.0.2.1:80")
	require.ErrorContains(t, err, "no issuer has")
	_, err = newTransport(false).secure.DialContext(t.Context(), "tcp", "169.254.169.254:443")
	require.ErrorContains(t, err, "no issuer has")
	a := serve(t, body(ec("a")))
	_, err = newClient(nil).fetch(t.Context(), "i", strings.Replace(a.URL, "127.0.0.1", "localhost", 1))
	require.NoError(t, err)
}

// THREATS G17. It sets the environment, so it runs alone.
func TestProxiesAreForHTTPSAndNeverForThisMachine(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.test:3128")
	t.Setenv("HTTPS_PROXY", "http://proxy.test:3128")
	t.Setenv("NO_PROXY", "internal.test")
	transport := newTransport(false)
	require.Nil(t, transport.plain.Proxy)
	for to, want := range map[string]string{
		"https://idp.test/": "http://proxy.test:3128", "https://internal.test/": "", "https://a.internal.test/": "",
		"https://localhost/": "", "https://127.0.0.1/": "", "https://[::1]/": "",
	} {
		u, err := url.Parse(to)
		require.NoError(t, err)
		proxy, err := transport.secure.Proxy(&http.Request{URL: u})
		require.NoError(t, err)
		got := ""
		if proxy != nil {
			got = proxy.String()
		}
		require.Equal(t, want, got, to)
	}
	a := serve(t, body(ec("a")))
	_, err := newClient(nil).fetch(t.Context(), "i", a.URL)
	require.NoError(t, err, "a proxy that does not exist would have been asked")
}

func TestMaxAge(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]struct {
		age   time.Duration
		found bool
	}{
		"": {}, "public": {}, "s-maxage=5": {}, "max-age": {0, true}, "max-age=": {0, true}, "max-age=x": {0, true}, "max-age=-1": {0, true}, "max-age=1.5": {0, true},
		"max-age=600": {10 * time.Minute, true}, "public, Max-Age=600 , must-revalidate": {10 * time.Minute, true}, `max-age="600"`: {10 * time.Minute, true},
		"max-age=600|max-age=5": {0, true}, "max-age=600, max-age=600": {0, true}, "no-cache": {0, true}, "max-age=600, no-store": {0, true}, "public|max-age=60": {time.Minute, true},
		"max-age=0": {0, true}, "max-age=99999999999999999999": {0, true}, "max-age=2147483647": {2147483647 * time.Second, true},
	} {
		h := http.Header{}
		for value := range strings.SplitSeq(header, "|") {
			h.Add("Cache-Control", value)
		}
		age, found := maxAge(h)
		require.Equal(t, want.age, age, header)
		require.Equal(t, want.found, found, header)
	}
}

func TestAFetchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	began := make(chan struct{})
	a := serve(t, func(_ http.ResponseWriter, r *http.Request) { close(began); <-r.Context().Done() })
	go func() { <-began; cancel() }()
	_, err := newClient(nil).fetch(ctx, "i", a.URL)
	require.ErrorIs(t, err, context.Canceled)
}

// A bubble ends only when all its goroutines have.
func TestADialThatWasGivenUpEnds(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"https://idp.test/", "http://localhost/"} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(nil)
			dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			c.own.secure.DialContext, c.own.plain.DialContext = dial, dial
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.fetch(ctx, "i", to)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

func TestAHandshakeThatWasGivenUpEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newWire(t, nil)
		go func() {
			c, err := n.Accept()
			if err == nil {
				_, _ = io.Copy(io.Discard, c) // until it is closed
			}
		}()
		c := newClient(nil)
		c.own.secure.DialContext = n.dial
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.fetch(ctx, "i", "https://idp.test/")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
