package openapivalidate

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strconv"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw/schema"
)

// recorder holds a response back until it is judged. What is not looked into
// goes through it at once.
type recorder struct {
	*caddyhttp.ResponseWriterWrapper
	judging *judging
	method  string
	before  http.Header // of the response, from those before us
	status  int
	state   state
	held    bytes.Buffer
}

type state uint8

const (
	undecided state = iota
	holding
	passing
	replaced // by a 500
)

func newRecorder(w http.ResponseWriter, j *judging, method string) *recorder {
	return &recorder{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, judging: j, method: method, before: w.Header().Clone()}
}

// WriteHeader decides what is to be done with the body.
func (r *recorder) WriteHeader(status int) {
	if r.state != undecided {
		return
	}
	if status < http.StatusOK && status != http.StatusSwitchingProtocols {
		r.ResponseWriterWrapper.WriteHeader(status)
		return
	}
	r.status = status
	header := r.Header()
	treatment, err := r.judging.op.ResponseBody(r.method, status, header)
	length, _ := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	switch {
	case err != nil, treatment == schema.Buffer && (length > r.judging.MaxBody || header["Trailer"] != nil):
		r.pass(unjudged)
	case treatment == schema.Buffer:
		r.state = holding
	default:
		r.judge(nil)
	}
}

// pass lets what is held, and all that comes, through.
func (r *recorder) pass(o outcome) {
	r.judging.count(responses, o)
	r.state = passing
	r.ResponseWriterWrapper.WriteHeader(r.status)
	_, _ = r.held.WriteTo(r.ResponseWriter)
}

// judge lets the response through, or puts a 500 in its place.
func (r *recorder) judge(content []byte) {
	problems := r.judging.op.Response(r.method, r.status, r.Header(), content)
	if len(problems) == 0 {
		r.pass(good)
		return
	}
	r.judging.report(responses, problems)
	if r.judging.Responses == Report {
		r.pass(broken)
		return
	}
	r.judging.count(responses, broken)
	r.state = replaced
	r.forget()
}

// forget takes back what the next handlers have written.
func (r *recorder) forget() {
	r.held.Reset()
	header := r.Header()
	clear(header)
	maps.Copy(header, r.before)
}

// Write holds the body back as long as there is room.
func (r *recorder) Write(p []byte) (int, error) {
	if r.state == undecided {
		r.WriteHeader(http.StatusOK)
	}
	switch r.state {
	case replaced:
		return len(p), nil
	case holding:
		if int64(r.held.Len()+len(p)) <= r.judging.MaxBody {
			return r.held.Write(p)
		}
		r.pass(unjudged)
	}
	return r.ResponseWriter.Write(p)
}

// ReadFrom keeps the fast path for what goes through.
func (r *recorder) ReadFrom(from io.Reader) (int64, error) {
	if r.state == passing {
		return r.ResponseWriterWrapper.ReadFrom(from)
	}
	return io.Copy(struct{ io.Writer }{r}, from)
}

// FlushError flushes what goes through.
func (r *recorder) FlushError() error {
	if r.state == undecided {
		r.WriteHeader(http.StatusOK)
	}
	if r.state != passing {
		return nil
	}
	return http.NewResponseController(r.ResponseWriter).Flush()
}

// Flush is FlushError for who does not ask.
func (r *recorder) Flush() { _ = r.FlushError() }

// fail ends a response after an error of the next handler: what is held was not
// all of it.
func (r *recorder) fail(err error) error {
	switch r.state {
	case replaced:
		return r.replace()
	case holding:
		r.forget()
	}
	return err
}

// finish ends a response.
func (r *recorder) finish() error {
	if r.state == undecided {
		r.WriteHeader(http.StatusOK)
	}
	if r.state == holding {
		content := r.held.Bytes()
		if content == nil {
			content = []byte{}
		}
		r.judge(content)
	}
	if r.state == replaced {
		return r.replace()
	}
	return nil
}

// replace tells the client no more than that the response was no good.
func (r *recorder) replace() error {
	return r.judging.answer(r.ResponseWriter, answer{status: http.StatusInternalServerError, detail: "The response of the upstream is not what the API declares"})
}

// Interface guards
var (
	_ http.ResponseWriter = (*recorder)(nil)
	_ http.Flusher        = (*recorder)(nil)
	_ io.ReaderFrom       = (*recorder)(nil)
)
