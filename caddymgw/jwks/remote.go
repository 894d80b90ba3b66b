package jwks

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// The defaults of a Config, and the bounds of what an issuer may ask for.
const (
	DefaultRefresh  = 10 * time.Minute
	DefaultMaxStale = 24 * time.Hour

	minRefresh = time.Minute
	maxRefresh = 24 * time.Hour
)

const (
	// cooldown is how often keys are fetched because of what a client sent.
	cooldown = 30 * time.Second
	// moment is for how long a set tells that there is no key of a kid. Later the
	// issuer may have a new key, and until the set may be fetched nobody knows: who
	// sends kids that do not exist must not have good tokens called bad.
	moment = 5 * time.Second
)

// Config says whose keys are fetched, and from where.
type Config struct {
	// Issuer is the claim iss of its tokens, to the letter. Required.
	Issuer string
	// URL of its JWK Set, see [CheckURL]. Empty: discovery below the issuer,
	// which is then a URL itself: first OpenID Connect Discovery, then RFC 8414.
	// The metadata must name exactly this issuer.
	URL string
	// Transport carries the fetches. Nil: one that checks certificates against
	// the roots of the system, and heeds HTTPS_PROXY and NO_PROXY except for
	// loopback hosts. Any other one answers for that itself.
	Transport http.RoundTripper
	// Store keeps the last set over restarts. Nil: nothing does.
	Store Store
	// MaxStale is for how long a set is trusted after it was fetched, if no
	// fetch succeeds. Default: 24 h; at least 2 s.
	MaxStale time.Duration
	// Refresh is how often the set is fetched, give or take a tenth. Default:
	// 10 min; at least 1 s. The issuer may say otherwise (Cache-Control: max-age,
	// between 1 min and 24 h), but a set is always fetched again when half of
	// MaxStale is over.
	Refresh time.Duration
	// Observer is told of fetches and failures. Nil: nobody is.
	Observer Observer
	// Now is the clock. Default: time.Now. It says how old a set is and when a
	// client's wish has cooled down; waiting is done by package time.
	Now func() time.Time
	// Rand returns a number in [0, 1), for jitter. Default: rand.Float64.
	Rand func() float64
}

// Check reports whether the configuration can work. It asks nobody.
func (c *Config) Check() error {
	switch {
	case c.Issuer == "":
		return errors.New("the issuer is empty")
	case c.MaxStale < 0 || c.Refresh < 0:
		return errors.New("a duration is negative")
	case c.Refresh > 0 && c.Refresh < time.Second:
		return errors.New("keys can't be fetched more often than every second")
	case c.MaxStale > 0 && c.MaxStale < 2*time.Second:
		return errors.New("keys can't be trusted for less than two seconds")
	case c.URL != "":
		return CheckURL(c.URL)
	}
	if _, err := parseIssuer(c.Issuer); err != nil {
		return fmt.Errorf("its keys can't be discovered below the issuer: %w", err)
	}
	return nil
}

// Remote holds the keys of one issuer, and fetches them again and again. It is
// safe for concurrent use.
type Remote struct {
	config Config
	client *client
	key    string // in the store

	current atomic.Pointer[held] // nil: none yet
	wake    chan struct{}        // one place: a flight waits for the goroutine
	exited  chan struct{}        // closed when the goroutine has ended

	opening sync.Mutex // held while Open or Close works
	opened  bool
	closed  bool

	mu     sync.Mutex
	flight *flight // that is under way or about to be; nil: none
	ready  bool    // there is a goroutine to fetch
	forced time.Time
	cancel context.CancelFunc
}

// held is a set and what is known of it. It is never changed.
type held struct {
	set      *Set
	metadata Metadata
	fetched  time.Time
}

// New returns a Remote that holds nothing and asks nobody until Open.
func New(c Config) (*Remote, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.MaxStale == 0 {
		c.MaxStale = DefaultMaxStale
	}
	if c.Refresh == 0 {
		c.Refresh = DefaultRefresh
	}
	if c.Observer == nil {
		c.Observer = Unobserved{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	return &Remote{
		config: c, client: newClient(c.Transport), key: storeKey(c.Issuer, c.URL),
		wake: make(chan struct{}, 1), exited: make(chan struct{}),
	}, nil
}

// Open reads the last-known-good keys from the store, which may fail without
// harm, and starts to fetch: at once, and then in the background. It waits for
// no network. A second call does nothing; after Close it is an error.
func (r *Remote) Open(ctx context.Context) error {
	r.opening.Lock()
	defer r.opening.Unlock()
	if r.closed {
		return errors.New("the keys were closed")
	}
	if r.opened {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.config.Store != nil {
		h, err := r.load(ctx)
		if err != nil {
			r.config.Observer.StoreFailed(r.config.Issuer, err)
		}
		if h != nil {
			r.current.Store(h)
		}
	}
	running, cancel := context.WithCancel(context.Background()) // until Close
	r.mu.Lock()
	r.flight, r.ready, r.cancel = newFlight(), true, cancel // whoever asks from now on joins it
	r.mu.Unlock()
	r.opened = true
	go (&refresher{Remote: r}).run(running)
	return nil
}

// Close stops the fetching, and returns when it has stopped. Those who wait for
// a fetch get what there is. What is held is found further on, until it is too
// old.
func (r *Remote) Close() error {
	r.opening.Lock()
	defer r.opening.Unlock()
	if r.opened && !r.closed {
		r.cancel()
		<-r.exited
	}
	r.closed = true
	return nil
}

// Find implements [Keys], from memory where it can. A kid that is not known
// makes one fetch, and so does any question while there are no keys: by all
// callers together, at most every 30 seconds, waited for at most 5. Whoever
// caused it may go away, the others still get the answer.
//
// Errors: [ErrUnavailable], where there are no keys or all are older than
// MaxStale, where a kid is not known and it is too early for a fetch that could
// tell, or where ctx ended while waiting (then with its error).
func (r *Remote) Find(ctx context.Context, kid, alg string) ([]token.Key, error) {
	if h := r.fresh(); h != nil {
		if keys, known := h.set.find(kid, alg); known {
			return keys, nil
		}
	}
	if f := r.ask(); f != nil {
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
	}
	h := r.fresh()
	if h == nil {
		return nil, ErrUnavailable
	}
	keys, known := h.set.find(kid, alg)
	if !known && r.config.Now().Sub(h.fetched) > moment {
		return nil, ErrUnavailable
	}
	return keys, nil
}

// fresh returns what may be trusted now, or nil.
func (r *Remote) fresh() *held {
	h := r.current.Load()
	if h == nil || r.config.Now().Sub(h.fetched) > r.config.MaxStale {
		return nil
	}
	return h
}

// Age returns how long ago the keys were fetched, trusted or not; false: there
// are none.
func (r *Remote) Age() (time.Duration, bool) {
	h := r.current.Load()
	if h == nil {
		return 0, false
	}
	return max(0, r.config.Now().Sub(h.fetched)), true
}

// Set returns the keys that are held, trusted or not; nil: there are none.
func (r *Remote) Set() *Set {
	if h := r.current.Load(); h != nil {
		return h.set
	}
	return nil
}

// Metadata returns what the issuer says of itself; false: it is not known, yet
// or because the URL is configured.
func (r *Remote) Metadata() (Metadata, bool) {
	h := r.current.Load()
	if h == nil || h.metadata.Issuer == "" {
		return Metadata{}, false
	}
	return h.metadata, true
}
