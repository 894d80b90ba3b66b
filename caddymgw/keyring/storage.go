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

// Storage is what a keyring needs of a shared store; Caddy's storage has it. To
// load or list what is missing is fs.ErrNotExist, to delete it is no error.
type Storage interface {
	Lock(ctx context.Context, name string) error
	Unlock(ctx context.Context, name string) error
	Store(ctx context.Context, key string, value []byte) error
	Load(ctx context.Context, key string) ([]byte, error)
	Delete(ctx context.Context, key string) error
	Exists(ctx context.Context, key string) bool
	List(ctx context.Context, prefix string, recursive bool) ([]string, error)
}

// object is how a key lies in the storage.
type object struct {
	KeyID      string    `json:"kid"`
	Algorithm  string    `json:"algorithm"`
	Created    time.Time `json:"created"`
	SignsFrom  time.Time `json:"signs_from,omitzero"` // none: created
	PrivateKey string    `json:"private_key"`         // PKCS #8 in PEM
}

func folder(purpose string) string { return "mgw/keyring/" + purpose }

func create(ctx context.Context, s Storage, purpose, algorithm string, now, from time.Time) (*Key, error) {
	signer, err := generate(algorithm)
	if err != nil {
		return nil, err
	}
	k, err := newKey(purpose, algorithm, signer)
	if err != nil {
		return nil, err
	}
	k.Created, k.SignsFrom = now.UTC().Truncate(time.Second), from.UTC().Truncate(time.Second)
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(object{
		k.ID, algorithm, k.Created, k.SignsFrom,
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		return nil, err
	}
	if err := s.Store(ctx, path.Join(folder(purpose), k.ID+".json"), content); err != nil {
		return nil, fmt.Errorf("storing a new signing key: %w", err)
	}
	return k, nil
}

func retire(ctx context.Context, s Storage, purpose, kid string) error {
	if err := s.Delete(ctx, path.Join(folder(purpose), kid+".json")); err != nil {
		return fmt.Errorf("deleting the signing key %s: %w", kid, err)
	}
	return nil
}

// maxReads bounds how often the keys are read while other nodes delete some.
const maxReads = 5

// load returns the keys that there are; the ring may be empty.
func (p *Policy) load(ctx context.Context, s Storage) (r *Ring, err error) {
	for range maxReads {
		r, err = p.read(ctx, s)
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return r, err
}

// read is fs.ErrNotExist where something vanished under it.
func (p *Policy) read(ctx context.Context, s Storage) (*Ring, error) {
	names, err := s.List(ctx, folder(p.Purpose), false)
	// certmagic's file storage ends a listing in the middle with fs.ErrNotExist
	// where a file vanishes: taken for an empty one, it would cost all keys.
	missing := errors.Is(err, fs.ErrNotExist) && len(names) == 0 && !s.Exists(ctx, folder(p.Purpose))
	if err != nil && !missing {
		return nil, fmt.Errorf("listing the signing keys: %w", err)
	}
	var keys []*Key
	for _, name := range names {
		if path.Ext(name) != ".json" {
			continue
		}
		content, err := s.Load(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("loading the signing key %s: %w", name, err)
		}
		k, err := parse(content, p.Purpose)
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", name, err)
		}
		if strings.TrimSuffix(path.Base(name), ".json") != k.ID {
			return nil, fmt.Errorf("signing key %s: it holds another key: move it away", name)
		}
		keys = append(keys, k)
	}
	var needs map[string]time.Time
	if p.Longest > 0 {
		if needs, err = loadNeeds(ctx, s, p.Purpose); err != nil {
			return nil, err
		}
	}
	return newRing(p.Algorithm, keys, needs), nil
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
	k.Created, k.SignsFrom = o.Created, o.SignsFrom
	if o.SignsFrom.IsZero() {
		k.SignsFrom = o.Created
	}
	return k, nil
}
