package openapivalidate

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/caddymgw/gateway/caddymgw/schema"
)

// request judges a request; nil: it may go on. The body that goes on is what was
// judged.
func (j *judging) request(w http.ResponseWriter, r *http.Request) *answer {
	if !hasBody(r) {
		return j.outcome(j.op.Request(r, nil))
	}
	treatment, err := j.op.RequestBody(r.Header)
	switch {
	case err != nil && !j.ReportOnly:
		problems := []schema.Problem{mediaType(err)}
		j.refused(problems)
		j.count(requests, broken)
		return &answer{status: http.StatusUnsupportedMediaType, problems: problems}
	case err != nil:
		return j.outcome(append(j.op.Parameters(r), mediaType(err)))
	case treatment == schema.Stream:
		return j.outcome(j.op.Request(r, nil))
	}
	content, whole, a := j.read(w, r)
	switch {
	case a != nil:
		return a
	case !whole:
		return j.outcome(append(j.op.Parameters(r), schema.Problem{In: schema.Body, Message: "the body is too large to be judged"}))
	}
	return j.outcome(j.op.Request(r, content))
}

func mediaType(err error) schema.Problem {
	return schema.Problem{In: schema.Header, Pointer: "/Content-Type", Message: err.Error()}
}

// outcome counts and logs what was found; nil if the request goes on.
func (j *judging) outcome(problems []schema.Problem) *answer {
	switch {
	case len(problems) == 0:
		j.count(requests, good)
		return nil
	case j.ReportOnly:
		j.count(requests, broken)
		j.report(requests, problems)
		return nil
	}
	j.count(requests, broken)
	j.refused(problems)
	return &answer{status: http.StatusBadRequest, problems: problems}
}

func hasBody(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
}

// read reads the body and puts it back. It is not whole where it is too large and
// goes on all the same, as report_only has it.
func (j *judging) read(w http.ResponseWriter, r *http.Request) (content []byte, whole bool, a *answer) {
	if r.ContentLength > j.MaxBody {
		return nil, false, j.tooLarge(r, nil)
	}
	control := http.NewResponseController(w) // those of all protocols have deadlines
	if err := control.SetReadDeadline(time.Now().Add(time.Duration(j.BodyTimeout))); err != nil {
		return nil, false, j.unreadable(w, r, err)
	}
	content, err := io.ReadAll(io.LimitReader(r.Body, j.MaxBody+1))
	_ = control.SetReadDeadline(time.Time{})
	switch {
	case err != nil:
		return nil, false, j.unreadable(w, r, err)
	case int64(len(content)) > j.MaxBody:
		return nil, false, j.tooLarge(r, content)
	}
	r.Body = body{bytes.NewReader(content), r.Body}
	r.ContentLength, r.TransferEncoding, r.Trailer = int64(len(content)), nil, nil
	r.Header.Del("Trailer")
	r.Header.Set("Content-Length", strconv.Itoa(len(content)))
	return content, true, nil
}

// unreadable answers where a body has not come to its end.
func (j *judging) unreadable(w http.ResponseWriter, r *http.Request, err error) *answer {
	j.count(requests, unjudged)
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	}
	var limited *http.MaxBytesError // by request_body
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &answer{status: http.StatusRequestTimeout, detail: "The request body has not arrived in time"}
	case errors.As(err, &limited):
		return &answer{status: http.StatusRequestEntityTooLarge}
	}
	return &answer{status: http.StatusBadRequest, detail: "The request body can't be read"}
}

// body is read from memory and closes the real one.
type body struct {
	io.Reader
	io.Closer
}

// tooLarge refuses a body, of which some was read; nil if it goes on.
func (j *judging) tooLarge(r *http.Request, some []byte) *answer {
	if !j.ReportOnly {
		j.count(requests, unjudged)
		return &answer{status: http.StatusRequestEntityTooLarge}
	}
	r.Body = body{io.MultiReader(bytes.NewReader(some), r.Body), r.Body}
	return nil
}
