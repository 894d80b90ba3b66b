package jwks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/token"
)

func hanging(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

type found struct {
	keys []token.Key
	err  error
}

// crowd asks n times at once.
func crowd(ctx context.Context, r *Remote, n int, kid string) <-chan found {
	answers := make(chan found, n)
	for range n {
		go func() {
			keys, err := r.Find(ctx, kid, "ES256")
			answers <- found{keys, err}
		}()
	}
	synctest.Wait()
	return answers
}

// THREATS G11.
func TestAThousandFirstRequestsMakeOneFetch(t *testing.T) {
	t.Parallel()
	set := ec("a")
	gate := make(chan struct{})
	a := serve(t, func(w http.ResponseWriter, r *http.Request) { <-gate; body(set)(w, r) })
	r := opened(t, Config{URL: a.URL})
	var wg sync.WaitGroup
	var asking, good atomic.Int64
	for range 1000 {
		wg.Go(func() {
			asking.Add(1)
			if keys, err := r.Find(t.Context(), "a", "ES256"); err == nil && len(keys) == 1 {
				good.Add(1)
			}
		})
	}
	eventually(t, func() bool { return asking.Load() == 1000 && a.requests.Load() == 1 }, "all ask")
	close(gate)
	wg.Wait()
	require.EqualValues(t, 1000, good.Load())
	require.EqualValues(t, 1, a.requests.Load())
}

// THREATS G11.
func TestWhoeverAsksFirstMayGoAway(t *testing.T) {
	t.Parallel()
	for name, warm := range map[string]bool{"first keys": false, "an unknown kid": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				set := ec("a")
				gate := make(chan struct{})
				var asked atomic.Int64
				r := remote(t, Config{URL: "https://idp.test/keys", Transport: offline(func(r *http.Request) (*http.Response, error) {
					if asked.Add(1) == 1 && warm {
						return response(r, ec("old")), nil
					}
					select {
					case <-gate:
						return response(r, set), nil
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
				})})
				require.NoError(t, r.Open(t.Context()))
				if warm {
					synctest.Wait()
				}
				ctx, cancel := context.WithCancel(t.Context())
				leaders := crowd(ctx, r, 1, "a")
				followers := crowd(t.Context(), r, 100, "a")
				cancel()
				leader := <-leaders
				require.ErrorIs(t, leader.err, ErrUnavailable)
				require.ErrorIs(t, leader.err, context.Canceled)
				close(gate)
				for range 100 {
					f := <-followers
					require.NoError(t, f.err)
					require.Equal(t, []string{"a"}, kidsOf(f.keys))
				}
				fetches := int64(1)
				if warm {
					fetches = 2
				}
				require.Equal(t, fetches, asked.Load())
				require.NoError(t, r.Close())
			})
		})
	}
}

// THREATS G9.
func TestTenThousandUnknownKidsMakeOneFetch(t *testing.T) {
	t.Parallel()
	a := serve(t, body(ec("good")))
	clock := newHand()
	r := opened(t, Config{URL: a.URL, Now: clock.now})
	_, err := r.Find(t.Context(), "good", "ES256")
	require.NoError(t, err)
	before := r.Set()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for j := range 500 {
				keys, err := r.Find(t.Context(), strconv.Itoa(i*1000+j), "ES256")
				if err != nil && !errors.Is(err, ErrUnavailable) || len(keys) != 0 {
					t.Errorf("%v %v", keys, err)
				}
				if keys, err = r.Find(t.Context(), "good", "ES256"); err != nil || len(keys) != 1 {
					t.Errorf("%v %v", keys, err)
				}
				clock.advance(time.Millisecond) // ten seconds in all
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 2, a.requests.Load(), "the first one, and one forced")
	require.Equal(t, before.Keys(), r.Set().Keys(), "nothing is evicted")
	clock.advance(20 * time.Second)
	_, err = r.Find(t.Context(), "unknown", "ES256")
	require.NoError(t, err)
	require.EqualValues(t, 3, a.requests.Load(), "30 seconds later, one more")
	_, err = r.Find(t.Context(), "unknown", "ES256")
	require.NoError(t, err)
	require.EqualValues(t, 3, a.requests.Load())
}

