package apikey

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// Inspection explains a text that may be a key. Neither the text nor a signature
// is in it.
type Inspection struct {
	// Header and Claims are what the text says of itself, decoded as far as that
	// goes; nil where it is not JSON in base64url. Unless Signature is good they
	// are anybody's word. Numbers are json.Number.
	Header, Claims map[string]any
	Signature      Signature
	// State is that of the key's record; "" where no record is looked for, since
	// the text does not say to be a key of this authority.
	State State
	// Reason is why Verify would refuse the text now, whatever the request;
	// ReasonNone: it would not.
	Reason caddymgw.Reason
	Why    string // a sentence that says so
}

// Signature says how the signature of a token is.
type Signature string

// The signatures.
const (
	SignatureGood       Signature = "good"
	SignatureBad        Signature = "bad"
	SignatureUnknownKey Signature = "unknown_key"
	SignatureNotJudged  Signature = "not_judged" // no token, another's, or the keys are away
)

// What an inspection says of a record that it does not have.
const (
	Unrecorded State = "unrecorded" // there is none
	Unknown    State = "unknown"    // the ledger can't be read
)

// Inspect explains any text by the rules of Verify. It counts as no use of a key.
func (a *Authority) Inspect(ctx context.Context, text string, now time.Time) Inspection {
	i := Inspection{Signature: SignatureNotJudged}
	i.Header, i.Claims = peruse(text)
	t, err := token.Parse(text)
	if err != nil {
		i.Reason, i.Why = reasonOf(err), flaw(text)+"."
		return i
	}
	o := a.opened.Load()
	if o == nil {
		i.Reason, i.Why = caddymgw.ReasonNotReady, "The gateway is not ready: "+ErrNotReady.Error()+"."
		return i
	}
	i.Signature = a.signatureOf(ctx, o, t)
	var r ledger.Record
	if t.Claims.Issuer == a.config.Issuer && t.Claims.ID != "" && o.Ledger != nil {
		r, i.State = a.recorded(ctx, o, t.Claims.ID)
	}
	var standing caddymgw.Standing
	i.Reason, standing = a.refusal(ctx, o, t, text, now)
	i.Why = a.why(t, i, standing)
	if i.Reason == caddymgw.ReasonRevoked {
		i.Why = revokedWhy(r, now)
	}
	return i
}

func (a *Authority) recorded(ctx context.Context, o *Resources, id string) (ledger.Record, State) {
	r, err := o.Ledger.Get(ctx, id)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return r, Unrecorded
	case err != nil:
		return r, Unknown
	}
	return r, a.State(r)
}

// signatureOf judges the signature by itself, whatever else is wrong.
func (a *Authority) signatureOf(ctx context.Context, o *Resources, t *token.Token) Signature {
	from, trusted := a.trusts[t.Claims.Issuer]
	if trusted {
		keys, err := from.Keys.Find(ctx, t.KeyID, t.Algorithm)
		switch {
		case err != nil:
			return SignatureNotJudged
		case len(keys) == 0:
			return SignatureUnknownKey
		}
		for _, k := range keys {
			if t.VerifyKey(k, nil) == nil {
				return SignatureGood
			}
		}
		return SignatureBad
	}
	if o.Ring != nil {
		if key, ok := o.Ring.Lookup(t.KeyID); ok {
			if t.Verify(key.Algorithm, key.Signer.Public()) == nil {
				return SignatureGood
			}
			return SignatureBad
		}
	}
	if t.Claims.Issuer == a.config.Issuer {
		return SignatureUnknownKey
	}
	return SignatureNotJudged
}

// refusal is what Verify says of a text, as far as it does not depend on the
// request.
func (a *Authority) refusal(ctx context.Context, o *Resources, t *token.Token, text string, now time.Time) (caddymgw.Reason, caddymgw.Standing) {
	alone := *o
	alone.Cache = token.NewCache(1) // what is looked at here belongs to no scheme
	v, reason := a.verified(ctx, &alone, presented{&caddymgw.Request{Now: now}, &caddymgw.Scheme{}, text})
	if reason != caddymgw.ReasonNone {
		return reason, caddymgw.Standing{}
	}
	c := &t.Claims
	standing := o.Revocations.Standing(c.Issuer, c.ID, c.Subject, c.IssuedAt, now)
	switch {
	case standing.Revoked:
		reason = caddymgw.ReasonRevoked
	case standing.Unknown:
		reason = caddymgw.ReasonStale
	case a.config.RequireListedAPIs && len(v.Derived.(*limits).apis) == 0:
		reason = caddymgw.ReasonAPI
	}
	return reason, standing
}

