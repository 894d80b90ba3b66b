package mgw

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw/backendjwt"
	"github.com/caddymgw/gateway/caddymgw/keyring"
)

const (
	// JWKSLifetime is how long others may keep the published keys: a new one
	// signs no sooner after it was published.
	JWKSLifetime = 10 * time.Minute

	keyringPurpose  = "apikey"
	maintainEvery   = time.Minute
	maintainTimeout = 30 * time.Second
	// renewEvery bounds how often a key that is unknown here has the storage
	// read: anybody can send one.
	renewEvery = 10 * time.Second
)

// signing are the keys that this gateway signs with, as they are now.
type signing struct {
	renew       sync.Mutex // one at a time, or an older ring would replace a newer
	mu          sync.RWMutex
	keys        *keyring.Ring // of API keys; nil: none are used
	backend     *keyring.Ring // of JWTs for upstreams; nil: none are used
	jwks        []byte        // the public ones of keys
	backendJWKS []byte        // those of backend
	unknown     chan struct{} // one place: a kid was not known
	cancel      context.CancelFunc
}

// errNoSigningKeys means that this gateway signs no API keys.
var errNoSigningKeys = errors.New("no API keys are issued or verified here")

func (a *App) keyPolicy() keyring.Policy {
	longest := a.Validity()
	if longest > 0 {
		longest += a.Allowance()
	}
	return keyring.Policy{
		Purpose: keyringPurpose, Algorithm: a.APIKeys.Algorithm, Rotation: time.Duration(a.APIKeys.Rotation),
		Lifetime: JWKSLifetime, Longest: longest, Now: time.Now,
	}
}

func (a *App) backendPolicy() keyring.Policy {
	return keyring.Policy{
		Purpose: backendjwt.Purpose, Algorithm: keyring.DefaultAlgorithm, Rotation: time.Duration(a.APIKeys.Rotation),
		Lifetime: JWKSLifetime, Longest: time.Hour + a.Allowance(), Now: time.Now,
	}
}

// openSigning opens the keys that this configuration signs with.
func (a *App) openSigning(ctx context.Context) (err error) {
	s := &a.rings
	keys, backend := a.APIKeys.ring, (*keyring.Ring)(nil)
	switch {
	case !a.usesKeys || !a.Issues():
		keys = nil
	case keys == nil:
		if keys, err = keyring.Open(ctx, a.storage, a.keyPolicy()); err != nil {
			return fmt.Errorf("opening the signing keys: %w", err)
		}
	}
	if len(a.backends) > 0 {
		if backend, err = keyring.Open(ctx, a.storage, a.backendPolicy()); err != nil {
			return fmt.Errorf("opening the signing keys for upstreams: %w", err)
		}
	}
	if err := a.setSigning(keys, backend); err != nil {
		return err
	}
	background, cancel := context.WithCancel(context.Background())
	s.mu.Lock()
	s.cancel, s.unknown = cancel, make(chan struct{}, 1)
	s.mu.Unlock()
	go a.maintainSigning(background)
	return nil
}

// setSigning publishes the keys, then has them used.
func (a *App) setSigning(keys, backend *keyring.Ring) error {
	jwks, err := publicKeys(keys)
	if err != nil {
		return err
	}
	backendJWKS, err := publicKeys(backend)
	if err != nil {
		return err
	}
	s := &a.rings
	s.mu.Lock()
	s.keys, s.backend, s.jwks, s.backendJWKS = keys, backend, jwks, backendJWKS
	s.mu.Unlock()
	for _, open := range a.backends {
		open(backend)
	}
	if keys != nil && a.ready.Load() {
		a.authority.Renew(keys)
	}
	return nil
}

func publicKeys(ring *keyring.Ring) ([]byte, error) {
	var rings []*keyring.Ring
	if ring != nil {
		rings = append(rings, ring)
	}
	jwks, err := keyring.JWKS(rings...)
	if err != nil {
		return nil, fmt.Errorf("publishing the signing keys: %w", err)
	}
	return jwks, nil
}

// maintainSigning reads the keys anew every minute, and sooner if one is not
// known: another node may have made it.
func (a *App) maintainSigning(ctx context.Context) {
	for {
		next := time.NewTimer(maintainEvery)
		select {
		case <-ctx.Done():
			next.Stop()
			return
		case <-next.C:
		case <-a.rings.unknown:
			next.Stop()
		}
		if err := a.renewSigning(ctx); err != nil && ctx.Err() == nil {
			a.logger.Error("the signing keys can't be read anew; those read before go on", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(renewEvery):
		}
	}
}

// renewSigning reads the keys anew, makes the next one ahead and retires old ones.
func (a *App) renewSigning(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, maintainTimeout)
	defer cancel()
	a.rings.renew.Lock()
	defer a.rings.renew.Unlock()
	a.rings.mu.RLock()
	keys, backend := a.rings.keys, a.rings.backend
	a.rings.mu.RUnlock()
	if keys != nil && a.APIKeys.ring == nil {
		if keys, err = keyring.Maintain(ctx, a.storage, a.keyPolicy()); err != nil {
			return err
		}
	}
	if backend != nil {
		if backend, err = keyring.Maintain(ctx, a.storage, a.backendPolicy()); err != nil {
			return err
		}
	}
	return a.setSigning(keys, backend)
}

// unknownKey has the keys read anew, soon.
func (a *App) unknownKey() {
	select {
	case a.rings.unknown <- struct{}{}:
	default:
	}
}

// JWKS returns the public keys of the API keys that this gateway signs (RFC 7517),
// once it is ready.
func (a *App) JWKS() []byte {
	a.rings.mu.RLock()
	defer a.rings.mu.RUnlock()
	return a.rings.jwks
}

// BackendJWKS returns those of the JWTs for upstreams.
func (a *App) BackendJWKS() []byte {
	a.rings.mu.RLock()
	defer a.rings.mu.RUnlock()
	return a.rings.backendJWKS
}

// SigningKeys returns the keys that sign API keys; nil where there are none.
func (a *App) SigningKeys() *keyring.Ring {
	a.rings.mu.RLock()
	defer a.rings.mu.RUnlock()
	return a.rings.keys
}

// RotateSigningKey makes a new key for API keys. It signs when others have had
// time to fetch it, or at once: where the one before it was lost.
func (a *App) RotateSigningKey(ctx context.Context, atOnce bool) (*keyring.Key, error) {
	if err := a.ownSigningKeys(); err != nil {
		return nil, err
	}
	key, err := keyring.Rotate(ctx, a.storage, a.keyPolicy(), atOnce)
	if err != nil {
		return key, err
	}
	return key, a.renewSigning(ctx)
}

// RetireSigningKey ends a signing key, and with it all that it has signed.
func (a *App) RetireSigningKey(ctx context.Context, kid string) error {
	if err := a.ownSigningKeys(); err != nil {
		return err
	}
	if err := keyring.Retire(ctx, a.storage, a.keyPolicy(), kid); err != nil {
		return err
	}
	return a.renewSigning(ctx)
}

func (a *App) ownSigningKeys() error {
	switch {
	case a.APIKeys.ring != nil:
		return errors.New("the signing key is a file of your own (signing_key): replace that, and reload")
	case a.SigningKeys() == nil:
		return errNoSigningKeys
	}
	return nil
}

// OpenBackendKeys asks that open be called with the keys that sign for
// upstreams, before the app is ready and whenever they change. It is called while
// provisioning.
func (a *App) OpenBackendKeys(open func(*keyring.Ring)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.backends = append(a.backends, open)
}

// stop ends the maintenance.
func (s *signing) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
}