// TestANewKeyIsNotCalledBadWhileNobodyCanTell: whoever sends kids that do not
// exist uses up the fetches that a new key needs.
func TestANewKeyIsNotCalledBadWhileNobodyCanTell(t *testing.T) {
	t.Parallel()
	a := serve(t, body(ec("old")))
	clock := newHand()
	r := opened(t, Config{URL: a.URL, Now: clock.now})
	find := func(kid string, found int, want error) {
		t.Helper()
		keys, err := r.Find(t.Context(), kid, "ES256")
		require.ErrorIs(t, err, want)
		require.Len(t, keys, found)
	}
	find("old", 1, nil)
	find("nonsense", 0, nil)
	a.with(body(ec("new", "old")))
	clock.advance(moment)
	find("new", 0, nil) // the set was fetched a moment ago
	clock.advance(time.Second)
	for range 10 {
		find("new", 0, ErrUnavailable)
		find("nonsense", 0, ErrUnavailable)
		find("old", 1, nil)
	}
	require.EqualValues(t, 2, a.requests.Load())
	clock.advance(cooldown - moment - time.Second)
	find("new", 1, nil)
	find("nonsense", 0, nil)
	require.EqualValues(t, 3, a.requests.Load())
}

func TestANewKeyIsFoundAtOnce(t *testing.T) {
	t.Parallel()
	a := serve(t, body(ec("old")))
	r := opened(t, Config{URL: a.URL})
	_, err := r.Find(t.Context(), "old", "ES256")
	require.NoError(t, err)
	a.with(body(ec("new", "old")))
	keys, err := r.Find(t.Context(), "new", "ES256")
	require.NoError(t, err)
	require.Equal(t, []string{"new"}, kidsOf(keys))
	require.EqualValues(t, 2, a.requests.Load())
}

func TestAForcedFetchThatFailsHarmsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := answers(serving(ec("a")))
		r := remote(t, Config{URL: "https://idp.test/keys", Transport: transport})
		require.NoError(t, r.Open(t.Context()))
		synctest.Wait()
		transport.with(refused)
		keys, err := r.Find(t.Context(), "unknown", "ES256")
		require.NoError(t, err, "the keys are known: it is none of them")
		require.Empty(t, keys)
		keys, err = r.Find(t.Context(), "a", "ES256")
		require.NoError(t, err)
		require.Len(t, keys, 1)
		require.NoError(t, r.Close())
	})
}

func TestAClockThatIsSetBackStopsNothing(t *testing.T) {
	t.Parallel()
	a := serve(t, body(ec("a")))
	clock := newHand()
	r := opened(t, Config{URL: a.URL, Now: clock.now})
	_, err := r.Find(t.Context(), "a", "ES256")
	require.NoError(t, err)
	_, err = r.Find(t.Context(), "x", "ES256")
	require.NoError(t, err)
	clock.advance(-24 * time.Hour)
	_, err = r.Find(t.Context(), "a", "ES256")
	require.NoError(t, err)
	_, err = r.Find(t.Context(), "x", "ES256")
	require.NoError(t, err)
	require.EqualValues(t, 3, a.requests.Load())
	age, _ := r.Age()
	require.GreaterOrEqual(t, age, time.Duration(0))
}

