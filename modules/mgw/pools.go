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
	signatureCaches = caddy.NewUsagePool() // one: of API keys, whose signing keys are asked for on every call
	basicGuards     = caddy.NewUsagePool() // one: hashing is bounded for the whole process
	tokenCaches     = caddy.NewUsagePool() // one: of access tokens, whose keys are asked for on every call
)

const (
	guardKey  = "basic"
	tokensKey = "tokens"
	cacheKey  = "apikeys"
)

// pooled remembers what one configuration took. A configuration that was only
// validated has taken no cache and gives none back.
type pooled struct {
	mu       sync.Mutex
	released bool
	cache    bool
	guard    bool
	tokens   bool
	keys     []string // of token issuers
	ledger   string
	throttle bool
}

var errTakenDown = errors.New("the configuration was taken down")

type pooledCache struct{ *token.Cache }

func (pooledCache) Destruct() error { return nil }

type pooledGuard struct{ *basic.Guard }

func (pooledGuard) Destruct() error { return nil }

func (p *pooled) takeCache() (*token.Cache, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.released {
		return nil, errTakenDown
	}
	v, _, err := signatureCaches.LoadOrNew(cacheKey, func() (caddy.Destructor, error) {
		return pooledCache{token.NewCache(0)}, nil
	})
	if err != nil {
		return nil, err
	}
	p.cache = true
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
	if p.cache {
		_, err := signatureCaches.Delete(cacheKey)
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
	if p.throttle {
		_, err := throttles.Delete(throttleKey)
		errs = append(errs, err)
	}
	if p.ledger != "" {
		_, err := ledgers.Delete(p.ledger)
		errs = append(errs, err)
	}
	p.cache, p.guard, p.tokens, p.throttle, p.keys, p.ledger, p.released = false, false, false, false, nil, "", true
	return errors.Join(errs...)
}
