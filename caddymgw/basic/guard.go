package basic

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

// ErrBusy is returned where a password cannot be hashed now: too many others
// wait already, or the caller went away while it waited.
var ErrBusy = errors.New("too many passwords are being hashed")

const (
	maxWaiters = 64
	maxKnown   = 10_000
	knownFor   = 10 * time.Minute
)

// Guard bounds the hashing of the whole process: half of the CPUs at once, at
// least one, and 64 waiters. It remembers the 10,000 last passwords that were
// right for 10 minutes, so that a client pays once. A wrong one is not
// remembered: guesses must not push out what is known.
//
// It is safe for concurrent use and meant to be shared by every [Verifier] of
// the process, over reloads. It has nothing to close.
type Guard struct {
	slots   *semaphore.Weighted
	waiting atomic.Int64
	flights singleflight.Group
	known   *otter.Cache[proof, time.Time] // when it was found right
	macs    sync.Pool
	now     func() time.Time
}

// proof stands for a user, a hash and a password. Without the key of its Guard
// it tells nothing of them, so a memory dump holds no passwords in the cache.
type proof [sha256.Size]byte

// NewGuard returns a Guard with nothing remembered.
func NewGuard() *Guard {
	return newGuard(max(1, runtime.GOMAXPROCS(0)/2), time.Now)
}

func newGuard(slots int, now func() time.Time) *Guard {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return &Guard{
		slots: semaphore.NewWeighted(int64(slots)),
		known: otter.Must(&otter.Options[proof, time.Time]{MaximumSize: maxKnown}),
		macs:  sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, key)} }},
		now:   now,
	}
}

// check reports whether a password is right, by memory or by compare. Those who
// ask the same at the same time share one answer. What is not to be remembered
// costs a comparison each time.
func (g *Guard) check(ctx context.Context, user string, hash, password []byte, remember bool, compare func() (bool, error)) (bool, error) {
	p := g.prove(user, hash, password)
	if g.knows(p) {
		return true, nil
	}
	for {
		flight := g.flights.DoChan(string(p[:]), func() (any, error) {
			if g.knows(p) { // since we looked
				return true, nil
			}
			ok, err := g.hash(ctx, compare)
			if ok && err == nil && remember {
				g.known.Set(p, g.now())
			}
			return ok, err
		})
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
		case r := <-flight:
			// Whoever asked first may have gone away; that is not our end. What a
			// Comparer returns is: it would return it again.
			if ctx.Err() == nil && errors.Is(r.Err, ErrBusy) && (errors.Is(r.Err, context.Canceled) || errors.Is(r.Err, context.DeadlineExceeded)) {
				continue
			}
			ok, _ := r.Val.(bool)
			return ok && r.Err == nil, r.Err
		}
	}
}

// hash compares when there is a free place.
func (g *Guard) hash(ctx context.Context, compare func() (bool, error)) (ok bool, err error) {
	if !g.slots.TryAcquire(1) {
		if g.waiting.Add(1) > maxWaiters {
			g.waiting.Add(-1)
			return false, ErrBusy
		}
		err := g.slots.Acquire(ctx, 1)
		g.waiting.Add(-1)
		if err != nil {
			return false, fmt.Errorf("%w: %w", ErrBusy, err)
		}
	}
	defer g.slots.Release(1)
	// A panic here would end the process: this is not the request's goroutine.
	defer func() {
		if v := recover(); v != nil {
			ok, err = false, errors.New("the hash function panicked")
		}
	}()
	return compare()
}

func (g *Guard) knows(p proof) bool {
	found, ok := g.known.GetIfPresent(p)
	return ok && g.now().Sub(found) < knownFor
}

// mac is a reusable HMAC with room for its message.
type mac struct {
	hash.Hash
	message []byte
	sum     []byte
}

// prove writes each part with its length, so that no two triples share a message.
func (g *Guard) prove(user string, hash, password []byte) proof {
	m := g.macs.Get().(*mac)
	b := binary.BigEndian.AppendUint64(m.message[:0], uint64(len(user)))
	b = append(b, user...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(hash)))
	b = append(b, hash...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(password)))
	b = append(b, password...)
	m.Reset()
	_, _ = m.Write(b) // never fails
	m.sum = m.Sum(m.sum[:0])
	p := proof(m.sum)
	clear(b)
	m.message = b
	g.macs.Put(m)
	return p
}
