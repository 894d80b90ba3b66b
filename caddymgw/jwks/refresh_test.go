package jwks

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// times answers, and notes when it was asked, counted from its making.
type times struct {
	mu     sync.Mutex
	began  time.Time
	at     []time.Duration
	answer offline
}

func answers(with offline) *times { return &times{began: time.Now(), answer: with} }

func (s *times) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.at = append(s.at, time.Since(s.began))
	answer := s.answer
	s.mu.Unlock()
	return answer(r)
}

func (s *times) with(answer offline) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *times) asked() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Duration(nil), s.at...)
}

func middle() float64 { return 0.5 }

const minute = time.Minute

func TestKeysAreRefreshed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config Config
		header string
		rand   float64
		want   time.Duration // between fetches
	}{
		"by default":                          {Config{}, "", 0.5, 10 * minute},
		"a tenth earlier":                     {Config{}, "", 0, 9 * minute},
		"a tenth later":                       {Config{}, "", 1, 11 * minute},
		"as configured":                       {Config{Refresh: 3 * minute}, "", 0.5, 3 * minute},
		"as the issuer says":                  {Config{}, "public, max-age=3600", 0.5, 60 * minute},
		"as the issuer says, a tenth earlier": {Config{}, "public, max-age=3600", 0, 54 * minute},
		"not as often as the issuer says":     {Config{}, "max-age=5", 0.5, minute},
		"not every time":                      {Config{}, "no-store", 0.5, minute},
		"not as seldom as the issuer says":    {Config{MaxStale: 1000 * time.Hour}, "max-age=31536000", 0.5, 24 * time.Hour},
		"before they are too old":             {Config{}, "max-age=31536000", 0.5, 12 * time.Hour},
		"before they are too old, configured": {Config{MaxStale: 6 * minute}, "", 0.5, 3 * minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := answers(serving(ec("a"), "Cache-Control", tc.header))
				c := tc.config
				c.URL, c.Transport, c.Rand = "https://idp.test/keys", transport, func() float64 { return tc.rand }
				r := remote(t, c)
				require.NoError(t, r.Open(t.Context()))
				time.Sleep(3*tc.want + time.Millisecond)
				synctest.Wait()
				require.NoError(t, r.Close())
				require.Len(t, transport.asked(), 4)
				for i, at := range transport.asked() {
					require.InDelta(t, time.Duration(i)*tc.want, at, float64(time.Microsecond))
				}
			})
		})
	}
}

func TestFailuresAreRetriedMoreAndMoreSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		transport := answers(refused)
		r := remote(t, Config{URL: "https://idp.test/keys", Transport: transport, Rand: middle, Observer: d})
		require.NoError(t, r.Open(t.Context()))
		time.Sleep(20*minute + time.Second)
		synctest.Wait()
		var between []float64
		for i, at := range transport.asked()[1:] {
			between = append(between, (at - transport.asked()[i]).Seconds())
		}
		require.Equal(t, []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}, between)
		require.Len(t, d.failures(), len(transport.asked()))
		require.EqualError(t, d.failures()[0], `fetching the keys of "https://idp.test": https://idp.test/keys: connection refused`)

		began := time.Now()
		transport.with(serving(ec("a")))
		time.Sleep(5 * minute)
		synctest.Wait()
		require.NotNil(t, r.Set())
		transport.with(refused)
		n := len(transport.asked())
		time.Sleep(10*minute + 4*time.Second)
		synctest.Wait()
		require.Equal(t, time.Second, transport.asked()[n+1]-transport.asked()[n], "it begins anew, %s", time.Since(began))
		require.NoError(t, r.Close())
	})
}

func TestBackoffNeverOverflows(t *testing.T) {
	t.Parallel()
	require.Equal(t, time.Second, backoff(1))
	for _, n := range []int{10, 17, 64, 1 << 30} {
		require.Equal(t, maxBackoff, backoff(n))
	}
}

// THREATS G7.
func TestKeysOutliveTheirIssuerForMaxStale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		transport := answers(serving(ec("a")))
		r := remote(t, Config{URL: "https://idp.test/keys", Transport: transport, MaxStale: time.Hour, Observer: d, Rand: middle})
		require.NoError(t, r.Open(t.Context()))
		synctest.Wait()
		transport.with(refused)
		for range 60 {
			time.Sleep(minute)
			keys, err := r.Find(t.Context(), "a", "ES256")
			require.NoError(t, err)
			require.Len(t, keys, 1)
		}
		require.NotEmpty(t, d.failures())
		age, ok := r.Age()
		require.True(t, ok)
		require.Equal(t, time.Hour, age)
		time.Sleep(time.Second)
		_, err := r.Find(t.Context(), "a", "ES256")
		require.ErrorIs(t, err, ErrUnavailable)
		_, err = r.Find(t.Context(), "", "ES256")
		require.ErrorIs(t, err, ErrUnavailable)
		require.Equal(t, 1, r.Set().Len(), "it is still there to be looked at")

		// The issuer comes back, and a question is enough to notice it.
		transport.with(serving(ec("a")))
		time.Sleep(cooldown)
		keys, err := r.Find(t.Context(), "a", "ES256")
		require.NoError(t, err)
		require.Len(t, keys, 1)
		require.NoError(t, r.Close())
	})
}

