package admin

import (
	"errors"
	"net/http"
	"time"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/modules/mgw"
)

// keyRequest is the body of POST /mgw/keys.
type keyRequest struct {
	apikey.Request
	Subject     string `json:"subject"`
	Certificate string `json:"certificate"` // x5t#S256
}

const keyRequestMembers = "subject, certificate, " + apikey.RequestMembers

func (q *keyRequest) grant() apikey.Grant {
	return apikey.Grant{
		Subject: q.Subject, Name: q.Name, Life: time.Duration(q.Life), APIs: q.Allowed(), Scopes: q.Scopes,
		Operations: q.Operations, Addresses: q.Addresses, Referers: q.Referers, Certificate: q.Certificate,
	}
}

// issueKey issues a key to anybody, user or not, for anything that is served: an
// administrator is not bound by what a user may have.
func issueKey(c *call) *failure {
	var q keyRequest
	if bad := c.read(&q, keyRequestMembers, false); bad != nil {
		return bad
	}
	app, bad := running()
	if bad != nil {
		return bad
	}
	if reason := apikey.BadText(q.Subject); reason != "" {
		return badMember("/subject", reason)
	}
	err := q.Check()
	if err == nil {
		err = app.CheckRights(q.Request)
	}
	if err != nil {
		app.RefuseKey(c.actor(), q.Subject, err.Error())
		return failed(err)
	}
	g := q.grant()
	issued, err := app.IssueKey(c.context(), c.actor(), g)
	if err != nil {
		return failed(err)
	}
	respond(c, issued, beyond(app, g))
	return nil
}

// beyond says what a user gets here that the issuer would not give him.
func beyond(app *mgw.App, g apikey.Grant) string {
	user, ok := app.User(g.Subject)
	if !ok {
		return ""
	}
	most := mgw.AllowedAPIs(user.APIs)
	_, apis := apikey.Narrow(most, g.APIs)
	_, scopes := apikey.NarrowScopes(user.Scopes, g.Scopes)
	if every := len(g.APIs) == 0 && len(most) > 0; apis == nil && scopes == nil && !every {
		return ""
	}
	return "this key is good for more than " + user.Name + " may have by himself: a rotation by him cuts it to that"
}

// freshKey is the only place where a key is shown.
type freshKey struct {
	APIKey    string     `json:"apikey"`
	ID        string     `json:"id"`
	ExpiresAt *time.Time `json:"expires_at"` // null: never
	Notice    string     `json:"notice,omitempty"`
}

func respond(c *call, issued apikey.Issued, notice string) {
	fresh := freshKey{APIKey: issued.Token, ID: issued.ID, Notice: notice}
	if !issued.Expires.IsZero() {
		expires := issued.Expires.UTC()
		fresh.ExpiresAt = &expires
	}
	c.w.Header().Set("Location", root+"keys/"+issued.ID)
	writeJSON(c.w, http.StatusCreated, fresh)
}

// rotateKey replaces a key by a new one with the same rights.
func rotateKey(c *call) *failure {
	var q struct {
		Overlap *int64 `json:"overlap"` // seconds
	}
	if bad := c.read(&q, "overlap", true); bad != nil {
		return bad
	}
	app, bad := running()
	if bad != nil {
		return bad
	}
	id, bad := c.id()
	if bad != nil {
		return bad
	}
	var how apikey.Rotation
	if err := how.SetOverlap(q.Overlap); err != nil {
		return failed(err)
	}
	issued, err := app.RotateKey(c.context(), c.actor(), id, how)
	switch {
	case errors.Is(err, ledger.ErrReplaced), errors.Is(err, apikey.ErrEnded):
		return ended(c, app, id)
	case err != nil:
		return failed(err)
	}
	respond(c, issued, "")
	return nil
}

// ended says what became of a key that can't be rotated.
func ended(c *call, app *mgw.App, id string) *failure {
	k, err := app.Key(c.context(), id)
	switch {
	case err != nil:
		return failed(err)
	case k.ReplacedBy != "":
		return conflict("the key was replaced already: its successor is " + k.ReplacedBy)
	}
	return conflict("the key is " + string(k.State) + ": issue a new one")
}
