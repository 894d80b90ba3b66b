package apikey

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/keyring"
	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// ErrNotReady means that Open was not called yet.
var ErrNotReady = errors.New("the signing keys and the ledger are not open yet")

// Config says how keys are issued and verified. All fields are required unless
// they say otherwise.
type Config struct {
	Issuer            string        // claim iss
	Audience          string        // claim aud; "": none is written and none is asked
	Validity          time.Duration // longest life of a key; 0: a key may be without end
	Overlap           time.Duration // how long a replaced key works beside its successor
	Leeway            time.Duration
	RequireListedAPIs bool    // refuse keys that list no API
	Trusts            []Trust // others whose keys are accepted
	Now               func() time.Time
	Rand              io.Reader
}

// Authority issues and verifies the API keys of this gateway. It implements
// caddymgw.Verifier and is safe for concurrent use.
type Authority struct {
	config Config
	trusts map[string]Trust // by issuer
	opened atomic.Pointer[Resources]
}

// Resources are what an authority works with, once it is ready.
type Resources struct {
	// Ring has the signing keys; nil where no keys are issued here.
	Ring *keyring.Ring
	// Cache remembers good signatures.
	Cache *token.Cache
	// Ledger records keys; nil where Ring is.
	Ledger ledger.Ledger
	// Revocations are those of the ledger. Applied is told of each that was
	// recorded here, before it is acknowledged.
	Revocations caddymgw.Revocations
	Applied     func(ledger.Revocation)
	// UnknownKey is told that a key was signed by none of the ring: it may have
	// been made elsewhere since. It must not block; nil: nobody is told.
	UnknownKey func()
	// Used is told, at most once a minute and key, that a key was used; nil: nobody is.
	Used func(id string, at time.Time)
}

// New returns an authority without keys: until Open it issues nothing, and
// what it is asked to verify is unavailable.
func New(c Config) (*Authority, error) {
	if c.Issuer == "" {
		return nil, errors.New("the issuer is empty")
	}
	if c.Now == nil || c.Rand == nil {
		return nil, errors.New("apikey.Config is incomplete")
	}
	if c.Validity < 0 || c.Leeway < 0 || c.Overlap < 0 {
		return nil, fmt.Errorf("validity %v, overlap %v and leeway %v must not be negative", c.Validity, c.Overlap, c.Leeway)
	}
	a := &Authority{config: c, trusts: make(map[string]Trust, len(c.Trusts))}
	for _, t := range c.Trusts {
		switch {
		case t.Issuer == "" || t.Keys == nil:
			return nil, errors.New("a trusted issuer has no name or no keys")
		case t.Issuer == c.Issuer:
			return nil, fmt.Errorf("%s is the issuer of the keys of this gateway: give one of them another name", t.Issuer)
		case a.trusts[t.Issuer].Keys != nil:
			return nil, fmt.Errorf("%s is trusted twice", t.Issuer)
		}
		a.trusts[t.Issuer] = t
	}
	return a, nil
}

// Open makes the authority work.
func (a *Authority) Open(r Resources) { a.opened.Store(&r) }

// Renew replaces the signing keys.
func (a *Authority) Renew(ring *keyring.Ring) {
	r := *a.opened.Load()
	r.Ring = ring
	a.opened.Store(&r)
}

// issuing returns what keys are issued with.
func (a *Authority) issuing() (*Resources, error) {
	o := a.opened.Load()
	switch {
	case o == nil:
		return nil, ErrNotReady
	case o.Ring == nil || o.Ledger == nil:
		return nil, ErrNoLedger
	}
	return o, nil
}

// ErrNoLedger means that no keys are issued here: there is nothing to record
// them in.
var ErrNoLedger = errors.New("no keys are issued here: there is no ledger")

// Standing is what is known of a key of this authority beyond what it says.
func (a *Authority) Standing(id, subject string, issuedAt, now time.Time) caddymgw.Standing {
	o := a.opened.Load()
	if o == nil {
		return caddymgw.Standing{Unknown: true}
	}
	return o.Revocations.Standing(a.config.Issuer, id, subject, issuedAt, now)
}
