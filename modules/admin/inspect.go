package admin

import (
	"net/http"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/apikey"
)

// inspection is an apikey.Inspection in JSON.
type inspection struct {
	Accepted  bool             `json:"accepted"` // within the limits that its claims set
	Reason    caddymgw.Reason  `json:"reason,omitempty"`
	Why       string           `json:"why"`
	Signature apikey.Signature `json:"signature"`
	State     apikey.State     `json:"state,omitempty"`
	Header    map[string]any   `json:"header"` // null: it can't be read
	Claims    map[string]any   `json:"claims"` // the same
}

// inspect explains a token. It stands in the body: paths and headers are logged.
func inspect(c *call) *failure {
	var q struct {
		Token *string `json:"token"`
	}
	if bad := c.read(&q, "token", false); bad != nil {
		return bad
	}
	app, bad := running()
	if bad != nil {
		return bad
	}
	if q.Token == nil {
		return badMember("/token", "must be there")
	}
	i := app.Authority().Inspect(c.context(), *q.Token, time.Now())
	writeJSON(c.w, http.StatusOK, inspection{
		Accepted: i.Reason == caddymgw.ReasonNone, Reason: i.Reason, Why: i.Why,
		Signature: i.Signature, State: i.State, Header: i.Header, Claims: i.Claims,
	})
	return nil
}
