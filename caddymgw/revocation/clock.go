package revocation

import (
	"math"
	"sync/atomic"
	"time"
)

// nanos is the time since 1970, cut to what can be said so: the years 1678 to
// 2262.
func nanos(t time.Time) int64 {
	const last = math.MaxInt64/int64(time.Second) - 1
	return min(max(t.Unix(), -last), last)*int64(time.Second) + int64(t.Nanosecond())
}

// greatest is the latest moment seen: a clock that is set back is not followed.
// Its zero value has seen none.
type greatest struct{ nanos atomic.Int64 }

// see returns the latest moment that was ever seen, this one among them.
func (g *greatest) see(t time.Time) int64 {
	for now := nanos(t); ; {
		seen := g.nanos.Load()
		if now <= seen {
			return seen
		}
		if g.nanos.CompareAndSwap(seen, now) {
			return now
		}
	}
}

// second is when a key expires, rounded up, in seconds since 1970.
type second uint32

// never is the second of what does not expire.
const never second = 0

// secondOf is never for what lies beyond the year 2106: nothing is dropped too
// soon.
func secondOf(expires time.Time) second {
	s := expires.Unix()
	if expires.Nanosecond() > 0 {
		s++
	}
	if expires.IsZero() || s > math.MaxUint32 {
		return never
	}
	return second(max(1, s))
}

func (s second) later(t second) second {
	if s == never || t == never {
		return never
	}
	return max(s, t)
}

// before reports whether it is over at a horizon.
func (s second) before(h time.Time) bool {
	return s != never && int64(s) <= h.Unix()
}

const (
	// margin is how much longer than needed a revocation is kept: a clock may be
	// wrong by so much.
	margin = time.Hour
	// leap is how far a clock may go ahead from one look to the next without
	// being doubted; doubt is how long it is doubted then.
	leap  = 10 * time.Minute
	doubt = 24 * time.Hour
)

// horizon is the moment by which revocations are dropped. A clock that leaps
// ahead and comes back must have cost none, so it is followed at once only in
// steps, and back.
type horizon struct {
	at      time.Time
	doubted time.Duration
}

// follow looks at the clock, after an interval that was measured without it.
func (h *horizon) follow(now time.Time, interval time.Duration) {
	ahead := now.Sub(h.at)
	if ahead > leap && h.doubted < doubt {
		h.at = h.at.Add(interval)
		h.doubted += interval
		return
	}
	h.at, h.doubted = now, 0
}
