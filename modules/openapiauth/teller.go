package openapiauth

import (
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// teller has the response say what is to be told of a refusal that was not made,
// and nothing else: an upstream may have the header too, be it another gateway,
// and clients would take it for ours.
type teller struct {
	caddyhttp.ResponseWriterWrapper
	text [1]string // "": nothing
	told bool
}

func (t *teller) tell() {
	switch {
	case t.told:
	case t.text[0] == "":
		delete(t.Header(), wouldBe)
	default:
		t.Header()[wouldBe] = t.text[:]
	}
}

// WriteHeader puts the header right. That of an informational response is not the
// last.
func (t *teller) WriteHeader(status int) {
	t.tell()
	t.told = status >= http.StatusOK || status == http.StatusSwitchingProtocols
	t.ResponseWriter.WriteHeader(status)
}

// Write puts the header right.
func (t *teller) Write(p []byte) (int, error) {
	t.begin()
	return t.ResponseWriter.Write(p)
}

// ReadFrom puts the header right.
func (t *teller) ReadFrom(r io.Reader) (int64, error) {
	t.begin()
	return t.ResponseWriterWrapper.ReadFrom(r)
}

// FlushError puts the header right.
func (t *teller) FlushError() error {
	t.begin()
	return http.NewResponseController(t.ResponseWriter).Flush()
}

// begin is for who writes no header.
func (t *teller) begin() {
	t.tell()
	t.told = true
}
