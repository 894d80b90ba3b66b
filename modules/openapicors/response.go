package openapicors

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// response keeps the gateway's word on other origins: two of a header, ours and
// the upstream's, are none to a browser.
type response struct {
	*caddyhttp.ResponseWriterWrapper
	ours  http.Header
	wrote bool
}

func own(w http.ResponseWriter) *response {
	r := &response{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, ours: http.Header{}}
	for name, values := range w.Header() {
		if about(name) {
			r.ours[name] = slices.Clone(values)
		}
	}
	return r
}

// about reports whether a header is of the CORS protocol.
func about(name string) bool { return strings.HasPrefix(name, "Access-Control-") }

// WriteHeader puts our headers in place of others.
func (r *response) WriteHeader(status int) {
	if !r.wrote && status >= 200 {
		r.wrote = true
		header := r.Header()
		for name := range header {
			if about(name) {
				delete(header, name)
			}
		}
		for name, values := range r.ours {
			header[name] = values
		}
	}
	r.ResponseWriterWrapper.WriteHeader(status)
}

// Write writes the header first.
func (r *response) Write(p []byte) (int, error) {
	r.begin()
	return r.ResponseWriterWrapper.Write(p)
}

// ReadFrom writes the header first.
func (r *response) ReadFrom(from io.Reader) (int64, error) {
	r.begin()
	return r.ResponseWriterWrapper.ReadFrom(from)
}

// FlushError writes the header first.
func (r *response) FlushError() error {
	r.begin()
	return http.NewResponseController(r.ResponseWriter).Flush()
}

// begin is for who writes no header.
func (r *response) begin() {
	if !r.wrote {
		r.WriteHeader(http.StatusOK)
	}
}
