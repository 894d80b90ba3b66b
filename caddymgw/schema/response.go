package schema

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// reply returns what is declared for a status; nil if nothing is.
func (o *Operation) reply(status int) *reply {
	code := strconv.Itoa(status)
	for _, key := range []string{code, code[:1] + "XX", "DEFAULT"} {
		if r := o.responses[key]; r != nil {
			return r
		}
	}
	return nil
}

// ResponseBody says what is to be done with the body of a response. Its error is
// why nothing can be said about the body.
func (o *Operation) ResponseBody(method string, status int, h http.Header) (Treatment, error) {
	r := o.reply(status)
	if r == nil || r.body == nil || bodiless(method, status) || streams(h) {
		return Stream, nil
	}
	m, _, err := r.body.find(h)
	switch {
	case errors.Is(err, errMediaType):
		return Stream, nil // Response tells it
	case err != nil || m == nil:
		return Stream, err
	}
	return Buffer, nil
}

// Response returns what is wrong with a response. The body is what was read, if
// ResponseBody said so, and else nil.
func (o *Operation) Response(method string, status int, h http.Header, content []byte) []Problem {
	r := o.reply(status)
	if r == nil || status < http.StatusOK {
		return nil
	}
	j := o.judge(response)
	for _, p := range r.headers {
		lines, found := h[p.name]
		j.parameter(p, p.inHeader(lines), found, nil)
	}
	if r.body == nil || bodiless(method, status) || streams(h) {
		return j.list
	}
	m, k, err := r.body.find(h)
	switch {
	case errors.Is(err, errMediaType) && h.Get("Content-Length") != "0":
		j.add(Header, pointer("Content-Type"), err.Error())
	case err == nil && m != nil && content != nil:
		j.body(m, k, h, content)
	}
	return j.list
}

// bodiless reports whether a response has no body (RFC 9110 section 6.4.1).
func bodiless(method string, status int) bool {
	return method == http.MethodHead || status < http.StatusOK || status == http.StatusNoContent || status == http.StatusNotModified
}

// streams reports whether a response goes on for as long as it likes.
func streams(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "text/event-stream")
}
