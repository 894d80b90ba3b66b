package backendjwt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/keyring"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// ErrNotReady means that Open was not called yet.
var ErrNotReady = errors.New("the signing keys are not open yet")

// Config says what is signed.
type Config struct {
	Issuer   string        // claim iss
	Audience []string      // claim aud; nil: none
	Life     time.Duration // 0: DefaultLife
	Leeway   time.Duration // how long a credential is taken beyond its end
	WSO2     bool          // add the claims of WSO2's dialect
	Now      func() time.Time
	Rand     io.Reader
}

// DefaultLife is how long a token lives: as long as a slow request may.
const DefaultLife = time.Minute

const maxKnown = 10_000

// Signer signs for one API. It is safe for concurrent use.
type Signer struct {
	config Config
	ring   atomic.Pointer[keyring.Ring]
	known  *otter.Cache[who, signed]
}

// who is all of a decision that the claims depend on.
type who struct {
	operation                                 *caddymgw.Operation
	subject, issuer, scheme, keyID, scopes, k string
	end                                       int64 // of the credentials, in seconds since 1970; 0: none
}

type signed struct {
	text  string
	fresh time.Time // until when it is used again
}

// New returns a signer without keys: until Open it signs nothing.
func New(c Config) (*Signer, error) {
	if c.Life == 0 {
		c.Life = DefaultLife
	}
	switch {
	case c.Issuer == "":
		return nil, errors.New("the issuer is empty")
	case c.Life < time.Second || c.Life > time.Hour:
		return nil, fmt.Errorf("validity %v: must be between 1s and 1h", c.Life)
	case c.Now == nil || c.Rand == nil:
		return nil, errors.New("backendjwt.Config is incomplete")
	}
	return &Signer{config: c, known: otter.Must(&otter.Options[who, signed]{MaximumSize: maxKnown})}, nil
}

// Open gives the signer its keys.
func (s *Signer) Open(ring *keyring.Ring) { s.ring.Store(ring) }

// Sign returns a token that describes the subject of a decision; "" for an
// anonymous one. It ends with the credentials that it stands for, and is used
// again while half of its life is left.
func (s *Signer) Sign(d caddymgw.Decision) (string, error) {
	if len(d.Principals) == 0 {
		return "", nil
	}
	ring := s.ring.Load()
	if ring == nil {
		return "", ErrNotReady
	}
	now := s.config.Now()
	key := ring.Active(now)
	p := d.Principals[0]
	keyType, _ := p.Claims["keytype"].(string)
	w := who{d.Operation, p.Subject, p.Issuer, p.Scheme, p.KeyID, strings.Join(p.Scopes, " "), keyType + key.ID, 0}
	life := s.config.Life
	if end := d.Expires(); !end.IsZero() {
		w.end = end.Unix()
		life = min(life, max(0, end.Add(s.config.Leeway).Sub(now)))
	}
	if known, ok := s.known.GetIfPresent(w); ok && now.Before(known.fresh) {
		return known.text, nil
	}
	id := make([]byte, 16)
	if _, err := io.ReadFull(s.config.Rand, id); err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	text, err := token.Sign(token.Header{Algorithm: key.Algorithm, KeyID: key.ID, Type: Type}, s.claims(d, now, now.Add(life), base64.RawURLEncoding.EncodeToString(id)), key.Signer)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	s.known.Set(w, signed{text, now.Add(life / 2)})
	return text, nil
}
