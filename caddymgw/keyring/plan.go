package keyring

import "time"

// chores is what a node finds to do.
type chores struct {
	from   time.Time // a key is to be made that signs from then; zero: none
	needs  map[string]time.Time
	retire []string // kids
}

func (c *chores) none() bool {
	return c.from.IsZero() && len(c.needs) == 0 && len(c.retire) == 0
}

// opening finds what must be done before anything is signed: there is a key,
// and other nodes know that the one that signs is needed, if they have come to
// think otherwise.
func (p *Policy) opening(r *Ring, now time.Time) (c chores) {
	if !r.has(p.Algorithm) {
		c.from = p.soonest(r, now)
	}
	k := r.Active(now)
	if k == nil || len(r.keys) == 1 {
		return c
	}
	if until, noted := r.needs[k.ID]; noted && until.Before(now.Add(p.Longest)) {
		c.needs = map[string]time.Time{k.ID: now.Add(p.Longest + p.hold())}
	}
	return c
}

// due finds all that is to be done by now.
func (p *Policy) due(r *Ring, now time.Time) chores {
	c := chores{from: p.successor(r, now), needs: map[string]time.Time{}}
	if p.Longest == 0 {
		return c
	}
	active := r.Active(now)
	for _, k := range r.order {
		if k.SignsFrom.After(now) {
			break
		}
		until, noted := r.needs[k.ID]
		switch {
		case !noted, k == active && until.Before(now.Add(p.Longest+p.hold()/2)):
			c.needs[k.ID] = now.Add(p.Longest + p.hold())
		case k != active && now.After(until.Add(p.ahead())): // until, and the clocks
			c.retire = append(c.retire, k.ID)
		}
	}
	return c
}

// successor returns from when on a key signs that is to be made now; zero: none
// is due.
func (p *Policy) successor(r *Ring, now time.Time) time.Time {
	soonest := p.soonest(r, now)
	if !r.has(p.Algorithm) {
		return soonest
	}
	if p.Rotation == 0 || p.waiting(r, now) != nil {
		return time.Time{}
	}
	if k := r.begun(now, p.Algorithm); k != nil && k.SignsFrom.Add(p.Rotation).After(soonest) {
		return time.Time{}
	}
	return soonest
}

// soonest is when a new key may begin: when all verifiers know it, but the very
// first one at once.
func (p *Policy) soonest(r *Ring, now time.Time) time.Time {
	if len(r.keys) == 0 {
		return now
	}
	return now.Add(p.ahead())
}

// waiting returns the key of the policy's algorithm that begins next; nil for
// none. One further ahead than any node makes them is of a clock that was wrong
// and holds up nothing.
func (p *Policy) waiting(r *Ring, now time.Time) *Key {
	k := r.begun(now.Add(2*p.ahead()), p.Algorithm)
	if k == nil || !k.SignsFrom.After(now) {
		return nil
	}
	return k
}

func (r *Ring) has(algorithm string) bool {
	for _, k := range r.order {
		if k.Algorithm == algorithm {
			return true
		}
	}
	return false
}
