package keyring

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Storage is what a keyring needs of a shared store; Caddy's storage has it.
// A missing key or prefix is fs.ErrNotExist.
type Storage interface {
	Lock(ctx context.Context, name string) error
	Unlock(ctx context.Context, name string) error
	Store(ctx context.Context, key string, value []byte) error
	Load(ctx context.Context, key string) ([]byte, error)
	List(ctx context.Context, prefix string, recursive bool) ([]string, error)
}

// object is how a key lies in the storage.
type object struct {
	KeyID      string    `json:"kid"`
	Algorithm  string    `json:"algorithm"`
	Created    time.Time `json:"created"`
	PrivateKey string    `json:"private_key"` // PKCS #8 in PEM
}

// Open returns the keys of a purpose, of which the newest one of the algorithm
// signs. If there is none of it, one is made under the storage's lock, so that
// of two nodes that start at once only one makes it.
func Open(ctx context.Context, s Storage, purpose, algorithm string, now func() time.Time) (ring *Ring, err error) {
	if !Supported(algorithm) {
		return nil, fmt.Errorf("algorithm %s is not supported", algorithm)
	}
	ring, err = load(ctx, s, purpose, algorithm)
	if ring != nil || err != nil {
		return ring, err
	}
	lock := "mgw_keyring_" + purpose
	if err := s.Lock(ctx, lock); err != nil {
		return nil, fmt.Errorf("locking the keyring: %w", err)
	}
	defer func() {
		// A lock that outlives its cancelled owner would stop every other node.
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, s.Unlock(release, lock))
	}()
	ring, err = load(ctx, s, purpose, algorithm)
	if ring != nil || err != nil {
		return ring, err
	}
	if err = create(ctx, s, purpose, algorithm, now()); err != nil {
		return nil, err
	}
	ring, err = load(ctx, s, purpose, algorithm)
	if ring == nil && err == nil {
		err = errors.New("the storage does not list the signing key that was just stored in it")
	}
	return ring, err
}

func folder(purpose string) string { return "mgw/keyring/" + purpose }

func create(ctx context.Context, s Storage, purpose, algorithm string, now time.Time) error {
	signer, err := generate(algorithm)
	if err != nil {
		return err
	}
	id, err := kid(purpose, signer.Public())
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return err
	}
	content, err := json.Marshal(object{
		id, algorithm, now.UTC().Truncate(time.Second),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		return err
	}
	if err := s.Store(ctx, path.Join(folder(purpose), id+".json"), content); err != nil {
		return fmt.Errorf("storing a new signing key: %w", err)
	}
	return nil
}

// load returns nil without an error where no key of the algorithm exists.
func load(ctx context.Context, s Storage, purpose, algorithm string) (*Ring, error) {
	names, err := s.List(ctx, folder(purpose), false)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the signing keys: %w", err)
	}
	var keys []*Key
	var active *Key
	for _, name := range names {
		if path.Ext(name) != ".json" {
			continue
		}
		content, err := s.Load(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("loading the signing key %s: %w", name, err)
		}
		k, err := parse(content, purpose)
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", name, err)
		}
		if strings.TrimSuffix(path.Base(name), ".json") != k.ID {
			return nil, fmt.Errorf("signing key %s: it holds another key: move it away", name)
		}
		keys = append(keys, k)
		if k.Algorithm == algorithm && newer(k, active) {
			active = k
		}
	}
	if active == nil {
		return nil, nil
	}
	return newRing(active, keys), nil
}

func newer(k, than *Key) bool {
	if than == nil || !k.Created.Equal(than.Created) {
		return than == nil || k.Created.After(than.Created)
	}
	return k.ID < than.ID
}

// parse never repeats what it can't read: it is a private key.
func parse(content []byte, purpose string) (*Key, error) {
	var o object
	if json.Unmarshal(content, &o) != nil {
		return nil, errors.New("not a key object: restore it, or move it away (its keys then become invalid)")
	}
	block, rest := pem.Decode([]byte(o.PrivateKey))
	if block == nil || block.Type != "PRIVATE KEY" || len(rest) > 0 {
		return nil, errors.New("private_key is not one PKCS #8 key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("private_key can't be read")
	}
	if !Supported(o.Algorithm) {
		return nil, errors.New("its algorithm is not supported")
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("private_key can't sign")
	}
	k, err := newKey(purpose, o.Algorithm, signer)
	if err != nil {
		return nil, err
	}
	if k.ID != o.KeyID {
		return nil, errors.New("kid does not belong to the key")
	}
	k.Created = o.Created
	return k, nil
}
