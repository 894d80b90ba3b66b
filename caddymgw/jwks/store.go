package jwks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Store keeps the last-known-good keys over restarts, for several gateways if
// it is shared; Caddy's storage is one. A missing key is fs.ErrNotExist.
type Store interface {
	Load(ctx context.Context, key string) ([]byte, error)
	Store(ctx context.Context, key string, value []byte) error
}

// ahead is how far the clock of whoever stored a set may be ahead of ours.
const ahead = 5 * time.Minute

// record is how a set lies in the store. It names whose it is, since the key is
// but a hash of that.
type record struct {
	Issuer   string         `json:"issuer"`
	URL      string         `json:"url,omitempty"`
	Fetched  time.Time      `json:"fetched"`
	Metadata Metadata       `json:"metadata,omitzero"`
	Set      jsontext.Value `json:"set"`
}

// storeKey is the same for the same issuer and URL only.
func storeKey(issuer, from string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", len(issuer), issuer, from))
	return "mgw/jwks/" + hex.EncodeToString(sum[:16]) + ".json"
}

// load returns nil without an error where nothing is stored. What it returns
// may be too old: that is judged anew on every call.
func (r *Remote) load(ctx context.Context) (*held, error) {
	content, err := r.config.Store.Load(ctx, r.key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("loading the last known keys: %w", err)
	}
	h, err := r.read(content)
	if err != nil {
		return nil, fmt.Errorf("the last known keys in %s: %w", r.key, err)
	}
	return h, nil
}

// read trusts what was stored no more than what is fetched.
func (r *Remote) read(content []byte) (*held, error) {
	if len(content) > 2*MaxSize {
		return nil, errors.New("they are too long")
	}
	var stored record
	if json.Unmarshal(content, &stored) != nil {
		return nil, errors.New("this is no record of keys")
	}
	if stored.Issuer != r.config.Issuer || stored.URL != r.config.URL {
		return nil, errors.New("they are those of another issuer or URL")
	}
	h := &held{metadata: stored.Metadata, fetched: stored.Fetched}
	if stored.URL == "" {
		if err := h.metadata.check(r.config.Issuer); err != nil {
			return nil, err
		}
	} else if h.metadata != (Metadata{}) {
		return nil, errors.New("they have metadata that was not asked for")
	}
	var err error
	if h.set, _, err = Parse(stored.Set); err != nil {
		return nil, err
	}
	if h.fetched.Sub(r.config.Now()) > ahead {
		return nil, errors.New("they come from the future: is the clock right?")
	}
	return h, nil
}

// save stores what is held now. Of a published set only the usable public keys
// are kept, without what should not have been published.
func (r *Remote) save(ctx context.Context, h *held) error {
	set, err := h.set.MarshalJSON()
	if err != nil {
		return err
	}
	content, err := json.Marshal(record{r.config.Issuer, r.config.URL, h.fetched.UTC().Truncate(time.Second), h.metadata, set})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := r.config.Store.Store(ctx, r.key, content); err != nil {
		return fmt.Errorf("storing the last known keys: %w", err)
	}
	return nil
}