// why puts the outcome into words.
func (a *Authority) why(t *token.Token, i Inspection, standing caddymgw.Standing) string {
	c := &t.Claims
	_, trusted := a.trusts[c.Issuer]
	if c.Issuer != a.config.Issuer && !trusted {
		if i.Signature == SignatureGood {
			return "It is signed by this gateway under another issuer: iss is not what api_keys { issuer } says now."
		}
		return "As an API key it is refused: its issuer is neither this gateway nor one whose API keys are trusted (api_keys { trust }). Whether it is a good access token is not judged here."
	}
	switch i.Reason {
	case caddymgw.ReasonNone:
		return accepted(c.All, i.State, standing)
	case caddymgw.ReasonNotReady:
		return "It can't be judged now: the keys of its issuer can't be fetched."
	case caddymgw.ReasonUnknownKey:
		if trusted {
			return "Its issuer has no key of this kid."
		}
		return "No signing key of this gateway has this kid: the key was retired, or it is from another gateway that shares the issuer but not the storage."
	case caddymgw.ReasonAlgorithm:
		return "Its alg is not that of the key that its kid names."
	case caddymgw.ReasonSignature:
		return "Its signature is wrong: it was changed on the way, or is forged."
	case caddymgw.ReasonType:
		if trusted {
			return "It is no API key of its issuer: its typ is not JWT, or a claim says that it is a token of another kind, as the name of a client does."
		}
		return "Its typ is not " + Type + ": it is no API key, whatever it was made for."
	case caddymgw.ReasonAudience:
		return "Its aud does not hold what api_keys { audience } asks for."
	case caddymgw.ReasonExpired:
		return "It has expired, at " + said(c.Expires) + "."
	case caddymgw.ReasonNotYet:
		if c.NotBefore.Before(c.IssuedAt) {
			return "It says to be issued at " + said(c.IssuedAt) + ", which is to come."
		}
		return "It is not valid before " + said(c.NotBefore) + "."
	case caddymgw.ReasonClaims:
		return a.claimsFlaw(t, trusted)
	case caddymgw.ReasonStale:
		return "It can't be judged now: the revocations were not read yet, or the ledger has been away for too long (max_staleness)."
	case caddymgw.ReasonAPI:
		return "It lists no API, and keys without a list are refused here (require_listed_apis)."
	}
	return "It is refused."
}

func accepted(claims map[string]any, state State, standing caddymgw.Standing) string {
	s := "It would be accepted, for every API."
	if limits := limitNames(claims); len(limits) > 0 {
		s = "It would be accepted, within the limits that its claims set: " + strings.Join(limits, ", ") + "."
	}
	if until := standing.Retirement.Until; !until.IsZero() {
		s += " It was replaced, and works until " + said(until) + "."
	}
	if state == Unrecorded {
		s += " There is no record of it."
	}
	return s
}

// limitNames are the claims that say where a key may be used.
func limitNames(claims map[string]any) (names []string) {
	for _, name := range []string{"subscribedAPIs", "allowedAPIs", "operations", "permittedIPs", "permittedIP", "permittedReferers", "permittedReferer", "cnf"} {
		switch v := claims[name].(type) {
		case nil:
		case []any:
			if len(v) > 0 {
				names = append(names, name)
			}
		case string:
			if v != "" {
				names = append(names, name)
			}
		default:
			names = append(names, name)
		}
	}
	return names
}

// claimsFlaw names the claim that is missing or has the wrong form.
func (a *Authority) claimsFlaw(t *token.Token, trusted bool) string {
	c := &t.Claims
	switch {
	case c.ID == "" || c.Subject == "" || !trusted && c.IssuedAt.IsZero():
		return "It lacks one of the claims jti, sub and iat."
	case c.Expires.IsZero() && a.config.Validity > 0:
		return "It never expires, and such keys are accepted with validity never alone."
	}
	for _, name := range []string{"operations", "permittedIPs", "permittedReferers", "permittedIP", "permittedReferer", "scope", "roles", "cnf"} {
		only := map[string]any{"keytype": keyType, "allowedAPIs": []any{}}
		if v, ok := c.All[name]; ok {
			only[name] = v
		}
		if trusted {
			only = foreignLimits(only)
		}
		if _, ok := readLimits(only); !ok {
			return fmt.Sprintf("Its claim %s is not of the form that limits have, and a limit that can't be read is not passed over.", name)
		}
	}
	return "It lacks keytype, or the list of APIs that an API key has, or that is not of the right form: it is no API key."
}

// revokedWhy tells what the record knows of the end of a key.
func revokedWhy(r ledger.Record, now time.Time) string {
	switch {
	case r.Revoked.IsZero() || r.Revoked.After(now):
		return "It is revoked, by its id or with all that were issued before a moment."
	case r.ReplacedBy != "":
		return "It was replaced by " + r.ReplacedBy + ", and ended at " + said(r.Revoked) + "."
	case r.Reason != "":
		return "It was revoked at " + said(r.Revoked) + ": " + r.Reason + "."
	}
	return "It was revoked at " + said(r.Revoked) + "."
}

func said(t time.Time) string { return t.UTC().Format(time.RFC3339) }
