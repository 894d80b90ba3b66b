package mgw

import (
	"errors"
	"sync"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddymgw/gateway/caddymgw/basic"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// What outlives a reload, keyed by what it is.
var (
	signatureCaches = caddy.NewUsagePool() // of a keyring, by its fingerprint
	basicGuards     = caddy.NewUsagePool() // one: hashing is bounded for the whole process
	tokenCaches     = caddy.NewUsagePool() // one: of access tokens, whose keys are asked for on every call
)

const (
	guardKey  = "basic"
	tokensKey = "tokens"
)

// pooled remembers what one configuration took. A configuration that was only
// validated has taken no cache and gives none back.
type pooled struct {
	mu       sync.Mutex
	released bool
	cache    string
	guard    bool
	tokens   bool
	keys     []string // of token issuers
}

var errTakenDown = errors.New("the configuration was taken down")

type pooledCache struct{ *token.Cache }

func (pooledCache) Destruct() error { return nil }

type pooledGuard struct{ *basic.Guard }

func (pooledGuard) Destruct() error { return nil }

func (p *pooled) takeCache(fingerprint string) (*token.Cache, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.released {
		return nil, errTakenDown
	}
	v, _, err := signatureCaches.LoadOrNew(fingerprint, func() (caddy.Destructor, error) {
		return pooledCache{token.NewCache(0)}, nil
	})
	if err != nil {
		return nil, err
	}
	p.cache = fingerprint
	return v.(pooledCache).Cache, nil
}

func (p *pooled) takeGuard() (*basic.Guard, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, _, err := basicGuards.LoadOrNew(guardKey, func() (caddy.Destructor, error) {
		return pooledGuard{basic.NewGuard()}, nil
	})
	if err != nil {
		return nil, err
	}
	p.guard = true
	return v.(pooledGuard).Guard, nil
}

func (p *pooled) takeTokens() (*token.Cache, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, _, err := tokenCaches.LoadOrNew(tokensKey, func() (caddy.Destructor, error) {
		return pooledCache{token.NewCache(0)}, nil
	})
	if err != nil {
		return nil, err
	}
	p.tokens = true
	return v.(pooledCache).Cache, nil
}

func (p *pooled) release() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	if p.cache != "" {
		_, err := signatureCaches.Delete(p.cache)
		errs = append(errs, err)
	}
	if p.guard {
		_, err := basicGuards.Delete(guardKey)
		errs = append(errs, err)
	}
	if p.tokens {
		_, err := tokenCaches.Delete(tokensKey)
		errs = append(errs, err)
	}
	for _, name := range p.keys {
		_, err := tokenKeys.Delete(name)
		errs = append(errs, err)
	}
	p.cache, p.guard, p.tokens, p.keys, p.released = "", false, false, nil, true
	return errors.Join(errs...)
}
