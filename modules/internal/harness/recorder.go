package harness

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Recorder is an upstream that keeps each request as it came.
type Recorder struct {
	Addr string

	mu       sync.Mutex
	requests []string
}

// NewRecorder starts one on loopback; it ends with the test. It answers 200
// with the body "upstream".
func NewRecorder(t testing.TB) *Recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &Recorder{Addr: l.Addr().String()}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

func (r *Recorder) serve(c net.Conn) {
	defer c.Close()
	var raw bytes.Buffer
	in := bufio.NewReader(io.TeeReader(c, &raw))
	for {
		req, err := http.ReadRequest(in)
		if err == nil {
			_, err = io.Copy(io.Discard, req.Body)
		}
		if raw.Len() > 0 {
			r.mu.Lock()
			r.requests = append(r.requests, raw.String())
			r.mu.Unlock()
			raw.Reset()
		}
		if err != nil {
			return
		}
		if _, err := fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nupstream"); err != nil {
			return
		}
	}
}

// Take returns what came since the last call.
func (r *Recorder) Take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.requests
	r.requests = nil
	return taken
}

// Header returns the values of a header in a recorded request, by its exact
// spelling.
func Header(raw, name string) (values []string) {
	head, _, _ := strings.Cut(raw, "\r\n\r\n")
	for _, line := range strings.Split(head, "\r\n")[1:] {
		if n, v, ok := strings.Cut(line, ": "); ok && n == name {
			values = append(values, v)
		}
	}
	return values
}