// THREATS G5.
func TestASetIsReplacedByAValidOneOnly(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"nothing": "", "HTML": "<html>", "a list": "[]", "no keys": `{"keys":[]}`, "an object of keys": `{"keys":{}}`, "null": "null",
		"only keys for others": string(setOf(jwkOf("a", ecPrivate().Public()).with("use", "enc"))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &diary{}
				s := &shelf{}
				transport := answers(serving(ec("a", "b")))
				r := remote(t, Config{URL: "https://idp.test/keys", Transport: transport, Observer: d, Store: s})
				require.NoError(t, r.Open(t.Context()))
				synctest.Wait()
				before, stored := r.Set(), s.get(r.key)
				transport.with(serving([]byte(content)))
				time.Sleep(11 * minute)
				synctest.Wait()
				require.NotEmpty(t, d.failures())
				require.Same(t, before, r.Set())
				require.Equal(t, stored, s.get(r.key))
				transport.with(serving(setOf(jwkOf("b", ecPrivate().Public()), "broken")))
				time.Sleep(11 * minute)
				synctest.Wait()
				require.Equal(t, []string{"b"}, kidsOf(r.Set().Keys()), "as a whole")
				require.NoError(t, r.Close())
			})
		})
	}
}

func TestWarningsAreToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		good, bad := jwkOf("a", ecPrivate().Public()), jwkOf("b", ecPrivate().Public()).with("d", "aHVudGVyMg")
		transport := answers(serving(setOf(good, bad)))
		r := remote(t, Config{URL: "https://idp.test/keys", Transport: transport, Observer: d, Rand: middle})
		require.NoError(t, r.Open(t.Context()))
		time.Sleep(25 * minute) // at 0, 10, 20
		transport.with(serving(setOf(good)))
		time.Sleep(10 * minute)
		transport.with(serving(setOf(good, bad)))
		time.Sleep(10 * minute)
		require.NoError(t, r.Close())
		warning := []string{`key "b" is left out: ` + errPrivate.Error()}
		require.Equal(t, []int{1, 1, 1, 1, 1}, d.fetched)
		require.Equal(t, [][]string{warning, nil, nil, nil, warning}, d.warnings)
	})
}

func TestAPanicOfATransportIsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		r := remote(t, Config{URL: "https://idp.test/keys", Observer: d, Transport: offline(func(*http.Request) (*http.Response, error) { panic("hunter2") })})
		require.NoError(t, r.Open(t.Context()))
		_, err := r.Find(t.Context(), "a", "ES256")
		require.ErrorIs(t, err, ErrUnavailable)
		require.NoError(t, r.Close())
		require.ErrorContains(t, d.failures()[0], "panicked")
		hides(t, d.failures()[0].Error(), "hunter2")
	})
}

// A set that was asked for by a client counts as the refresh that was due.
func TestAForcedFetchPutsOffTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := answers(serving(ec("a")))
		r := remote(t, Config{URL: "https://idp.test/keys", Transport: transport, Rand: middle})
		require.NoError(t, r.Open(t.Context()))
		time.Sleep(9 * minute)
		_, err := r.Find(t.Context(), "new", "ES256")
		require.NoError(t, err)
		time.Sleep(9 * minute)
		synctest.Wait()
		require.Equal(t, []time.Duration{0, 9 * minute}, transport.asked())
		time.Sleep(2 * minute)
		synctest.Wait()
		require.Equal(t, []time.Duration{0, 9 * minute, 19 * minute}, transport.asked())
		require.NoError(t, r.Close())
	})
}

// When a client asks in the very moment in which a refresh is due, the two are
// one fetch, and none follows.
func TestAForcedFetchAndARefreshAreOne(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			var asked atomic.Int64
			r := remote(t, Config{URL: "https://idp.test/keys", Rand: middle, Transport: offline(func(r *http.Request) (*http.Response, error) {
				asked.Add(1)
				time.Sleep(time.Second)
				return response(r, ec("a")), nil
			})})
			require.NoError(t, r.Open(t.Context()))
			time.Sleep(10*minute + time.Second) // the refresh begins now
			_, err := r.Find(t.Context(), "new", "ES256")
			require.NoError(t, err)
			time.Sleep(minute)
			synctest.Wait()
			require.EqualValues(t, 2, asked.Load())
			require.NoError(t, r.Close())
		})
	}
}

func TestAnOutageOfDiscoveryKeepsTheKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := answers(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/keys" {
				return response(r, ec("a")), nil
			}
			return response(r, []byte(`{"issuer":"https://idp.test","jwks_uri":"https://idp.test/keys"}`)), nil
		})
		r := remote(t, Config{Transport: transport})
		require.NoError(t, r.Open(t.Context()))
		synctest.Wait()
		transport.with(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") })
		time.Sleep(time.Hour)
		keys, err := r.Find(t.Context(), "a", "ES256")
		require.NoError(t, err)
		require.Len(t, keys, 1)
		_, known := r.Metadata()
		require.True(t, known)
		require.NoError(t, r.Close())
	})
}
