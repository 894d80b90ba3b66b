package openapiauth

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
)

// untilExpiry ends a stream when the first of its credentials expires: one that
// was opened with a token of five minutes would go on for days.
func (h *Handler) untilExpiry(r *http.Request, d caddymgw.Decision) (*http.Request, context.CancelFunc) {
	if !streams(r) {
		return r, func() {}
	}
	var end time.Time
	for _, p := range d.Principals {
		if !p.Expires.IsZero() && (end.IsZero() || p.Expires.Before(end)) {
			end = p.Expires
		}
	}
	if end.IsZero() {
		return r, func() {}
	}
	ctx, cancel := context.WithDeadline(r.Context(), end.Add(h.app.Allowance()))
	return r.WithContext(ctx), cancel
}

// streams reports whether a request asks for a connection that stays: WebSocket,
// or server-sent events.
func streams(r *http.Request) bool {
	return r.Header["Upgrade"] != nil || strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}
