package admin

import (
	"net/http"
	"time"

	"github.com/caddymgw/gateway/modules/mgw"
)

// listKeys lists everybody's keys, a page at a time.
func listKeys(c *call) *failure {
	values, bad := c.query()
	if bad != nil {
		return bad
	}
	app, bad := running()
	if bad != nil {
		return bad
	}
	q, limit, err := mgw.KeyQuery(values, time.Now(), true)
	if err != nil {
		return badRequest(err.Error())
	}
	page, err := app.KeyPage(c.context(), q, limit)
	if err != nil {
		return failed(err)
	}
	writeJSON(c.w, http.StatusOK, page)
	return nil
}

func showKey(c *call) *failure {
	app, bad := c.plain()
	if bad != nil {
		return bad
	}
	id, bad := c.id()
	if bad != nil {
		return bad
	}
	k, err := app.Key(c.context(), id)
	if err != nil {
		return failed(err)
	}
	writeJSON(c.w, http.StatusOK, k)
	return nil
}

// id is that of the path.
func (c *call) id() (string, *failure) {
	id := c.r.PathValue("id")
	if !keyID.MatchString(id) {
		return "", notFound(errNoKey)
	}
	return id, nil
}
