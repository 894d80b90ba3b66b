package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// failure is why a call is not answered as asked. Its JSON is the member "error".
type failure struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
	Pointer string `json:"pointer,omitempty"` // to the member of the body (RFC 6901)

	allow []string
}

// retryAfter is how soon to come again after a 503, in seconds.
const retryAfter = "5"

func (f *failure) write(w http.ResponseWriter) {
	switch f.Status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", strings.Join(f.allow, ", "))
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, f.Status, map[string]*failure{"error": f})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone is no fault of ours
}

func badRequest(message string) *failure {
	return &failure{Status: http.StatusBadRequest, Message: message}
}

func badMember(pointer, message string) *failure {
	return &failure{Status: http.StatusBadRequest, Message: message, Pointer: pointer}
}

func notFound(message string) *failure {
	return &failure{Status: http.StatusNotFound, Message: message}
}

func methodNotAllowed(allow []string) *failure {
	return &failure{Status: http.StatusMethodNotAllowed, Message: "this method is not for this path", allow: allow}
}

func conflict(message string) *failure {
	return &failure{Status: http.StatusConflict, Message: message}
}

func unavailable(message string) *failure {
	return &failure{Status: http.StatusServiceUnavailable, Message: message}
}

// errNoKey is the answer where there is no record of a key.
const errNoKey = "no key of this id is recorded"

// failed is the answer to what the authority says.
func failed(err error) *failure {
	var bad *apikey.GrantError
	switch {
	case errors.As(err, &bad):
		return badMember(pointer(bad.Member), bad.Reason)
	case errors.Is(err, apikey.ErrNoLedger):
		return conflict("no ledger: " + err.Error())
	case errors.Is(err, apikey.ErrNotReady):
		return unavailable("the gateway is not ready yet")
	case errors.Is(err, ledger.ErrNotFound):
		return notFound(errNoKey)
	case !errors.Is(err, context.Canceled):
		logger().Error("the ledger failed", zap.Error(err))
	}
	return unavailable("the ledger is away: keys can't be issued, changed or looked up for now")
}

var index = regexp.MustCompile(`\[(\d+)\]`)

// pointer turns the member that a grant error names, such as apis[0], into a JSON
// pointer.
func pointer(member string) string { return "/" + index.ReplaceAllString(member, "/$1") }

// malformed is the answer to what apikey.Decode says of a body.
func malformed(err error) *failure {
	at, reason, ok := strings.Cut(err.Error(), ": ")
	if ok && strings.HasPrefix(at, "/") {
		return badMember(at, reason)
	}
	return badRequest(err.Error())
}

// logger is that of the process: the router has no context.
func logger() *zap.Logger { return caddy.Log().Named("admin.api.mgw") }
