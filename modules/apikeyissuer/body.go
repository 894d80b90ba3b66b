package apikeyissuer

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/caddymgw/gateway/caddymgw/fault"
)

// maxBody is more than any sensible request needs, in bytes.
const maxBody = 4 << 10

// bodyTimeout is how long a client may take to send it.
const bodyTimeout = 5 * time.Second

// readBody reads the body, if there is one, before anything costs.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *answer) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > maxBody {
		return nil, &answer{code: fault.ContentTooLarge}
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // where it can't be set, the server's own counts
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = control.SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &answer{code: fault.ContentTooLarge}
	case err != nil:
		return nil, &answer{code: fault.BadRequest}
	case len(body) == 0:
		return nil, nil
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || r.Header.Get("Content-Encoding") != "" {
		return nil, &answer{code: fault.UnsupportedMediaType}
	}
	return body, nil
}
