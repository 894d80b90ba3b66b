package apikey

import (
	"context"
	"crypto"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// Keys are the public keys of a trusted issuer. An error means that they can't
// be known now.
type Keys interface {
	Find(ctx context.Context, kid, algorithm string) ([]token.Key, error)
}

// Trust is somebody else whose API keys are accepted, such as WSO2 API Manager.
// Those have the typ JWT or none, as its access tokens have, which bear keytype
// and subscribedAPIs too. What tells them apart is that a key names no client and
// bears no mark of another kind of tokens.
type Trust struct {
	Issuer string // claim iss, to the letter
	Keys   Keys
}

// foreign is verified for a key of a trusted issuer.
func (a *Authority) foreign(ctx context.Context, from Trust, cache *token.Cache, v *token.Verified, seen bool, p presented) (*token.Verified, caddymgw.Reason) {
	if reason := a.foreignClaims(v, p.request); reason != caddymgw.ReasonNone {
		return nil, reason
	}
	keys, err := from.Keys.Find(ctx, v.KeyID, v.Algorithm)
	switch {
	case err != nil:
		return nil, caddymgw.ReasonNotReady
	case len(keys) == 0:
		return nil, caddymgw.ReasonUnknownKey
	}
	if seen {
		for _, k := range keys {
			if known, ok := v.Key.(interface{ Equal(crypto.PublicKey) bool }); ok && known.Equal(k.Public) {
				return v, caddymgw.ReasonNone
			}
		}
	}
	reason := caddymgw.ReasonSignature
	for _, k := range keys {
		if err := v.VerifyKey(k, nil); err != nil {
			reason = reasonOf(err)
			continue
		}
		l, ok := readLimits(foreignLimits(v.Claims.All))
		if !ok {
			return nil, caddymgw.ReasonClaims
		}
		l.principal = principal(v.Token, l, p.scheme)
		verified := &token.Verified{Token: v.Token, Key: k.Public, Derived: l}
		cache.Put(p.text, verified)
		return verified, caddymgw.ReasonNone
	}
	return nil, reason
}

func (a *Authority) foreignClaims(v *token.Verified, r *caddymgw.Request) caddymgw.Reason {
	c := &v.Claims
	switch {
	case !isForeignType(v.Type) || !token.MayBeAPIKey(c.All):
		return caddymgw.ReasonType
	case !c.IssuedAt.IsZero() && r.Now.Add(a.config.Leeway).Before(c.IssuedAt):
		return caddymgw.ReasonNotYet
	case c.Subject == "" || c.ID == "" || c.Expires.IsZero() && a.config.Validity > 0:
		return caddymgw.ReasonClaims
	}
	if err := c.CheckTime(r.Now, a.config.Leeway); err != nil {
		return reasonOf(err)
	}
	return caddymgw.ReasonNone
}

func isForeignType(typ string) bool { return typ == "" || strings.EqualFold(typ, "JWT") }

// foreignLimits gives API Manager's claims the names of ours: subscribedAPIs
// counts before allowedAPIs, and addresses and referers are texts parted by
// commas.
func foreignLimits(all map[string]any) map[string]any {
	ours := map[string]any{"keytype": all["keytype"], "allowedAPIs": all["allowedAPIs"]}
	if list, ok := all["subscribedAPIs"]; ok {
		ours["allowedAPIs"] = list
	}
	for _, name := range []string{"scope", "roles", "operations", "cnf"} {
		if v, ok := all[name]; ok {
			ours[name] = v
		}
	}
	for theirs, name := range map[string]string{"permittedIP": "permittedIPs", "permittedReferer": "permittedReferers"} {
		switch v := all[theirs].(type) {
		case nil:
		case string:
			var list []any
			for entry := range strings.SplitSeq(v, ",") {
				if entry = strings.TrimSpace(entry); entry != "" {
					list = append(list, entry)
				}
			}
			if list != nil {
				ours[name] = list
			}
		default:
			ours[name] = v // of a form that is refused
		}
	}
	return ours
}
