package openapiauth

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/modules/mgw"
)

const (
	// patience is how long a body of unknown length may go on before it counts as a
	// stream.
	patience = 5 * time.Second
	// revocationPoll is how often a stream looks whether its keys are revoked: one
	// lookup in memory.
	revocationPoll = time.Second
	// recheckPoll is how often it has issuers asked, at most.
	recheckPoll = 5 * time.Second
)

// errOver is what a handler gets that goes on to write.
var errOver = errors.New("the credentials of this connection are no longer valid")

// lease ends a connection that stays when the first of its credentials expires or
// is revoked: one that was opened with a token of five minutes would go on for
// days. What stays is for the response to say, not for the request: another
// protocol, server-sent events, and a body whose length is not known and that
// takes its time. Until then it costs no timer.
type lease struct {
	caddyhttp.ResponseWriterWrapper
	app        *mgw.App
	principals []*caddymgw.Principal
	end        time.Time // zero: none of them expires
	polled     bool      // one of them may be revoked
	vary       [1]string // room for the header of that name, which is then no allocation of its own

	begun bool      // the header was written
	late  time.Time // from then on it is a stream; zero: it is none, or one already
	over  atomic.Bool

	mu      sync.Mutex // of what follows
	timer   *time.Timer
	asked   time.Time // when issuers were asked last
	conn    net.Conn  // taken over; nil: not
	stopped bool
}

// newLease returns nil where nothing can end.
func (h *Handler) newLease(w http.ResponseWriter, r *http.Request, principals []*caddymgw.Principal) *lease {
	end := caddymgw.Decision{Principals: principals}.Expires()
	polled := slices.ContainsFunc(principals, func(p *caddymgw.Principal) bool { return p.Recheck != nil || h.app.Revocable(p) })
	if end.IsZero() && !polled {
		return nil
	}
	l := &lease{ResponseWriterWrapper: caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, app: h.app, principals: principals, polled: polled}
	if !end.IsZero() {
		l.end = end.Add(h.app.Allowance())
	}
	if r.ContentLength < 0 {
		r.Body = &leasedBody{r.Body, l, time.Now().Add(patience)}
	}
	return l
}

// WriteHeader looks at what kind of response it is.
func (l *lease) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols || status >= http.StatusOK {
		l.begin(status)
	}
	l.ResponseWriter.WriteHeader(status)
}

func (l *lease) begin(status int) {
	if l.begun {
		return
	}
	l.begun = true
	header := l.Header()
	switch {
	case status == http.StatusSwitchingProtocols, isEvents(header.Get("Content-Type")):
		l.watch()
	case header.Get("Content-Length") == "":
		l.late = time.Now().Add(patience)
	}
}

func isEvents(contentType string) bool {
	const events = "text/event-stream"
	return len(contentType) >= len(events) && strings.EqualFold(contentType[:len(events)], events)
}

// Write fails when it is over.
func (l *lease) Write(p []byte) (int, error) {
	l.begin(http.StatusOK)
	if !l.late.IsZero() && time.Now().After(l.late) {
		l.late = time.Time{}
		l.watch()
	}
	if l.over.Load() {
		return 0, errOver
	}
	return l.ResponseWriter.Write(p)
}

// FlushError fails when it is over.
func (l *lease) FlushError() error {
	l.begin(http.StatusOK)
	if l.over.Load() {
		return errOver
	}
	return http.NewResponseController(l.ResponseWriter).Flush()
}

// ReadFrom takes the short way only for a body of known length.
func (l *lease) ReadFrom(r io.Reader) (int64, error) {
	l.begin(http.StatusOK)
	if l.late.IsZero() && !l.watched() {
		return l.ResponseWriterWrapper.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{l}, r)
}

// Hijack hands the connection over, and goes on to watch it until the handler
// returns.
func (l *lease) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(l.ResponseWriter).Hijack()
	if err == nil {
		l.mu.Lock()
		l.conn = conn
		l.mu.Unlock()
		l.watch()
	}
	return conn, rw, err
}

func (l *lease) watched() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.timer != nil
}

// watch begins to look.
func (l *lease) watch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil && !l.stopped {
		now := time.Now()
		l.asked = now
		l.timer = time.AfterFunc(l.next(now), l.look)
	}
}

// next is for how long there is nothing to look for.
func (l *lease) next(now time.Time) time.Duration {
	switch {
	case l.end.IsZero():
		return revocationPoll
	case l.polled:
		return min(revocationPoll, l.end.Sub(now))
	}
	return l.end.Sub(now)
}

func (l *lease) look() {
	now := time.Now()
	holds := l.holds(now)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stopped:
	case holds:
		l.timer.Reset(l.next(now))
	default:
		l.cut()
	}
}

// holds judges as a new request would be.
func (l *lease) holds(now time.Time) bool {
	if !l.end.IsZero() && !now.Before(l.end) || slices.ContainsFunc(l.principals, l.app.Revoked) {
		return false
	}
	if now.Sub(l.asked) < recheckPoll {
		return true
	}
	l.asked = now // nobody else looks at the same time
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	return !slices.ContainsFunc(l.principals, func(p *caddymgw.Principal) bool { return p.Recheck != nil && !p.Recheck(ctx, now) })
}

// cut ends both directions, also where nobody sends anything: a read that fails
// ends the request's context, and so what the proxy does for it. The server's own
// writer is asked, since what stands before it is for one goroutine only.
func (l *lease) cut() {
	l.over.Store(true)
	if l.conn != nil {
		_ = l.conn.Close()
		return
	}
	w := l.ResponseWriter
	for {
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = wrapper.Unwrap()
	}
	controller, past := http.NewResponseController(w), time.Unix(1, 0)
	_ = controller.SetReadDeadline(past)
	_ = controller.SetWriteDeadline(past)
}

// stop ends the watch: the connection is the next request's.
func (l *lease) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	if l.timer != nil {
		l.timer.Stop()
	}
}

// leasedBody is a request's body of unknown length.
type leasedBody struct {
	io.ReadCloser
	lease *lease
	late  time.Time // from then on it is a stream
}

// Read fails when it is over.
func (b *leasedBody) Read(p []byte) (int, error) {
	if time.Now().After(b.late) {
		b.lease.watch()
	}
	if b.lease.over.Load() {
		return 0, errOver
	}
	return b.ReadCloser.Read(p)
}
