package mgw

import (
	"errors"
	"slices"

	"github.com/caddymgw/gateway/caddymgw/apikey"
)

// keysFor is what keys of somebody are limited to.
type keysFor struct {
	who  string
	apis []API
}

// warnUnserved tells of APIs that keys are limited to and that nobody serves here:
// another gateway may, but more often a name is misspelt, and the keys of it open
// nothing. It also tells of upstreams that can't verify what they get.
func (a *App) warnUnserved() {
	a.mu.Lock()
	backends := len(a.backends)
	a.mu.Unlock()
	a.apis.mu.Lock()
	limits := slices.Clone(a.apis.limits)
	published := len(a.apis.issuers) > 0
	a.apis.mu.Unlock()
	if backends > 0 && !published {
		a.logger.Warn("nobody can verify backend_jwt: its keys are published by an apikey_issuer, at /apikey/backend/jwks.json, and there is none")
	}
	for _, u := range a.Users {
		limits = append(limits, keysFor{"user " + u.Name, u.APIs})
	}
	for _, limit := range limits {
		for _, api := range limit.apis {
			versions := api.Versions
			if len(versions) == 0 {
				versions = []string{"*"}
			}
			for _, v := range versions {
				var bad *apikey.GrantError
				if errors.As(a.CheckRights(apikey.Request{APIs: []apikey.RequestedAPI{{Name: api.Name, Version: v}}}), &bad) {
					a.Warn("keys of "+limit.who+" are for what is not served here", "api", api.Name+" "+v+": "+bad.Reason)
				}
			}
		}
	}
}
