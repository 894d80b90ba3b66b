package apikeyissuer

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// answer is a fault to answer with; all but the code may be empty.
type answer struct {
	code   fault.Code
	detail string
	allow  []string      // methods
	wait   time.Duration // until the client may come again
}

const (
	readyTimeout = 5 * time.Second
	retryAfter   = 5 * time.Second
)

func (h *Handler) refuse(w http.ResponseWriter, a answer) {
	switch a.code.Status() {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", fault.BasicChallenge("caddymgw"))
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", strings.Join(a.allow, ", "))
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		wait := cmp.Or(a.wait, retryAfter)
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	fault.WSO2.Write(w, a.code, a.detail)
}

// failed is the answer to what the authority says of a key.
func (h *Handler) failed(c *call, err error) *answer {
	var bad *apikey.GrantError
	switch {
	case errors.As(err, &bad):
		return &answer{code: fault.BadRequest, detail: bad.Error()}
	case errors.Is(err, ledger.ErrNotFound):
		return &answer{code: fault.NotFound, detail: "You have no such key"}
	case errors.Is(err, ledger.ErrReplaced), errors.Is(err, apikey.ErrEnded):
		return &answer{code: fault.Conflict}
	case errors.Is(err, context.Canceled):
		return &answer{code: fault.Unclassified}
	}
	h.logger.Error("the ledger failed", zap.String("user", c.user.Name), zap.Error(err))
	return &answer{code: fault.Unclassified, detail: "Keys can't be issued or changed right now"}
}
