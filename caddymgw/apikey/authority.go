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
var ErrNotReady = errors.New("the signing keys are not open yet")

// Config says how keys are issued and verified. All fields are required unless
// they say otherwise.
type Config struct {
	Issuer            string        // claim iss
	Audience          string        // claim aud; "": none is written and none is asked
	Validity          time.Duration // longest life of a key; 0: a key may be without end
	Leeway            time.Duration
	RequireListedAPIs bool    // refuse keys that list no API
	Trusts            []Trust // others whose keys are accepted
	Revocations       caddymgw.Revocations
	Ledger            ledger.Ledger
	Now               func() time.Time
	Rand              io.Reader
}

// Authority issues and verifies the API keys of this gateway. It implements
// caddymgw.Verifier and is safe for concurrent use.
type Authority struct {
	config Config
	trusts map[string]Trust // by issuer
	keys   atomic.Pointer[keys]
}

type keys struct {
	ring  *keyring.Ring
	cache *token.Cache
}

// New returns an authority without keys: until Open it issues nothing, and
// what it is asked to verify is unavailable.
func New(c Config) (*Authority, error) {
	if c.Issuer == "" {
		return nil, errors.New("the issuer is empty")
	}
	if c.Revocations == nil || c.Ledger == nil || c.Now == nil || c.Rand == nil {
		return nil, errors.New("apikey.Config is incomplete")
	}
	if c.Validity < 0 || c.Leeway < 0 {
		return nil, fmt.Errorf("validity %v and leeway %v must not be negative", c.Validity, c.Leeway)
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

// Open gives the authority its keys, and the cache that belongs to them.
func (a *Authority) Open(ring *keyring.Ring, cache *token.Cache) {
	a.keys.Store(&keys{ring, cache})
}
