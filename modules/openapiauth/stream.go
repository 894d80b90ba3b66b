package openapiauth

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
)

// revocationPoll is how often a stream looks whether its keys are revoked: one
// lookup in memory.
const revocationPoll = time.Second

// whileValid ends a stream when the first of its credentials expires or is
// revoked: one that was opened with a token of five minutes would go on for days.
func (h *Handler) whileValid(r *http.Request, d caddymgw.Decision) (*http.Request, context.CancelFunc) {
	if !streams(r) || len(d.Principals) == 0 {
		return r, func() {}
	}
	var end time.Time
	revocable := false
	for _, p := range d.Principals {
		if !p.Expires.IsZero() && (end.IsZero() || p.Expires.Before(end)) {
			end = p.Expires
		}
		revocable = revocable || h.app.Revocable(p)
	}
	ctx, cancel := context.WithCancel(r.Context())
	if !end.IsZero() {
		ctx, cancel = context.WithDeadline(r.Context(), end.Add(h.app.Allowance()))
	}
	if revocable {
		go h.watch(ctx, cancel, d.Principals)
	}
	return r.WithContext(ctx), cancel
}

// watch ends a stream once one of its principals is revoked.
func (h *Handler) watch(ctx context.Context, end context.CancelFunc, principals []*caddymgw.Principal) {
	poll := time.NewTicker(revocationPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		for _, p := range principals {
			if h.app.Revoked(p) {
				end()
				return
			}
		}
	}
}

// streams reports whether a request asks for a connection that stays: WebSocket,
// or server-sent events.
func streams(r *http.Request) bool {
	return r.Header["Upgrade"] != nil || strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}
