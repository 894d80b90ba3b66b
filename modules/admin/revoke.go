package admin

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// noReason is why keys are revoked where nobody says why.
const noReason = "revoked by an administrator"

// revokeKey ends a key of which there is a record. It is idempotent.
func revokeKey(c *call) *failure {
	values, bad := c.query()
	if bad != nil {
		return bad
	}
	reason := noReason
	for name, list := range values {
		if name != "reason" || len(list) != 1 {
			return badRequest("a parameter is not known here, or stands twice; known is reason")
		}
		reason = cmp.Or(list[0], noReason)
	}
	app, bad := running()
	if bad != nil {
		return bad
	}
	id, bad := c.id()
	if bad != nil {
		return bad
	}
	k, err := app.RevokeKey(c.context(), c.actor(), id, reason, false)
	var unfit *apikey.GrantError
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return notFound(errNoKey + `: one without a record is ended by POST ` + root + `revocations {"id": ...}`)
	case errors.As(err, &unfit):
		return badRequest(unfit.Error()) // no member of a body
	case err != nil:
		return failed(err)
	}
	writeJSON(c.w, http.StatusOK, k)
	return nil
}

// revocation is the body of POST /mgw/revocations: one key by its id, or all that
// a subject, or everyone, was issued before a moment.
type revocation struct {
	ID           *string `json:"id"`
	Subject      *string `json:"subject"`
	IssuedBefore *string `json:"issued_before"`
	Reason       string  `json:"reason"`
}

const revocationMembers = "id, subject, issued_before, reason"

// revoke ends keys, also such as there is no record of. It is idempotent.
func revoke(c *call) *failure {
	var q revocation
	if bad := c.read(&q, revocationMembers, false); bad != nil {
		return bad
	}
	app, bad := running()
	if bad != nil {
		return bad
	}
	subject, before, bad := q.scope(time.Now())
	if bad != nil {
		return bad
	}
	reason := cmp.Or(q.Reason, noReason)
	var err error
	if q.ID != nil {
		_, err = app.RevokeKey(c.context(), c.actor(), *q.ID, reason, true)
	} else {
		err = app.RevokeKeys(c.context(), c.actor(), subject, before, reason)
	}
	if err != nil {
		return failed(err)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// scope checks which keys are meant, by id or by what it returns. Everyone's are
// never meant by leaving something out.
func (q *revocation) scope(now time.Time) (subject string, before time.Time, bad *failure) {
	switch {
	case q.ID == nil && q.Subject == nil && q.IssuedBefore == nil:
		return "", before, badRequest("say which keys: id, subject, or issued_before for everyone's")
	case q.ID != nil && (q.Subject != nil || q.IssuedBefore != nil):
		return "", before, badRequest("id stands alone: it names one key")
	case q.ID != nil:
		if !keyID.MatchString(*q.ID) {
			return "", before, badMember("/id", "is no id of a key: that is its claim jti, of up to 64 letters, digits, - and _")
		}
		return "", before, nil
	}
	if q.Subject != nil {
		subject = *q.Subject
		if reason := apikey.BadText(subject); reason != "" {
			return "", before, badMember("/subject", reason)
		}
	}
	if q.IssuedBefore == nil {
		return subject, now, nil
	}
	before, err := time.Parse(time.RFC3339, *q.IssuedBefore)
	if err != nil {
		return "", before, badMember("/issued_before", "must be a moment such as 2030-01-31T12:00:00Z (RFC 3339)")
	}
	return subject, before, nil
}
