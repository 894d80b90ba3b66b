package bearer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// jwt judges a JWT, seen before (with its Key) or not. What is cheap is checked
// first, and all of it on every call.
func (v *Verifier) jwt(ctx context.Context, p presented, t *token.Verified) caddymgw.Verdict {
	if !containsFold(accessTypes, t.Type) || !token.MayBeAccessToken(t.Claims.All) {
		return caddymgw.RefusedFor(caddymgw.ReasonType)
	}
	i := v.issuers[t.Claims.Issuer]
	switch {
	case i == nil:
		return caddymgw.RefusedFor(caddymgw.ReasonIssuer)
	case !i.isOfType(t.Type):
		return caddymgw.RefusedFor(caddymgw.ReasonType)
	}
	if i.Keys == nil {
		return v.introspected(ctx, p, i)
	}
	if reason := v.claims(i, t, p.Now); reason != caddymgw.ReasonNone {
		return caddymgw.RefusedFor(reason)
	}
	rd, known := t.Derived.(*reading)
	if known = known && rd.profile == i.profile; !known {
		var ok bool
		if rd, ok = i.read(&t.Claims, p.scheme, "sub", "client_id", "azp"); !ok {
			return caddymgw.RefusedFor(caddymgw.ReasonClaims)
		}
	}
	keys, err := i.Keys.Find(ctx, t.KeyID, t.Algorithm)
	if err != nil {
		return caddymgw.UnavailableFor(caddymgw.ReasonNotReady)
	}
	key, err := signedBy(t, keys, i.Algorithms)
	if err != nil {
		if errors.Is(err, errNoKey) {
			return caddymgw.RefusedFor(caddymgw.ReasonUnknownKey)
		}
		return caddymgw.RefusedFor(reasonOf(err))
	}
	if !known || !isItself(t.Key, key) {
		v.cache.Put(p.text, &token.Verified{Token: t.Token, Key: key, Derived: rd})
	}
	return v.satisfied(p, rd)
}

// claims checks what the token says of itself and how it is signed.
func (v *Verifier) claims(i *issuer, t *token.Verified, now time.Time) caddymgw.Reason {
	c := &t.Claims
	switch {
	case !slices.Contains(i.Algorithms, t.Algorithm):
		return caddymgw.ReasonAlgorithm
	case !i.isFor(c.Audience):
		return caddymgw.ReasonAudience
	case c.Expires.IsZero():
		return caddymgw.ReasonClaims
	case !c.IssuedAt.IsZero() && now.Add(v.leeway).Before(c.IssuedAt):
		return caddymgw.ReasonNotYet
	}
	if err := c.CheckTime(now, v.leeway); err != nil {
		return reasonOf(err)
	}
	return caddymgw.ReasonNone
}

var errNoKey = errors.New("no key of the issuer fits the token")

// signedBy returns that of the keys which verifies the token. If it is the one
// that verified it before, that is enough. A token without kid is good only
// where there is no choice.
func signedBy(t *token.Verified, keys []token.Key, allowed []string) (any, error) {
	if len(keys) == 0 || t.KeyID == "" && len(keys) != 1 {
		return nil, errNoKey
	}
	if t.Key != nil {
		for i := range keys {
			k := &keys[i]
			if (k.Algorithm == "" || k.Algorithm == t.Algorithm) && sameKey(t.Key, k.Public) {
				return k.Public, nil
			}
		}
	}
	var reason error
	for _, k := range keys {
		err := t.VerifyKey(k, allowed)
		if err == nil {
			return k.Public, nil
		}
		if reason == nil || errors.Is(err, token.ErrSignature) {
			reason = err
		}
	}
	return nil, reason
}

// sameKey compares the material: a key set that was read anew holds the same
// keys at other addresses.
func sameKey(a, b any) bool {
	switch a := a.(type) {
	case ed25519.PublicKey:
		b, ok := b.(ed25519.PublicKey)
		return ok && bytes.Equal(a, b)
	case token.HMACSecret:
		b, ok := b.(token.HMACSecret)
		return ok && subtle.ConstantTimeCompare(a, b) == 1
	case interface{ Equal(crypto.PublicKey) bool }: // RSA and ECDSA
		return a == b || a.Equal(b)
	}
	return false
}

// isItself reports whether the very same key is there: comparing it is free.
func isItself(a, b any) bool {
	switch a.(type) {
	case ed25519.PublicKey, token.HMACSecret:
		return sameKey(a, b)
	}
	return a == b
}
