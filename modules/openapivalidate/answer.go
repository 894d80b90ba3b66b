package openapivalidate

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/schema"
)

// answer is what a client gets in place of the upstream's response.
type answer struct {
	status   int
	detail   string
	problems []schema.Problem
}

// text is the detail, or the problems, or what the status stands for.
func (a answer) text() string {
	var each []string
	for _, p := range a.problems {
		each = append(each, p.String())
	}
	switch {
	case len(each) > 0:
		return strings.Join(each, "; ")
	case a.detail != "":
		return a.detail
	}
	return fault.Code(a.status).Description()
}

// problem is one of RFC 9457's errors; "in" is ours.
type problem struct {
	Detail  string `json:"detail"`
	Pointer string `json:"pointer"`
	In      string `json:"in"`
}

// answer writes a in the style that is wanted.
func (h *Handler) answer(w http.ResponseWriter, a answer) error {
	if h.Faults == fault.Caddy {
		return caddyhttp.Error(a.status, errors.New(a.text()))
	}
	contentType := "application/json"
	var value any
	if h.Faults == fault.Problem {
		contentType = "application/problem+json"
		var each []problem
		for _, p := range a.problems {
			each = append(each, problem{p.Message, "#" + p.Pointer, string(p.In)})
		}
		detail := a.detail
		if detail == "" {
			detail = fault.Code(a.status).Description()
		}
		value = struct { // section 3
			Type   string    `json:"type"`
			Title  string    `json:"title"`
			Status int       `json:"status"`
			Detail string    `json:"detail"`
			Code   int       `json:"code"`
			Errors []problem `json:"errors,omitempty"`
		}{"about:blank", http.StatusText(a.status), a.status, detail, a.status, each}
	} else {
		type object struct {
			Code        int    `json:"code"`
			Message     string `json:"message"`
			Description string `json:"description"`
		}
		title := http.StatusText(a.status)
		if a.status == http.StatusInternalServerError {
			title = "Bad Response" // in WSO2's words
		}
		value = struct {
			Fault object `json:"fault"`
		}{object{a.status, title, a.text()}}
	}
	content, err := json.Marshal(value)
	if err != nil {
		return caddyhttp.Error(a.status, err)
	}
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(content)))
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(a.status)
	_, _ = w.Write(content)
	return nil
}
