package revocation

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// key stands for an id.
type key [16]byte

// keyOf returns the bytes of an id as this gateway makes them, which are 16 in
// base64url, and half of the SHA-256 of any other. To have two ids meet, one
// would have to be chosen, and ids are: by the gateway, which signs them.
func keyOf(id string) (k key) {
	const lastDigits = "AQgw" // those without unused bits: each key has one id
	if len(id) == 22 && strings.IndexByte(lastDigits, id[21]) >= 0 {
		var text [22]byte
		copy(text[:], id)
		// A line feed would be passed over, and a byte be missing.
		if n, err := base64.RawURLEncoding.Decode(k[:], text[:]); err == nil && n == len(k) {
			return k
		}
	}
	sum := sha256.Sum256([]byte(id))
	return key(sum[:])
}

// shard is a part of the revoked ids. Each has a lock, so that a request seldom
// waits for another, and never for a long sweep.
type shard struct {
	mu     sync.RWMutex
	ended  map[key]second // those that are refused, until their keys have expired
	ending map[key]ending // those that will be
	most   int            // of ended since its map was made
	_      [80]byte       // keeps the locks out of each other's cache lines
}

// ending is a revocation that is yet to hold.
type ending struct {
	until    int64 // nanos
	since    int64 // nanos; when a successor was made
	replaced bool
	expires  second
}

// end applies a revocation by id.
func (s *Set) end(r ledger.Revocation) {
	now := s.greatest.see(s.now())
	e := ending{until: nanos(r.Effective), since: nanos(r.Made), replaced: r.ReplacedBy != "", expires: secondOf(r.Expires)}
	// Whoever made it may have a clock ahead of ours, or ours was set back.
	atOnce := !r.Effective.After(r.Made)
	k := keyOf(r.ID)
	sh := &s.ids[k[0]]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if expires, ok := sh.ended[k]; ok {
		sh.ended[k] = expires.later(e.expires)
		return
	}
	old, ok := sh.ending[k]
	if ok {
		e = old.with(e)
	} else {
		s.ended.Add(1)
	}
	if atOnce || e.until <= now {
		sh.finish(k, e)
		return
	}
	if sh.ending == nil {
		sh.ending = map[key]ending{}
	}
	sh.ending[k] = e
}

// with returns what holds of two about one id: it ends at the earlier, and stays
// replaced.
func (e ending) with(f ending) ending {
	if f.replaced && (!e.replaced || f.since < e.since) {
		e.replaced, e.since = true, f.since
	}
	e.until, e.expires = min(e.until, f.until), e.expires.later(f.expires)
	return e
}

// finish has a revocation hold for good.
func (sh *shard) finish(k key, e ending) {
	delete(sh.ending, k)
	if sh.ended == nil {
		sh.ended = map[key]second{}
	}
	sh.ended[k] = e.expires
	sh.most = max(sh.most, len(sh.ended))
}

// ofID is what is known of an id.
func (s *Set) ofID(id string, now time.Time) caddymgw.Standing {
	k := keyOf(id)
	sh := &s.ids[k[0]]
	sh.mu.RLock()
	_, ended := sh.ended[k]
	e, ending := sh.ending[k]
	sh.mu.RUnlock()
	switch {
	case ended:
		return caddymgw.Standing{Revoked: true}
	case !ending:
		return caddymgw.Standing{}
	case e.until <= s.greatest.see(now):
		return caddymgw.Standing{Revoked: true}
	case !e.replaced:
		return caddymgw.Standing{}
	}
	return caddymgw.Standing{Retirement: caddymgw.Retirement{Since: time.Unix(0, e.since).UTC(), Until: time.Unix(0, e.until).UTC()}}
}

// batch is how many are dropped under a lock, and smallest how few are not worth
// a map of their own size.
const (
	batch    = 1000
	smallest = 64
)

// sweep has hold what is due, and drops what is over. It returns how many were
// dropped.
func (sh *shard) sweep(now int64, h time.Time) (dropped int) {
	due, over := sh.find(now, h)
	for len(due)+len(over) > 0 {
		n, m := min(batch, len(due)), min(batch, len(over))
		dropped += sh.settle(due[:n], over[:m], h)
		due, over = due[n:], over[m:]
	}
	sh.shrink()
	return dropped
}

func (sh *shard) find(now int64, h time.Time) (due, over []key) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for k, e := range sh.ending {
		if e.until <= now {
			due = append(due, k)
		}
	}
	for k, expires := range sh.ended {
		if expires.before(h) {
			over = append(over, k)
		}
	}
	return due, over
}

func (sh *shard) settle(due, over []key, h time.Time) (dropped int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, k := range due {
		if e, ok := sh.ending[k]; ok {
			sh.finish(k, e)
		}
	}
	for _, k := range over {
		if expires, ok := sh.ended[k]; ok && expires.before(h) { // still
			delete(sh.ended, k)
			dropped++
		}
	}
	return dropped
}

// shrink gives back the room of what was dropped, which a map keeps.
func (sh *shard) shrink() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.ending) == 0 {
		sh.ending = nil
	}
	if sh.most > smallest && len(sh.ended) < sh.most/4 {
		few := make(map[key]second, len(sh.ended))
		maps.Copy(few, sh.ended)
		sh.ended, sh.most = few, len(few)
	}
}
