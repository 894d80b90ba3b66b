package admin

import (
	"net/http"

	"github.com/caddymgw/gateway/modules/mgw"
)

type listedAPI struct {
	mgw.APIHead
	Operations    int `json:"operations"`
	Public        int `json:"public"`
	NobodyCanCall int `json:"nobody_can_call"`
}

func listAPIs(c *call) *failure {
	app, bad := c.plain()
	if bad != nil {
		return bad
	}
	all := []listedAPI{}
	for _, served := range app.APIs() {
		l := listedAPI{APIHead: served.Head(), Operations: len(served.Operations)}
		for _, op := range served.Operations {
			switch {
			case op.Public():
				l.Public++
			case !served.ReportOnly.Reachable(op):
				l.NobodyCanCall++
			}
		}
		all = append(all, l)
	}
	writeJSON(c.w, http.StatusOK, all)
	return nil
}

func showAPI(c *call) *failure {
	app, bad := c.plain()
	if bad != nil {
		return bad
	}
	name, version := c.r.PathValue("name"), c.r.PathValue("version")
	for _, served := range app.APIs() {
		if served.Name != name || served.Version != version {
			continue
		}
		writeJSON(c.w, http.StatusOK, served.Show())
		return nil
	}
	return notFound("no API of this name and version is served here")
}

// plain is the beginning of calls that take neither query nor body.
func (c *call) plain() (*mgw.App, *failure) {
	if bad := c.noQuery(); bad != nil {
		return nil, bad
	}
	return running()
}
