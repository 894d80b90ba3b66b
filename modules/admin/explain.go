package admin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/caddymgw/gateway/modules/mgw"
)

// explain says how a request would be decided on that nobody has sent. It stands in
// the body: paths and headers are logged.
func explain(c *call) *failure {
	var q mgw.Question
	if bad := c.read(&q, mgw.QuestionMembers, false); bad != nil {
		if strings.HasPrefix(bad.Pointer, "/headers/") {
			bad.Pointer = "/headers" // a name may be a secret in the wrong place
		}
		return bad
	}
	app, bad := running()
	if bad != nil {
		return bad
	}
	all, err := app.Explain(c.context(), q)
	switch {
	case errors.Is(err, mgw.ErrNoAPI) && q.API == nil:
		return notFound("no API is served here")
	case errors.Is(err, mgw.ErrNoAPI):
		return badMember("/api", err.Error())
	case err != nil:
		return failed(err)
	}
	writeJSON(c.w, http.StatusOK, explanations{all})
	return nil
}

// explanations are those of the APIs that the request may be meant for.
type explanations struct {
	Explanations []mgw.Explanation `json:"explanations"`
}
