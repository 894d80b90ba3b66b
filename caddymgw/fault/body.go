package fault

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Style chooses the form of a body.
type Style string

// The styles. With Caddy the body is left to handle_errors.
const (
	WSO2    Style = "wso2"
	Problem Style = "problem"
	Caddy   Style = "caddy"
)

type object struct {
	Code        Code   `json:"code"`
	Message     string `json:"message"`
	Description string `json:"description"`
}

// Body returns the body of a fault and its media type. An empty detail stands
// for the code's own description.
func (s Style) Body(c Code, detail string) (body []byte, contentType string) {
	if detail == "" {
		detail = c.Description()
	}
	if s == Problem {
		b, _ := json.Marshal(struct { // RFC 9457 section 3
			Type   string `json:"type"`
			Title  string `json:"title"`
			Status int    `json:"status"`
			Detail string `json:"detail"`
			Code   Code   `json:"code"`
		}{"about:blank", http.StatusText(c.Status()), c.Status(), detail, c})
		return b, "application/problem+json"
	}
	b, _ := json.Marshal(struct {
		Fault object `json:"fault"`
	}{object{c, c.Message(), detail}})
	return b, "application/json"
}

// Write answers with a fault. Headers set before stay. With the style Caddy it
// writes nothing: the caller returns an error for handle_errors.
func (s Style) Write(w http.ResponseWriter, c Code, detail string) {
	if s == Caddy {
		return
	}
	body, contentType := s.Body(c, detail)
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(c.Status())
	_, _ = w.Write(body)
}
