package mgw

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw/jwks"
)

// tokenKeys are the fetched keys of token issuers, by issuer and URL: they are
// kept fresh over reloads.
var tokenKeys = caddy.NewUsagePool()

type pooledKeys struct{ *jwks.Remote }

func (p pooledKeys) Destruct() error {
	return p.Close()
}

// openTokenKeys begins to fetch the keys of each issuer; it waits for none.
func (a *App) openTokenKeys(ctx context.Context) error {
	remotes := slices.Clone(a.trustedKeys)
	for _, t := range a.trusted {
		if t.remote != nil {
			remotes = append(remotes, t.remote)
		}
	}
	for _, r := range remotes {
		c := r.config
		c.Store = a.storage
		c.Observer = keyLog{}
		remote, err := a.pooled.takeKeys(fmt.Sprintf("%q %q %v", c.Issuer, c.URL, c.MaxStale), func() (*jwks.Remote, error) {
			r, err := jwks.New(c)
			if err != nil {
				return nil, err
			}
			return r, r.Open(ctx)
		})
		if err != nil {
			return fmt.Errorf("the keys of %s: %w", c.Issuer, err)
		}
		r.opened.Store(remote)
	}
	return nil
}

func (p *pooled) takeKeys(name string, open func() (*jwks.Remote, error)) (*jwks.Remote, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.released {
		return nil, errTakenDown
	}
	v, _, err := tokenKeys.LoadOrNew(name, func() (caddy.Destructor, error) {
		r, err := open()
		return pooledKeys{r}, err
	})
	if err != nil {
		return nil, err
	}
	p.keys = append(p.keys, name)
	return v.(pooledKeys).Remote, nil
}

// keyLog tells the log what happens to the keys of token issuers. They outlive
// the configuration that first wanted them, and its logger.
type keyLog struct{}

func (keyLog) logger() *zap.Logger { return caddy.Log().Named("mgw") }

func (l keyLog) Fetched(issuer string, keys int, warnings []string) {
	l.logger().Debug("fetched the keys of a token issuer", zap.String("token_issuer", issuer), zap.Int("keys", keys))
	if len(warnings) > 0 {
		l.logger().Warn("keys of a token issuer are not used: "+strings.Join(warnings, "; "), zap.String("token_issuer", issuer))
	}
}

func (l keyLog) Failed(issuer string, err error) {
	l.logger().Error("the keys of a token issuer can't be fetched; those fetched before are used until they are too old", zap.String("token_issuer", issuer), zap.Error(err))
}

func (l keyLog) StoreFailed(issuer string, err error) {
	l.logger().Error("the keys of a token issuer can't be kept in the storage", zap.String("token_issuer", issuer), zap.Error(err))
}

func (a *App) introspectionFailed(issuer string) func(error) {
	logger := a.logger
	var last atomic.Int64
	return func(err error) { // as often as clients like, without an end
		now := time.Now().Unix()
		if before := last.Load(); now-before >= 10 && last.CompareAndSwap(before, now) {
			logger.Error("a token can't be asked for", zap.String("token_issuer", issuer), zap.Error(err))
		}
	}
}
