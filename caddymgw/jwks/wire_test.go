package jwks

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
)

// wire is a network of pipes, with one HTTP server at its end: within a bubble
// of synctest its time passes at once.
type wire struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	server *http.Server
	client http.Transport
}

// newWire serves what handle says; nil: nobody accepts connections.
func newWire(t *testing.T, handle http.HandlerFunc) *wire {
	t.Helper()
	w := &wire{conns: make(chan net.Conn), closed: make(chan struct{})}
	w.client.DisableKeepAlives = true
	w.client.DialContext = w.dial
	if handle != nil {
		w.server = &http.Server{Handler: handle, ErrorLog: quiet}
		go func() { _ = w.server.Serve(w) }()
	}
	return w
}

func (w *wire) transport() http.RoundTripper { return &w.client }

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case w.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wire) close() {
	if w.server != nil {
		_ = w.server.Close()
	}
	_ = w.Close()
	w.client.CloseIdleConnections() // a transport of ours does so itself
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wire) Addr() net.Addr { return &net.TCPAddr{} }
