package harness

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/freeport"
)

// global is what $GLOBAL stands for.
const global = `admin off
	persist_config off
	skip_install_trust
	local_certs
	auto_https disable_redirects
	http_port $HTTP
	https_port $HTTPS
	default_bind 127.0.0.1
	storage file_system $DIR/data
	log {
		output file $DIR/log.json
		level DEBUG
		format filter {
			wrap json
			request mgw
		}
	}`

// Gateway is Caddy with our modules, running in this process: only one at a
// time.
type Gateway struct {
	Dir      string // of the Caddyfile, the storage and the log
	HTTP     string // ports
	HTTPS    string
	Upstream *Recorder

	t testing.TB
}

// New makes the folder of a gateway with the given files and picks its ports,
// and starts nothing.
func New(t testing.TB, files map[string]string) *Gateway {
	t.Helper()
	g := &Gateway{Dir: folder(t), HTTP: freeport.Take(t), HTTPS: freeport.Take(t), Upstream: NewRecorder(t), t: t}
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(g.Dir, name), []byte(content), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(g.Dir, certificateFile), certificate(), 0o600))
	t.Cleanup(func() { _ = caddy.Stop() })
	return g
}

// folder is one that goes with the test. Caddy may still write to it when it is
// told to stop, so it takes more than one attempt.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gateway")
	require.NoError(t, err)
	t.Cleanup(func() {
		for range 100 {
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	return dir
}

// Start runs a gateway. In the Caddyfile $HTTP and $HTTPS stand for its ports,
// $UPSTREAM for the recorder, $DIR for its folder, $SITE for its two addresses
// and $GLOBAL for what every test wants among the global options.
func Start(t testing.TB, caddyfile string, files map[string]string) *Gateway {
	t.Helper()
	g := New(t, files)
	require.NoError(t, g.Load(caddyfile))
	return g
}

// Load replaces the running configuration.
func (g *Gateway) Load(caddyfile string) error {
	config, err := g.Adapt(caddyfile)
	if err != nil {
		return err
	}
	return g.LoadJSON(config)
}

// LoadJSON replaces the running configuration by one in JSON.
func (g *Gateway) LoadJSON(config []byte) error {
	if err := caddy.Load(config, true); err != nil {
		return err
	}
	passFence()
	return g.waitForTLS()
}

// Stop ends the gateway; Load begins it anew.
func (g *Gateway) Stop() {
	g.t.Helper()
	require.NoError(g.t, caddy.Stop())
}

// waitForTLS: Caddy makes its certificates after it has started.
func (g *Gateway) waitForTLS() error {
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var c *tls.Conn
		if c, err = tls.Dial("tcp", "127.0.0.1:"+g.HTTPS, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"}); err == nil {
			return c.Close()
		}
	}
	return err
}

// Validate provisions the configuration, as `caddy validate` does.
func (g *Gateway) Validate(caddyfile string) error {
	config, err := g.Adapt(caddyfile)
	if err != nil {
		return err
	}
	return ValidateJSON(config)
}

// ValidateJSON provisions a configuration in JSON.
func ValidateJSON(config []byte) error {
	var c caddy.Config
	if err := caddy.StrictUnmarshalJSON(config, &c); err != nil {
		return err
	}
	return caddy.Validate(&c)
}

// Adapt returns the configuration in JSON.
func (g *Gateway) Adapt(caddyfile string) ([]byte, error) {
	body := g.Expand(caddyfile)
	file := filepath.Join(g.Dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		return nil, err
	}
	config, err := Adapt(file, body)
	if err != nil {
		return nil, err
	}
	return calm(config, filepath.Join(g.Dir, certificateFile))
}

// Expand replaces the words that Start tells of.
func (g *Gateway) Expand(caddyfile string) string {
	body := strings.NewReplacer("$GLOBAL", global, "$SITE", "http://localhost:$HTTP, https://localhost:$HTTPS").Replace(caddyfile)
	return strings.NewReplacer("$HTTPS", g.HTTPS, "$HTTP", g.HTTP, "$DIR", g.Dir, "$UPSTREAM", g.Upstream.Addr).Replace(body)
}

// Adapt adapts a Caddyfile that is said to be in a file. A warning is an error
// too, but for that of the formatting.
func Adapt(file, body string) ([]byte, error) {
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(body), map[string]any{"filename": file})
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		if !strings.Contains(w.Message, "not formatted") {
			return nil, fmt.Errorf("warning: %s", w)
		}
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, config, "", "\t"); err != nil {
		return nil, err
	}
	return indented.Bytes(), nil
}

// Answer is a response, read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Client speaks HTTP/1.1 or HTTP/2 with the gateway, which has a certificate of
// its own.
func Client(http2 bool) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
			Protocols:       &protocols,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				dialer := net.Dialer{Timeout: 5 * time.Second}
				return dialer.DialContext(ctx, network, "127.0.0.1:"+port) // whatever the host
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       20 * time.Second,
	}
}

var h1 = Client(false)

// Do sends a request over TLS and HTTP/1.1. Lines are headers, "Name: value".
func (g *Gateway) Do(method, target, body string, lines ...string) Answer {
	g.t.Helper()
	return g.DoWith(h1, method, "https://localhost:"+g.HTTPS+target, body, lines...)
}

// Get is Do with GET.
func (g *Gateway) Get(target string, lines ...string) Answer {
	g.t.Helper()
	return g.Do(http.MethodGet, target, "", lines...)
}

// DoWith sends a request to any URL by any client.
func (g *Gateway) DoWith(c *http.Client, method, url, body string, lines ...string) Answer {
	g.t.Helper()
	a, err := Send(c, method, url, body, lines...)
	for try := 0; err != nil && try < 3; try++ { // Caddy resets connections that a reload finds in its backlog
		time.Sleep(20 * time.Millisecond)
		a, err = Send(c, method, url, body, lines...)
	}
	require.NoError(g.t, err)
	return a
}

// Send is DoWith for other goroutines than the test's.
func Send(c *http.Client, method, url, body string, lines ...string) (Answer, error) {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, url, reader)
	if err != nil {
		return Answer{}, err
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header[name] = append(r.Header[name], value)
	}
	res, err := c.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	return Answer{res.StatusCode, res.Header, string(content)}, err
}

// Log returns what the gateway has logged so far.
func (g *Gateway) Log() string {
	content, err := os.ReadFile(filepath.Join(g.Dir, "log.json"))
	require.NoError(g.t, err)
	return string(content)
}
