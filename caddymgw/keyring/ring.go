package keyring

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
)

// Ring is an immutable set of keys, one of which signs. All verify.
type Ring struct {
	algorithm string
	keys      map[string]*Key
	order     []*Key               // as they begin to sign
	needs     map[string]time.Time // kid -> until when; none where keys don't retire
}

func newRing(algorithm string, keys []*Key, needs map[string]time.Time) *Ring {
	r := &Ring{algorithm: algorithm, keys: make(map[string]*Key, len(keys)), needs: needs}
	for _, k := range keys {
		r.keys[k.ID] = k
	}
	r.order = slices.SortedFunc(maps.Values(r.keys), begins)
	return r
}

// begins orders keys by when they begin to sign; of one moment, all nodes see
// the same order.
func begins(a, b *Key) int {
	return cmp.Or(a.SignsFrom.Compare(b.SignsFrom), a.Created.Compare(b.Created), strings.Compare(b.ID, a.ID))
}

// State says what a key does.
type State string

const (
	Next     State = "next"     // published; signs from its SignsFrom
	Active   State = "active"   // signs
	Verifies State = "verifies" // what it signed may still be valid
)

// Active returns the key that signs: of those of the policy's algorithm that
// have begun the latest, or else, while a new algorithm is being published, of
// all that have begun. Where none has, by this clock, it is the earliest. It is
// nil only for a ring without keys, which Open and Maintain don't return.
func (r *Ring) Active(now time.Time) *Key {
	if k := r.begun(now, r.algorithm); k != nil {
		return k
	}
	if k := r.begun(now, ""); k != nil || len(r.order) == 0 {
		return k
	}
	return r.order[0]
}

// begun returns the latest key of an algorithm, "" for any, that signs from
// some moment up to now; nil for none.
func (r *Ring) begun(now time.Time, algorithm string) *Key {
	for _, k := range slices.Backward(r.order) {
		if !k.SignsFrom.After(now) && (algorithm == "" || k.Algorithm == algorithm) {
			return k
		}
	}
	return nil
}

// Lookup finds a key by its kid.
func (r *Ring) Lookup(kid string) (*Key, bool) {
	k, ok := r.keys[kid]
	return k, ok
}

// Keys returns all keys in the order of their kids.
func (r *Ring) Keys() []*Key {
	return slices.SortedFunc(maps.Values(r.keys), func(a, b *Key) int { return strings.Compare(a.ID, b.ID) })
}

// State returns what a key of the ring does. That of a node with another
// algorithm, in the middle of a change, is said to verify.
func (r *Ring) State(k *Key, now time.Time) State {
	switch {
	case k.ID == r.Active(now).ID:
		return Active
	case k.SignsFrom.After(now):
		return Next
	}
	return Verifies
}

// Ends returns from when on nothing that a key signed is valid, after which it
// retires. It is zero for a key that signs or will, and where keys don't retire.
func (r *Ring) Ends(k *Key, now time.Time) time.Time {
	if r.State(k, now) != Verifies {
		return time.Time{}
	}
	return r.needs[k.ID]
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
