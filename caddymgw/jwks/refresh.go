package jwks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	minBackoff = time.Second
	maxBackoff = 5 * time.Minute
)

// flight is one fetch, and all who wait for it.
type flight struct{ done chan struct{} }

func newFlight() *flight { return &flight{make(chan struct{})} }

// wait returns when the fetch has ended, or took too long. Only the end of ctx
// is an error.
func (f *flight) wait(ctx context.Context) error {
	patience := time.NewTimer(timeout)
	defer patience.Stop()
	select {
	case <-f.done:
	case <-patience.C:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	return nil
}

// ask returns the fetch that is under way, or has one made; nil: there is none,
// and it is too early for another.
func (r *Remote) ask() *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil || !r.ready {
		return r.flight
	}
	now := r.config.Now()
	// A clock that was set back must not stop us for long.
	if since := now.Sub(r.forced); !r.forced.IsZero() && since >= 0 && since < cooldown {
		return nil
	}
	r.forced = now
	r.flight = newFlight()
	r.wake <- struct{}{} // has room: takeOff empties it
	return r.flight
}

// takeOff makes sure that whoever asks from now on joins the fetch that begins.
func (r *Remote) takeOff() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight == nil {
		r.flight = newFlight()
	}
	select {
	case <-r.wake:
	default:
	}
}

func (r *Remote) land(ready bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		close(r.flight.done)
	}
	r.flight, r.ready = nil, ready
}

// refresher is what the goroutine remembers from one fetch to the next.
type refresher struct {
	*Remote
	failures int // in a row
	warned   []string
}

// run fetches until ctx ends. It alone changes what is held.
func (r *refresher) run(ctx context.Context) {
	defer close(r.exited)
	defer r.land(false)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		r.takeOff()
		timer.Reset(r.jitter(r.refresh(ctx)))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.wake:
		}
	}
}

// refresh fetches once, and returns when to do it again.
func (r *refresher) refresh(ctx context.Context) time.Duration {
	a, err := r.fetch(ctx)
	if ctx.Err() != nil {
		return maxBackoff
	}
	r.land(true)
	if err != nil {
		r.config.Observer.Failed(r.config.Issuer, fmt.Errorf("fetching the keys of %s: %w", name(r.config.Issuer), err))
		r.failures++
		return backoff(r.failures)
	}
	r.failures = 0
	news := a.warnings
	if slices.Equal(news, r.warned) {
		news = nil
	}
	r.warned = a.warnings
	r.config.Observer.Fetched(r.config.Issuer, a.set.Len(), news)
	if r.config.Store != nil {
		if err := r.save(ctx, r.current.Load()); err != nil && ctx.Err() == nil {
			r.config.Observer.StoreFailed(r.config.Issuer, err)
		}
	}
	return r.interval(a)
}

// fetch replaces what is held, or leaves it as it is.
func (r *Remote) fetch(ctx context.Context) (a answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// A panic here would end the process: this is not a request's goroutine.
	defer func() {
		if recover() != nil {
			err = errors.New("reading them panicked")
		}
	}()
	began := r.config.Now()
	if a, err = r.client.fetch(ctx, r.config.Issuer, r.config.URL); err == nil {
		r.current.Store(&held{a.set, a.metadata, began})
	}
	return a, err
}

// interval is for how long an answer is good. What is fetched at the last
// moment might come too late.
func (r *Remote) interval(a answer) time.Duration {
	wait := r.config.Refresh
	if age, ok := maxAge(a.header); ok {
		wait = min(max(age, minRefresh), maxRefresh)
	}
	return min(wait, r.config.MaxStale/2)
}

// backoff doubles with each failure.
func backoff(failures int) time.Duration {
	return min(minBackoff<<min(failures-1, 16), maxBackoff)
}

// jitter keeps gateways that started together from fetching together.
func (r *Remote) jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*r.config.Rand()))
}
