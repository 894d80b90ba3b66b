package keyring

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Ring is an immutable set of keys, one of which signs. All verify.
type Ring struct {
	active *Key
	keys   map[string]*Key
}

func newRing(active *Key, keys []*Key) *Ring {
	r := &Ring{active: active, keys: make(map[string]*Key, len(keys))}
	for _, k := range keys {
		r.keys[k.ID] = k
	}
	return r
}

// Active returns the key that signs.
func (r *Ring) Active() *Key { return r.active }

// Lookup finds a key by its kid.
func (r *Ring) Lookup(kid string) (*Key, bool) {
	k, ok := r.keys[kid]
	return k, ok
}

// Fingerprint is equal for rings of the same keys: a kid is a hash of its key.
func (r *Ring) Fingerprint() string {
	var ids []string
	for id, k := range r.keys {
		ids = append(ids, id+" "+k.Algorithm)
	}
	slices.Sort(ids)
	sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return hex.EncodeToString(sum[:])
}
