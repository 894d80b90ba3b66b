package bearer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// MaxLeeway is the largest allowance for clocks that differ.
const MaxLeeway = time.Minute

// Config says whose tokens are accepted.
type Config struct {
	Issuers []Issuer      // at least one, each name once
	Leeway  time.Duration // of exp, nbf and iat; at most MaxLeeway
	// Cache remembers verified signatures. It may be shared by any number of
	// verifiers, and over reloads. Nil: one of its own.
	Cache       *token.Cache
	Revocations caddymgw.Revocations // required
	// OwnIssuer issues the API keys of this gateway: no Issuer may have its
	// name, lest a key be taken for an access token. "": there is none.
	OwnIssuer string
}

// Verifier verifies access tokens. It is safe for concurrent use.
type Verifier struct {
	issuers     map[string]*issuer
	opaque      *issuer  // answers for opaque tokens; nil: nobody
	algorithms  []string // of all issuers; nil: the JWTs of one are asked for
	cache       *token.Cache
	revocations caddymgw.Revocations
	leeway      time.Duration
}

var _ caddymgw.Verifier = (*Verifier)(nil)

// New checks the configuration and returns its verifier. It does no I/O. Errors
// name the issuer, never a secret.
func New(c Config) (*Verifier, error) {
	switch {
	case len(c.Issuers) == 0:
		return nil, errors.New("no token issuer is configured")
	case c.Revocations == nil:
		return nil, errors.New("bearer.Config is incomplete: no revocations")
	case c.Leeway < 0 || c.Leeway > MaxLeeway:
		return nil, fmt.Errorf("leeway %v must be between 0 and %v", c.Leeway, MaxLeeway)
	}
	v := &Verifier{issuers: make(map[string]*issuer, len(c.Issuers)), cache: c.Cache, revocations: c.Revocations, leeway: c.Leeway}
	if v.cache == nil {
		v.cache = token.NewCache(0)
	}
	for _, given := range c.Issuers {
		if err := v.add(given, c.OwnIssuer); err != nil {
			return nil, fmt.Errorf("token issuer %q: %w", given.Name, err)
		}
	}
	for _, i := range v.issuers {
		if i.Keys == nil {
			v.algorithms = nil
			break
		}
		v.algorithms = append(v.algorithms, i.Algorithms...)
	}
	return v, nil
}

func (v *Verifier) add(given Issuer, own string) error {
	switch {
	case given.Name == "":
		return errors.New("the name is empty")
	case given.Name == own:
		return errors.New("this is the issuer of the API keys of this gateway: give one of them another name")
	case v.issuers[given.Name] != nil:
		return errors.New("it is given twice")
	case given.Introspection != nil && v.opaque != nil:
		return fmt.Errorf("introspection is already that of %q: an opaque token does not say whose it is", v.opaque.Name)
	}
	i, err := newIssuer(given, v.leeway)
	if err != nil {
		return err
	}
	v.issuers[i.Name] = i
	if i.introspect != nil {
		v.opaque = i
	}
	return nil
}

// Owns reports whether the credential is a bearer token: it follows the word
// Bearer, which may be left out at every place but the Authorization header.
func (v *Verifier) Owns(s *caddymgw.Scheme, c credential.Credential) bool {
	_, ok := tokenOf(c)
	return ok && s.Place == c.Place
}

func tokenOf(c credential.Credential) (string, bool) {
	text := c.Value.Reveal()
	if c.AuthScheme != "" || c.Place == authorization {
		return text, c.AuthScheme == "bearer"
	}
	word, rest, spaced := strings.Cut(text, " ")
	if !spaced {
		return text, true
	}
	return strings.TrimLeft(rest, " "), strings.EqualFold(word, "bearer")
}

var authorization = credential.Place{In: credential.Header, Name: "Authorization"}

// Challenge returns that of RFC 6750 section 3, with the scopes asked for. The
// roles that other types may ask for are no scopes.
func (v *Verifier) Challenge(r *caddymgw.Requirement) string {
	scope := ""
	if r.Scheme.Type == caddymgw.OAuth2 || r.Scheme.Type == caddymgw.OpenIDConnect {
		scope = strings.Join(r.Scopes, " ")
	}
	return fault.BearerChallenge(r.Scheme.Realm, "", scope)
}

// Verify judges a token: by memory what it can, a JWT by its signature, and
// only what has not the shape of a JWT by asking for it.
func (v *Verifier) Verify(ctx context.Context, r *caddymgw.Request, req *caddymgw.Requirement, c credential.Credential) caddymgw.Verdict {
	text, ok := tokenOf(c)
	if !ok || len(text) > token.MaxLength {
		return caddymgw.RefusedFor(caddymgw.ReasonMalformed)
	}
	p := presented{r, req.Scheme, text}
	if seen, ok := v.cache.Get(text); ok {
		return v.jwt(ctx, p, seen)
	}
	if v.opaque != nil {
		if a := v.opaque.introspect.remembered(digestOf(text), r.Now); a != nil {
			return v.answered(p, v.opaque, a)
		}
	}
	t, err := token.Parse(text, v.mayBeAccess)
	switch {
	case err == nil:
		return v.jwt(ctx, p, &token.Verified{Token: t})
	case v.opaque == nil || !isOpaque(text):
		return caddymgw.RefusedFor(reasonOf(err))
	default:
		return v.introspected(ctx, p, v.opaque)
	}
}

// presented is a token and what it came with.
type presented struct {
	*caddymgw.Request
	scheme *caddymgw.Scheme
	text   string
}

// satisfied is the end of every good way. Revocation is asked last, after all
// that is remembered.
func (v *Verifier) satisfied(p presented, rd *reading) caddymgw.Verdict {
	who := rd.principal
	if !rd.confirmation.Holds(p.HTTP.TLS) {
		return caddymgw.RefusedFor(reasonBinding)
	}
	if v.revocations.Standing(who.Issuer, who.KeyID, who.Subject, who.IssuedAt, p.Now).Revoked {
		return caddymgw.RefusedFor(caddymgw.ReasonRevoked)
	}
	return caddymgw.Verdict{Outcome: caddymgw.Satisfied, Principal: who}
}
