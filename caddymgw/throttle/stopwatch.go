package throttle

import "time"

// stopwatch measures the time that has passed by a clock that may be set: back,
// and no time passes.
type stopwatch struct {
	now   func() time.Time
	last  time.Time
	total time.Duration
}

func (s *stopwatch) passed() time.Duration {
	now := s.now()
	s.total += max(0, now.Sub(s.last))
	s.last = now
	return s.total
}
