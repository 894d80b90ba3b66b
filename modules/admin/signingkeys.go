package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw/keyring"
	"github.com/caddymgw/gateway/modules/mgw"
)

// signingKey is what may be known of a signing key.
type signingKey struct {
	KeyID     string        `json:"kid"`
	Algorithm string        `json:"algorithm"`
	State     keyring.State `json:"state"`
	Created   *time.Time    `json:"created"`    // null: it is a file of the operator
	SignsFrom *time.Time    `json:"signs_from"` // the same
	Ends      *time.Time    `json:"ends"`       // null: it signs, or will, or never retires by itself
}

func listSigningKeys(c *call) *failure {
	app, bad := c.plain()
	if bad != nil {
		return bad
	}
	ring := app.SigningKeys()
	if ring == nil {
		return conflict(noSigningKeys)
	}
	now := time.Now()
	keys := slices.SortedStableFunc(slices.Values(ring.Keys()), func(a, b *keyring.Key) int { return a.SignsFrom.Compare(b.SignsFrom) })
	shown := []signingKey{}
	for _, k := range keys {
		shown = append(shown, describeKey(ring, k, now))
	}
	writeJSON(c.w, http.StatusOK, shown)
	return nil
}

const noSigningKeys = "no API keys are issued or verified here, so that there are no signing keys"

func describeKey(ring *keyring.Ring, k *keyring.Key, now time.Time) signingKey {
	return signingKey{
		KeyID: k.ID, Algorithm: k.Algorithm, State: ring.State(k, now),
		Created: moment(k.Created), SignsFrom: moment(k.SignsFrom), Ends: moment(ring.Ends(k, now)),
	}
}

// moment is null in JSON where t is zero.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// rotateSigningKey makes a new signing key.
func rotateSigningKey(c *call) *failure {
	var q struct {
		AtOnce bool `json:"at_once"`
	}
	if bad := c.read(&q, "at_once", true); bad != nil {
		return bad
	}
	app, bad := running()
	if bad != nil {
		return bad
	}
	k, err := app.RotateSigningKey(c.context(), q.AtOnce)
	switch {
	case err != nil && k != nil:
		logger().Error("a new signing key was made, and is not read yet", zap.String("kid", k.ID), zap.Error(err))
		return unavailable("the new signing key " + k.ID + " was made, but the keys can't be read anew for now: do not rotate again, it takes over by itself")
	case err != nil:
		return signingFailed(app, err)
	}
	note(c, "a signing key was made", k.ID)
	writeJSON(c.w, http.StatusCreated, describeKey(app.SigningKeys(), k, time.Now()))
	return nil
}

// retireSigningKey ends a signing key, and with it all that it has signed.
func retireSigningKey(c *call) *failure {
	app, bad := c.plain()
	if bad != nil {
		return bad
	}
	kid := c.r.PathValue("kid")
	if !keyID.MatchString(kid) {
		return notFound(keyring.ErrUnknown.Error())
	}
	if err := app.RetireSigningKey(c.context(), kid); err != nil {
		return signingFailed(app, err)
	}
	note(c, "a signing key was retired: all that it signed is invalid", kid)
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// note logs a change of the signing keys.
func note(c *call, msg, kid string) {
	by := c.actor()
	logger().Info(msg, zap.String("kid", kid), zap.String("user", by.Name), zap.String("remote_ip", by.Address))
}

func signingFailed(app *mgw.App, err error) *failure {
	switch {
	case errors.Is(err, keyring.ErrUnknown):
		return notFound(err.Error())
	case errors.Is(err, keyring.ErrSigns):
		return conflict(err.Error())
	case app.APIKeys.SigningKey != "":
		return conflict(err.Error())
	case app.SigningKeys() == nil:
		return conflict(noSigningKeys)
	case !errors.Is(err, context.Canceled):
		logger().Error("the signing keys can't be changed", zap.Error(err))
	}
	return unavailable("the storage is away: the signing keys can't be read or changed for now")
}
