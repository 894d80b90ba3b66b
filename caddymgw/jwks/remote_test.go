package jwks

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/token"
)

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config Config
		reason string
	}{
		"discovery":               {Config{Issuer: "https://idp.test/realms/a"}, ""},
		"discovery on loopback":   {Config{Issuer: "http://127.0.0.1:8080"}, ""},
		"a URL":                   {Config{Issuer: "urn:idp", URL: "https://idp.test/keys?tenant=a"}, ""},
		"the shortest times":      {Config{Issuer: "https://idp.test", Refresh: time.Second, MaxStale: 2 * time.Second}, ""},
		"no issuer":               {Config{URL: "https://idp.test/keys"}, "issuer is empty"},
		"an issuer that is none":  {Config{Issuer: "caddymgw"}, "can't be discovered below the issuer: the URL must begin with https"},
		"an issuer of plain http": {Config{Issuer: "http://idp.test"}, "can't be discovered below the issuer: http is for loopback"},
		"an issuer with a query":  {Config{Issuer: "https://idp.test/?a"}, "must not have a query"},
		"an issuer with a user":   {Config{Issuer: "https://u:hunter2@idp.test/"}, "user or password"},
		"plain http":              {Config{Issuer: "https://idp.test", URL: "http://idp.test/keys"}, "http is for loopback"},
		"a URL with a user":       {Config{Issuer: "https://idp.test", URL: "https://u:hunter2@idp.test/keys"}, "user or password"},
		"negative":                {Config{Issuer: "https://idp.test", MaxStale: -1}, "negative"},
		"negative, too":           {Config{Issuer: "https://idp.test", Refresh: -1}, "negative"},
		"too often":               {Config{Issuer: "https://idp.test", Refresh: time.Second - 1}, "more often than every second"},
		"too short":               {Config{Issuer: "https://idp.test", MaxStale: 2*time.Second - 1}, "less than two seconds"},
	} {
		_, err := New(tc.config)
		if tc.reason == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, tc.reason, name)
		hides(t, err.Error(), "hunter2")
	}
}

func TestFindReadsFromMemory(t *testing.T) {
	t.Parallel()
	a := serve(t, body(setOf(jwkOf("a", ecPrivate().Public()), jwkOf("b", edPrivate().Public()).with("alg", "EdDSA"))))
	d := &diary{}
	r := opened(t, Config{URL: a.URL, Observer: d})
	for range 100 {
		keys, err := r.Find(t.Context(), "a", "ES256")
		require.NoError(t, err)
		require.Equal(t, []token.Key{{ID: "a", Public: ecPrivate().Public()}}, keys)
		keys, err = r.Find(t.Context(), "", "Ed25519")
		require.NoError(t, err)
		require.Equal(t, []string{"b"}, kidsOf(keys))
		keys, err = r.Find(t.Context(), "", "RS256")
		require.NoError(t, err)
		require.Empty(t, keys, "no kid is no reason to fetch")
		keys, err = r.Find(t.Context(), "a", "RS256")
		require.NoError(t, err)
		require.Len(t, keys, 1, "nor is an algorithm that does not fit")
	}
	require.EqualValues(t, 1, a.requests.Load())
	_, known := r.Metadata()
	require.False(t, known)
	eventually(t, func() bool { return d.fetches() == 1 }, "it is told")
	age, ok := r.Age()
	require.True(t, ok)
	require.Less(t, age, time.Minute)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Find(gone, "a", "ES256")
	require.NoError(t, err, "memory needs no context")
}

func TestFindInMemoryAllocatesNothing(t *testing.T) { // alone: it counts
	a := serve(t, body(ec("a")))
	r := opened(t, Config{URL: a.URL})
	_, err := r.Find(t.Context(), "a", "ES256")
	require.NoError(t, err)
	for _, kid := range []string{"a", "", "unknown"} {
		require.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = r.Find(t.Context(), kid, "ES256") }), kid)
	}
}

func TestBeforeOpenThereAreNoKeysAndNoFetch(t *testing.T) {
	t.Parallel()
	a := serve(t, body(ec("a")))
	r := remote(t, Config{URL: a.URL})
	_, err := r.Find(t.Context(), "a", "ES256")
	require.ErrorIs(t, err, ErrUnavailable)
	_, ok := r.Age()
	require.False(t, ok)
	require.Nil(t, r.Set())
	require.NoError(t, r.Close())
	require.Error(t, r.Open(t.Context()), "closed is closed")
	require.Zero(t, a.requests.Load())
}

func TestOpenWaitsForNoNetworkAndHappensOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		transport := answers(hanging)
		r := remote(t, Config{URL: "https://idp.test/keys", Transport: transport})
		for range 3 {
			require.NoError(t, r.Open(t.Context()))
		}
		require.Zero(t, time.Since(began))
		synctest.Wait()
		require.Len(t, transport.asked(), 1)
		require.NoError(t, r.Close())
		require.NoError(t, r.Close())
		require.Zero(t, time.Since(began))

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r = remote(t, Config{URL: "https://idp.test/keys", Transport: transport})
		require.ErrorIs(t, r.Open(ctx), context.Canceled)
		require.NoError(t, r.Open(t.Context()), "and may be tried again")
		require.NoError(t, r.Close())
	})
}

// The context of Open is that of opening, not of what was opened.
func TestFetchingOutlivesTheContextOfOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := answers(serving(ec("a")))
		r := remote(t, Config{URL: "https://idp.test/keys", Transport: transport})
		ctx, cancel := context.WithCancel(t.Context())
		require.NoError(t, r.Open(ctx))
		cancel()
		time.Sleep(time.Hour)
		require.Greater(t, len(transport.asked()), 5)
		require.NoError(t, r.Close())
	})
}

func TestAfterCloseTheKeysAreStillFoundButNotFetched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := answers(serving(ec("a")))
		r := remote(t, Config{URL: "https://idp.test/keys", Transport: transport})
		require.NoError(t, r.Open(t.Context()))
		synctest.Wait()
		require.NoError(t, r.Close())
		keys, err := r.Find(t.Context(), "a", "ES256")
		require.NoError(t, err)
		require.Len(t, keys, 1)
		keys, err = r.Find(t.Context(), "unknown", "ES256")
		require.NoError(t, err)
		require.Empty(t, keys)
		require.Error(t, r.Open(t.Context()))
		time.Sleep(25 * time.Hour)
		_, err = r.Find(t.Context(), "a", "ES256")
		require.ErrorIs(t, err, ErrUnavailable)
		require.Len(t, transport.asked(), 1)
	})
}

func TestCloseLetsWaitersGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		d := &diary{}
		r := remote(t, Config{URL: "https://idp.test/keys", Transport: offline(hanging), Observer: d})
		require.NoError(t, r.Open(t.Context()))
		answers := crowd(t.Context(), r, 100, "a")
		require.NoError(t, r.Close())
		for range 100 {
			require.ErrorIs(t, (<-answers).err, ErrUnavailable)
		}
		require.Zero(t, time.Since(began))
		require.Empty(t, d.failures(), "to stop is no failure")
	})
}