// THREATS G3. Time is that of a bubble, so that five seconds pass at once.
func TestSlowIssuersHoldUpNobodyButThoseWhoWait(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]http.HandlerFunc{
		"it never answers": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a byte a second": func(w http.ResponseWriter, r *http.Request) {
			for _, b := range ec("a") {
				_, _ = w.Write([]byte{b})
				w.(http.Flusher).Flush()
				select {
				case <-time.After(time.Second):
				case <-r.Context().Done():
					return
				}
			}
		},
		"headers only": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"it does not accept": nil,
	} {
		for state, warm := range map[string]bool{" and no keys are known": false, " when keys are known": true} {
			t.Run(name+state, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					n := newWire(t, handle)
					s := &shelf{}
					d := &diary{}
					r := remote(t, Config{URL: "http://localhost/keys", Transport: n.transport(), Store: s, Observer: d})
					if warm {
						warmUp(t, r, s)
					}
					require.NoError(t, r.Open(t.Context()))
					began := time.Now()
					if warm {
						_, err := r.Find(t.Context(), "known", "ES256")
						require.NoError(t, err)
						require.Zero(t, time.Since(began), "other traffic is not held up")
					}
					answers := crowd(t.Context(), r, 50, "unknown")
					hurry, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					_, err := r.Find(hurry, "unknown", "ES256")
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.Equal(t, time.Second, time.Since(began), "whoever has less time waits for less")
					for range 50 {
						f := <-answers
						require.Empty(t, f.keys)
						if warm {
							require.NoError(t, f.err)
						} else {
							require.ErrorIs(t, f.err, ErrUnavailable)
						}
					}
					require.Equal(t, timeout, time.Since(began))
					synctest.Wait()
					require.Len(t, d.failures(), 1)
					require.ErrorIs(t, d.failures()[0], context.DeadlineExceeded)
					require.NoError(t, r.Close())
					n.close()
				})
			})
		}
	}
}

// Whatever a transport of others does, requests go on in time, and Close does
// not return before it.
func TestATransportThatHeedsNoContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := remote(t, Config{URL: "https://idp.test/keys", Transport: offline(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Minute)
			return nil, errors.New("too late")
		})})
		require.NoError(t, r.Open(t.Context()))
		_, err := r.Find(t.Context(), "a", "ES256")
		require.ErrorIs(t, err, ErrUnavailable)
		require.Equal(t, timeout, time.Since(began))
		require.NoError(t, r.Close())
		require.Equal(t, time.Minute, time.Since(began))
	})
}

// warmUp stores a set as an earlier run would have.
func warmUp(t *testing.T, r *Remote, s *shelf) {
	t.Helper()
	set, _, err := Parse(ec("known"))
	require.NoError(t, err)
	require.NoError(t, r.save(t.Context(), &held{set: set, fetched: time.Now()}))
	require.NotEmpty(t, s.get(r.key))
}

func TestNothingIsLeftAfterClose(t *testing.T) { // alone: it counts goroutines
	set := ec("a")
	for name, handle := range map[string]http.HandlerFunc{
		"good": body(set), "hanging": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "failing": status(500), "endless": endless, "redirecting": redirect(302, "http://127.0.0.1:1/"),
	} {
		a := serve(t, handle)
		before := runtime.NumGoroutine()
		for range 20 {
			r := remote(t, Config{URL: a.URL, Store: &shelf{}})
			require.NoError(t, r.Open(t.Context()))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			_, _ = r.Find(ctx, "x", "ES256")
			cancel()
			require.NoError(t, r.Close())
		}
		for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			require.True(t, time.Now().Before(deadline), "%s leaves goroutines behind", name)
		}
	}
}

func TestManyRemotesTogether(t *testing.T) {
	t.Parallel()
	a := serve(t, func(w http.ResponseWriter, r *http.Request) { body(ec(strings.TrimPrefix(r.URL.Path, "/")))(w, r) })
	var wg sync.WaitGroup
	s := &shelf{}
	for i := range 50 {
		wg.Go(func() {
			kid := fmt.Sprint(i)
			r := opened(t, Config{Issuer: "urn:" + kid, URL: a.URL + "/" + kid, Store: s})
			for _, k := range []string{kid, "x", kid, "y"} {
				keys, err := r.Find(t.Context(), k, "ES256")
				if err != nil || (len(keys) == 1) != (k == kid) {
					t.Errorf("%s %v %v", k, keys, err)
				}
			}
		})
	}
	wg.Wait()
}
