package keyring

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrUnknown means that there is no key of that kid.
var ErrUnknown = errors.New("there is no such signing key")

// ErrSigns means that a key can't be retired yet.
var ErrSigns = errors.New("this key signs at present: rotate at once first, so that another one does")

// Open returns the keys of a purpose. If there is none of the policy's
// algorithm, one is made under the storage's lock, so that of two nodes that
// start at once only one makes it: the very first key signs at once, that of
// another algorithm when it has been published for long enough.
func Open(ctx context.Context, s Storage, p Policy) (*Ring, error) {
	return p.tend(ctx, s, p.opening)
}

// Maintain reads the keys anew and does what is due: it makes a key that takes
// over when Rotation is over, or that of a new algorithm; it notes until when
// keys are needed and retires those that are no more. Every node calls it once
// a minute or so. Where nothing is due it only reads.
//
// On an error the caller keeps the ring that it has. A key that somebody deleted
// is gone: the ring is of what is there, and a new key is made if the algorithm
// has none left.
func Maintain(ctx context.Context, s Storage, p Policy) (*Ring, error) {
	return p.tend(ctx, s, p.due)
}

// Rotate makes a key of the policy's algorithm that takes over as soon as it
// has been published for long enough. If one waits already it is returned: of
// nodes that do this together one makes a key.
//
// At once, for a key that was lost, a new one signs with the next call of
// Maintain; until they call it too, other nodes and those who remember the JWK
// Set refuse what it signs. Of nodes that do this together each makes a key,
// and the last one signs. A key that waits still takes its turn: if it may be
// lost as well, retire it.
//
// A key that is returned with an error is stored: what came after it failed.
func Rotate(ctx context.Context, s Storage, p Policy, atOnce bool) (k *Key, err error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	_, err = p.locked(ctx, s, func(r *Ring) (*Key, error) {
		now := p.Now()
		from := p.soonest(r, now)
		if atOnce {
			from = p.atOnce(r, now)
		} else if k = p.waiting(r, now); k != nil {
			return nil, nil
		}
		k, err = create(ctx, s, p.Purpose, p.Algorithm, now, from)
		return k, err
	})
	return k, err
}

// atOnce is now, or just behind a key that begins now, maybe by another clock.
func (p *Policy) atOnce(r *Ring, now time.Time) time.Time {
	last := r.begun(now.Add(skew), p.Algorithm)
	if last == nil || last.SignsFrom.Before(now.Truncate(time.Second)) {
		return now
	}
	return last.SignsFrom.Add(time.Second)
}

// Retire ends a key at once, as when it is compromised: what it signed is
// invalid wherever Maintain is called next. Errors: ErrUnknown; ErrSigns for
// the active key.
func Retire(ctx context.Context, s Storage, p Policy, kid string) error {
	if err := p.Check(); err != nil {
		return err
	}
	_, err := p.locked(ctx, s, func(r *Ring) (*Key, error) {
		switch k, ok := r.Lookup(kid); {
		case !ok:
			return nil, ErrUnknown
		case k == r.Active(p.Now()):
			return nil, ErrSigns
		}
		return nil, retire(ctx, s, p.Purpose, kid)
	})
	return err
}

// tend reads the keys, and does what is found to do.
func (p *Policy) tend(ctx context.Context, s Storage, find func(*Ring, time.Time) chores) (*Ring, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	r, err := p.load(ctx, s)
	if err != nil {
		return nil, err
	}
	if c := find(r, p.Now()); c.none() {
		return r, nil
	}
	return p.locked(ctx, s, func(r *Ring) (*Key, error) {
		now := p.Now()
		return p.do(ctx, s, r, find(r, now), now) // what another node hasn't done meanwhile
	})
}

// do does what was found, each step whole by itself: whoever comes next finds
// the rest.
func (p *Policy) do(ctx context.Context, s Storage, r *Ring, c chores, now time.Time) (made *Key, err error) {
	if len(c.needs) > 0 {
		if err := r.note(ctx, s, p.Purpose, c.needs); err != nil {
			return nil, err
		}
	}
	if !c.from.IsZero() {
		if made, err = create(ctx, s, p.Purpose, p.Algorithm, now, c.from); err != nil {
			return nil, err
		}
	}
	for _, kid := range c.retire {
		if err := retire(ctx, s, p.Purpose, kid); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// locked runs a change of what the storage holds under its lock, and returns
// what it holds then, which must have the key that was made.
func (p *Policy) locked(ctx context.Context, s Storage, change func(*Ring) (made *Key, err error)) (after *Ring, err error) {
	lock := "mgw_keyring_" + p.Purpose
	if err := s.Lock(ctx, lock); err != nil {
		return nil, fmt.Errorf("locking the keyring: %w", err)
	}
	defer func() {
		// A lock that outlives its cancelled owner would stop every other node.
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err = errors.Join(err, s.Unlock(release, lock)); err != nil {
			after = nil
		}
	}()
	before, err := p.load(ctx, s)
	if err != nil {
		return nil, err
	}
	made, err := change(before)
	if err != nil {
		return nil, err
	}
	if after, err = p.load(ctx, s); err != nil {
		return nil, err
	}
	if made != nil && after.keys[made.ID] == nil {
		return nil, errors.New("the storage does not list the signing key that was just stored in it")
	}
	return after, nil
}
