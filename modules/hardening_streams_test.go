package modules_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/authserver"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

// ticks are what a steady upstream sends.
const (
	ticks    = 100 * time.Millisecond
	forever  = 25 * time.Second // of an upstream that nobody stops
	finite   = 60               // ticks of a body of known length: it outlives every token of the tests
	tickText = "tick\n"
)

// steady starts an upstream that goes on and on, in the way that the query says,
// and tells when a request of it has ended early.
func steady(t *testing.T) (address string, ended chan string) {
	t.Helper()
	ended = make(chan string, 100)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mode := r.URL.Query().Get("mode")
		switch mode {
		case "events", "idle":
			w.Header().Set("Content-Type", "Text/Event-Stream; charset=utf-8")
		case "known":
			w.Header().Set("Content-Length", fmt.Sprint(finite*len(tickText)))
		case "socket":
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello\n")
			_ = rw.Flush()
			_, _ = io.Copy(io.Discard, rw)
			ended <- mode
			return
		case "upload":
			_, err := io.Copy(io.Discard, r.Body)
			ended <- fmt.Sprint(mode, " ", err != nil)
			return
		}
		stop := time.After(forever)
		for i := 0; mode != "known" || i < finite; i++ {
			if mode != "idle" || i == 0 {
				if _, err := io.WriteString(w, tickText); err != nil {
					break
				}
				_ = http.NewResponseController(w).Flush()
			}
			select {
			case <-r.Context().Done():
				ended <- mode
				return
			case <-stop:
				return
			case <-time.After(ticks):
			}
		}
	}))
	t.Cleanup(func() { upstream.CloseClientConnections(); upstream.Close() })
	return strings.TrimPrefix(upstream.URL, "http://"), ended
}

// startSteady starts a gateway before a steady upstream.
func startSteady(t *testing.T, lines ...string) (*harness.Gateway, chan string) {
	t.Helper()
	address, ended := steady(t)
	g := harness.New(t, petsFile())
	require.NoError(t, g.Load(strings.ReplaceAll(trusting(lines...), "$UPSTREAM", address)))
	return g, ended
}

// open sends a request whose response goes on.
func open(t *testing.T, g *harness.Gateway, http2 bool, target string, lines ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://localhost:"+g.HTTPS+target, nil)
	require.NoError(t, err)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header[name] = append(r.Header[name], value)
	}
	res, err := harness.Client(http2).Do(r) // which gives up after 20 s
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(t, 200, res.StatusCode)
	return res
}

// TestAStreamEndsWithItsToken, whatever the client says of what it accepts. The
// token is good for two seconds.
func TestAStreamEndsWithItsToken(t *testing.T) {
	idp := startIDP(t)
	g, ended := startSteady(t, tokenIssuer(idp))
	for name, tc := range map[string]struct {
		http2  bool
		mode   string
		accept []string
	}{
		"events that are asked for":      {false, "events", []string{"Accept: text/event-stream"}},
		"or otherwise":                   {false, "events", []string{"Accept: */*", "Accept: TEXT/EVENT-STREAM"}},
		"or not at all":                  {false, "events", nil},
		"or by HTTP/2":                   {true, "events", nil},
		"nobody sends anything any more": {false, "idle", nil},
		"nor by HTTP/2":                  {true, "idle", nil},
		"a body that goes on":            {false, "plain", nil},
		"a body that goes on, by HTTP/2": {true, "plain", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := accessToken(t, idp, "short")
			began := time.Now()
			res := open(t, g, tc.http2, "/v1/pets?mode="+tc.mode, append(tc.accept, bearer(token))...)
			_, err := io.Copy(io.Discard, res.Body)
			require.Error(t, err, "it was cut, and has not come to its end")
			require.Less(t, time.Since(began), 18*time.Second)
		})
	}
	t.Run("a body of known length is no stream", func(t *testing.T) {
		t.Parallel()
		res := open(t, g, false, "/v1/pets?mode=known", bearer(accessToken(t, idp, "short")))
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Len(t, body, finite*len(tickText))
	})
	t.Run("a token that goes on", func(t *testing.T) {
		t.Parallel()
		ctx, stop := context.WithTimeout(t.Context(), 4*time.Second)
		defer stop()
		res := open(t, g, false, "/v1/pets?mode=events", bearer(accessToken(t, idp, "app")))
		go func() { <-ctx.Done(); _ = res.Body.Close() }()
		_, _ = io.Copy(io.Discard, res.Body)
		require.Error(t, ctx.Err(), "it went on until we left")
	})
	t.Cleanup(func() { require.NotEmpty(t, ended, "the upstream hears of it") })
}

