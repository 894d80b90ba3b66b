package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// timeout bounds a whole fetch: discovery, connecting and reading.
const timeout = 5 * time.Second

// client makes one GET at a time, and trusts its answers no further than it
// must: it follows no redirect and reads no more than MaxSize.
type client struct {
	http http.Client
	own  *transport // nil: the transport belongs to somebody else
}

func newClient(t http.RoundTripper) *client {
	c := &client{}
	if t == nil {
		c.own = newTransport(false)
		t = c.own
	}
	c.http = http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// hangUp ends what a request that was given up has left: net/http goes on to
// dial, for the sake of others that may come.
func (c *client) hangUp() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// get returns the body of a 200. Its errors hold the place, and nothing of the
// answer but its status.
func (c *client) get(ctx context.Context, u *url.URL, accept string) ([]byte, http.Header, error) {
	fail := func(err error) ([]byte, http.Header, error) {
		return nil, nil, fmt.Errorf("%s: %w", place(u), err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fail(errors.New("it is not a URL"))
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "caddymgw")
	response, err := c.http.Do(r)
	if err != nil {
		var u *url.Error // it repeats the whole URL
		if errors.As(err, &u) {
			err = u.Err
		}
		return fail(err)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode/100 == 3:
		return fail(fmt.Errorf("it answered %d, and redirects are not followed: name the URL that they lead to", response.StatusCode))
	case response.StatusCode != http.StatusOK:
		return fail(fmt.Errorf("it answered %d", response.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxSize+1))
	if err != nil {
		return fail(err)
	}
	if len(body) > MaxSize {
		return fail(fmt.Errorf("the answer is longer than %d bytes", MaxSize))
	}
	return body, response.Header, nil
}

// maxAge reads max-age of Cache-Control (RFC 9111 section 5.2.2.1). What is not
// to be kept at all is of age 0.
func maxAge(h http.Header) (time.Duration, bool) {
	found := false
	var age time.Duration
	for _, line := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			key, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(key) {
			case "no-store", "no-cache":
				return 0, true
			case "max-age":
				seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
				if err != nil || found {
					return 0, true // RFC 9111 section 4.2.1: stale
				}
				age, found = time.Duration(seconds)*time.Second, true
			}
		}
	}
	return age, found
}

// transport is what a Remote speaks through if it is given nothing else. It is
// not a copy of the default one, which anybody may have told to trust more.
// Certificates are checked against the roots of the system. HTTPS_PROXY and
// NO_PROXY are heeded for https as everywhere, but never for loopback hosts;
// http goes nowhere but to this machine. A Remote, which has little to ask, keeps
// no connection.
type transport struct{ secure, plain *http.Transport }

// NewTransport returns what a Remote speaks to issuers through by default, for
// other questions to them: with connections that are kept.
func NewTransport() http.RoundTripper { return newTransport(true) }

func newTransport(keep bool) *transport {
	proxy := httpproxy.FromEnvironment().ProxyFunc()
	guarded := func(allowed func(netip.Addr) bool) *http.Transport {
		return &http.Transport{
			DialContext:            (&net.Dialer{Timeout: timeout, Control: guard(allowed)}).DialContext,
			TLSHandshakeTimeout:    timeout,
			ForceAttemptHTTP2:      true,
			DisableKeepAlives:      !keep,
			MaxIdleConnsPerHost:    maxIdle,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	t := &transport{secure: guarded(dialable), plain: guarded(netip.Addr.IsLoopback)}
	t.secure.Proxy = func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
	return t
}

const (
	maxIdle     = 16
	idleTimeout = 30 * time.Second
)

// CloseIdleConnections is asked for by [http.Client.CloseIdleConnections].
func (t *transport) CloseIdleConnections() {
	t.secure.CloseIdleConnections()
	t.plain.CloseIdleConnections()
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return t.secure.RoundTrip(r)
	}
	return t.plain.RoundTrip(r)
}

// dialable leaves out what no name of an issuer leads to, such as the metadata
// services of clouds.
func dialable(a netip.Addr) bool {
	return !a.IsLinkLocalUnicast() && !a.IsMulticast() && !a.IsUnspecified()
}

// guard looks at the address that is really dialled: what a name led to when it
// was checked may be another by now.
func guard(allowed func(netip.Addr) bool) func(_, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !allowed(to.Addr().Unmap().WithZone("")) {
			return errors.New("the name leads to an address that no issuer has")
		}
		return nil
	}
}
