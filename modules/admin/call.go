package admin

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/modules/mgw"
)

// call is one request.
type call struct {
	w http.ResponseWriter
	r *http.Request
}

func (c *call) context() context.Context { return c.r.Context() }

// actor is who asks, for the audit trail.
func (c *call) actor() mgw.Actor {
	by := mgw.Actor{Via: mgw.ViaAdmin, Address: c.r.RemoteAddr}
	if host, _, err := net.SplitHostPort(c.r.RemoteAddr); err == nil {
		by.Address = host
	}
	// The address of a client at a Unix socket is a path of his choice.
	if local, ok := c.r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && strings.HasPrefix(local.Network(), "unix") {
		by.Address = "unix"
	}
	if tls := c.r.TLS; tls != nil && len(tls.VerifiedChains) > 0 {
		leaf := tls.VerifiedChains[0][0]
		by.Name = leaf.Subject.CommonName
		if by.Name == "" {
			by.Name = leaf.Subject.String()
		}
		by.Name += " (serial " + leaf.SerialNumber.Text(16) + ")"
	}
	return by
}

// maxBody is the longest body that is read, in bytes.
const maxBody = 64 << 10

// read reads the body, a JSON object, into a struct. Known names its members. No
// body is read as none of them, where they may all be missing.
func (c *call) read(into any, known string, optional bool) *failure {
	if bad := c.noQuery(); bad != nil {
		return bad
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &failure{Status: http.StatusRequestEntityTooLarge, Message: "the body must not be longer than 64 KiB"}
	case err != nil:
		return badRequest("the body can't be read")
	}
	types := c.r.Header["Content-Type"]
	if len(body) == 0 && len(types) == 0 && optional {
		return nil
	}
	// Forms of other sites could be sent without a browser asking first.
	media, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || len(types) != 1 || media != "application/json" || c.r.Header.Get("Content-Encoding") != "" {
		return &failure{Status: http.StatusUnsupportedMediaType, Message: "the body must be application/json"}
	}
	if len(body) == 0 && optional {
		return nil
	}
	if err := apikey.Decode(body, into, known); err != nil {
		return malformed(err)
	}
	return nil
}

// query returns the parameters of the query.
func (c *call) query() (url.Values, *failure) {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return nil, badRequest("the query can't be read")
	}
	return values, nil
}

func (c *call) noQuery() *failure {
	if c.r.URL.RawQuery != "" {
		return badRequest("this takes no query")
	}
	return nil
}

// keyID is the shape of ids and kids. A whole key, put in place of its id, has
// not got it, and must not come to be kept in the ledger.
var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