// TestAnUploadEndsWithItsToken: a request's body may be a stream too.
func TestAnUploadEndsWithItsToken(t *testing.T) {
	idp := startIDP(t, func(c *authserver.Config) {
		c.Clients = append(c.Clients, authserver.Client{ID: "brief", Secret: "s", Scopes: []string{"read:pets", "write:pets"}, Lifetime: time.Second})
	})
	g, ended := startSteady(t, tokenIssuer(idp))
	for _, http2 := range []bool{false, true} {
		reader, writer := io.Pipe()
		defer writer.Close()
		go func() {
			for range forever / ticks {
				if _, err := io.WriteString(writer, tickText); err != nil {
					return
				}
				time.Sleep(ticks)
			}
		}()
		r, err := http.NewRequest(http.MethodPost, "https://localhost:"+g.HTTPS+"/v1/pets?mode=upload", reader)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+accessToken(t, idp, "brief"))
		go func() {
			if res, err := harness.Client(http2).Do(r); err == nil {
				_ = res.Body.Close()
			}
		}()
	}
	for range 2 {
		select {
		case how := <-ended:
			require.Equal(t, "upload true", how)
		case <-time.After(18 * time.Second):
			require.Fail(t, "it went on")
		}
	}
}

func TestAWebSocketEndsWithItsToken(t *testing.T) {
	idp := startIDP(t)
	g, ended := startSteady(t, tokenIssuer(idp))
	conn, err := tls.Dial("tcp", "localhost:"+g.HTTPS, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(18*time.Second)))
	_, err = fmt.Fprintf(conn, "GET /v1/pets?mode=socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n\r\n", bearer(accessToken(t, idp, "short")))
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, 101, res.StatusCode)
	_, err = io.Copy(io.Discard, conn)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, "socket", <-ended)
}

func TestAStreamEndsWhenItsKeyIsRevoked(t *testing.T) {
	g, ended := startSteady(t)
	k := issue(t, g, alice, "{}")
	res := open(t, g, true, "/v1/key?mode=events", k.header())
	_, err := io.ReadFull(res.Body, make([]byte, 15*len(tickText)))
	require.NoError(t, err)
	require.Equal(t, 204, g.Do("DELETE", keysOf+"/"+k.ID, "", alice).Status)
	_, err = io.Copy(io.Discard, res.Body)
	require.Error(t, err)
	require.Equal(t, "events", <-ended)
}

// TestAStreamEndsWhenItsTokenIsWithdrawn: who else would tell of an opaque token
// that its issuer takes back?
func TestAStreamEndsWhenItsTokenIsWithdrawn(t *testing.T) {
	idp := startIDP(t)
	g, ended := startSteady(t, introspecting(t, idp, " {\n\t\t\t\tcache_for 1s\n\t\t\t}"))
	token := accessToken(t, idp, "opaque")
	res := open(t, g, false, "/v1/pets?mode=events", bearer(token))
	_, err := io.ReadFull(res.Body, make([]byte, 5*len(tickText)))
	require.NoError(t, err)
	require.NoError(t, idp.Revoke("opaque", token))
	_, err = io.Copy(io.Discard, res.Body)
	require.Error(t, err)
	require.Equal(t, "events", <-ended)
}
