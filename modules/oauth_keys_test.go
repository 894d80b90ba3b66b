package modules_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/authserver"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

// soon is how long a test waits for what the gateway does by itself.
const soon = 15 * time.Second

func eventually(t testing.TB, status int, get func() harness.Answer, why string) harness.Answer {
	t.Helper()
	var a harness.Answer
	require.Eventually(t, func() bool { a = get(); return a.Status == status }, soon, 50*time.Millisecond, why)
	return a
}

func TestKeyRotation(t *testing.T) {
	for name, keepOld := range map[string]bool{"the old key stays": true, "the old key is gone": false} {
		t.Run(name, func(t *testing.T) {
			idp := startIDP(t)
			g := startPets(t, tokenIssuer(idp))
			old := bearer(accessToken(t, idp, "app"))
			require.Equal(t, 200, g.Get("/v1/pets", old).Status)
			require.NoError(t, idp.RotateKeys(keepOld))
			require.Equal(t, 200, g.Get("/v1/pets", old).Status, "nobody has told us yet")
			young := bearer(accessToken(t, idp, "app"))
			for range 3 {
				require.Equal(t, 200, g.Get("/v1/pets", young).Status, "an unknown key is fetched at once")
			}
			require.Equal(t, 2, idp.Count(authserver.Keys))
			want := 401
			if keepOld {
				want = 200
			}
			require.Equal(t, want, g.Get("/v1/pets", old).Status, "though its signature was verified before")
		})
	}
}

// TestUnknownKeysAreNotAskedForAgainAndAgain sends tokens of a hundred keys that
// do not exist.
func TestUnknownKeysAreNotAskedForAgainAndAgain(t *testing.T) {
	idp := startIDP(t)
	g := startPets(t, tokenIssuer(idp))
	token := accessToken(t, idp, "app")
	require.Equal(t, 200, g.Get("/v1/pets", bearer(token)).Status)
	for i := range 100 {
		forged := forge(t, token, func(header, _ map[string]any) { header["kid"] = strings.Repeat("k", i+1) }, nil)
		require.Equal(t, 401, g.Get("/v1/pets", bearer(forged)).Status)
	}
	require.Equal(t, 2, idp.Count(authserver.Keys))
	require.Equal(t, 200, g.Get("/v1/pets", bearer(token)).Status)
}

func TestAnOutageIsBridgedUntilKeysAreTooOld(t *testing.T) {
	idp := startIDP(t)
	g := startPets(t, tokenIssuer(idp, "max_stale 3s"))
	token := bearer(accessToken(t, idp, "app"))
	get := func() harness.Answer { return g.Get("/v1/pets", token) }
	require.Equal(t, 200, get().Status)
	idp.Outage(true)
	began := time.Now()
	for time.Since(began) < time.Second {
		require.Equal(t, 200, get().Status, "the keys are known")
	}
	a := eventually(t, 503, get, "after max_stale")
	require.InDelta(t, 3, time.Since(began).Seconds(), 2)
	require.Equal(t, "5", a.Header.Get("Retry-After"))
	require.Contains(t, a.Body, `{"fault":{"code":900900,`)
	require.Empty(t, a.Header.Values("Www-Authenticate"), "there is nothing wrong with the token")
	require.Equal(t, 200, g.Get("/v1/either", "X-Api-Key: "+key(t, g, alice)).Status, "keys go on")
	require.Equal(t, 200, g.Get("/v1/optional").Status)
	require.Equal(t, 401, g.Get("/v1/pets", bearer("a.b.c")).Status)
	require.Contains(t, g.Log(), "the keys of a token issuer can't be fetched; those fetched before are used until they are too old")
	idp.Outage(false)
	eventually(t, 200, get, "it recovers by itself")
}

func TestAColdStartDuringAnOutageRecovers(t *testing.T) {
	idp := startIDP(t)
	token := bearer(accessToken(t, idp, "app"))
	idp.Outage(true)
	g := startPets(t, tokenIssuer(idp))
	get := func() harness.Answer { return g.Get("/v1/pets", token) }
	a := get()
	require.Equal(t, 503, a.Status)
	require.Equal(t, "5", a.Header.Get("Retry-After"))
	require.Equal(t, 200, g.Get("/v1/either", "X-Api-Key: "+key(t, g, alice)).Status)
	idp.Outage(false)
	eventually(t, 200, get, "it recovers by itself")
}

// TestAnIssuerThatNeverAnswersHoldsUpNobodyElse: whoever wants its keys is
// answered after 5 s at the latest.
func TestAnIssuerThatNeverAnswersHoldsUpNobodyElse(t *testing.T) {
	idp, other := startIDP(t), startIDP(t)
	token, fine := bearer(accessToken(t, idp, "app")), bearer(accessToken(t, other, "app"))
	defer idp.Hold()()
	g := startPets(t, tokenIssuer(idp), tokenIssuer(other))
	began := time.Now()
	var wg sync.WaitGroup
	wg.Go(func() {
		a, err := harness.Send(harness.Client(true), http.MethodGet, "https://localhost:"+g.HTTPS+"/v1/pets", "", token)
		if err != nil || a.Status != 503 {
			t.Error(a.Status, err)
		}
	})
	for range 50 {
		require.Equal(t, 200, g.Get("/v1/pets", fine).Status)
	}
	require.Less(t, time.Since(began), 4*time.Second)
	wg.Wait()
	require.Less(t, time.Since(began), 10*time.Second)
}

// TestARestartDuringAnOutageUsesTheLastKnownKeys stops everything and starts on
// the same storage.
func TestARestartDuringAnOutageUsesTheLastKnownKeys(t *testing.T) {
	idp := startIDP(t)
	caddyfile := trusting(tokenIssuer(idp))
	g := harness.Start(t, caddyfile, petsFile())
	token := bearer(accessToken(t, idp, "app"))
	require.Equal(t, 200, g.Get("/v1/pets", token).Status)
	stored := filepath.Join(g.Dir, "data", "mgw", "jwks", "*.json")
	require.Eventually(t, func() bool { files, _ := filepath.Glob(stored); return len(files) == 1 }, soon, 10*time.Millisecond)
	stop := func() {
		require.NoError(t, caddy.Stop())
		// When Caddy finds its certificates at a start, it races with itself:
		// TLS.CaddyModule copies what TLS.Start writes.
		require.NoError(t, os.RemoveAll(filepath.Join(g.Dir, "data", "certificates")))
	}
	stop()
	idp.Outage(true)
	require.NoError(t, g.Load(caddyfile))
	require.Equal(t, 200, g.Get("/v1/pets", token).Status)
	stop()

	files, err := filepath.Glob(stored)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(files[0], []byte("{broken"), 0o600))
	require.NoError(t, g.Load(caddyfile))
	require.Equal(t, 503, g.Get("/v1/pets", token).Status)
	require.Contains(t, g.Log(), "the keys of a token issuer can't be kept in the storage")
	idp.Outage(false)
	eventually(t, 200, func() harness.Answer { return g.Get("/v1/pets", token) }, "a broken file does no harm")
}

// crowd sends a thousand requests at once, while the issuer lets everybody wait
// for a moment, and returns how many were answered with 200.
func crowd(t *testing.T, g *harness.Gateway, release func(), header string) int64 {
	t.Helper()
	base := "https://localhost:" + g.HTTPS + "/v1"
	var clients [10]*http.Client // each with one connection, that has room for its requests
	for i := range clients {
		clients[i] = harness.Client(true)
		require.Equal(t, 200, g.DoWith(clients[i], http.MethodGet, base+"/public", "").Status)
	}
	var good atomic.Int64
	var wg sync.WaitGroup
	time.AfterFunc(200*time.Millisecond, release)
	for i := range 1000 {
		wg.Go(func() {
			a, err := harness.Send(clients[i%len(clients)], http.MethodGet, base+"/pets", "", header)
			if err == nil && a.Status == 200 {
				good.Add(1)
			}
		})
	}
	wg.Wait()
	return good.Load()
}

func TestAThousandFirstRequestsMakeOneFetch(t *testing.T) {
	idp := startIDP(t)
	token := bearer(accessToken(t, idp, "app"))
	g := startPets(t) // what makes certificates has time
	release := idp.Hold()
	defer release()
	require.NoError(t, g.Load(trusting(tokenIssuer(idp))))
	require.EqualValues(t, 1000, crowd(t, g, release, token))
	require.Equal(t, [3]int{1, 0, 1}, asked(idp))
}

func TestValidateAsksNobody(t *testing.T) {
	idp := startIDP(t)
	g := harness.New(t, petsFile())
	require.NoError(t, g.Validate(trusting(tokenIssuer(idp, "introspect "+idp.Issuer+authserver.Introspection+" gateway {env.PATH}"))))
	time.Sleep(200 * time.Millisecond)
	require.Zero(t, idp.Total())
	_, err := os.Stat(filepath.Join(g.Dir, "data", "mgw"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestReloadsKeepTheKeys(t *testing.T) {
	idp := startIDP(t)
	caddyfile := trusting(tokenIssuer(idp))
	g := harness.Start(t, caddyfile, petsFile())
	token := bearer(accessToken(t, idp, "app"))
	require.Equal(t, 200, g.Get("/v1/pets", token).Status)
	idp.Outage(true)
	for range 5 {
		require.NoError(t, g.Load(caddyfile))
		require.Equal(t, 200, g.Get("/v1/pets", token).Status)
	}
	require.Error(t, g.Load(strings.Replace(caddyfile, "subject", "subjekt", 1)))
	require.Equal(t, 200, g.Get("/v1/pets", token).Status)
	require.Equal(t, [3]int{1, 0, 1}, asked(idp), "nothing was fetched again")

	idp.Outage(false)
	require.NoError(t, g.Load(trusting(tokenIssuer(idp, "jwks_url "+idp.Issuer+authserver.Keys))))
	require.Equal(t, 200, g.Get("/v1/pets", token).Status)
	require.Equal(t, [3]int{1, 0, 2}, asked(idp), "another URL is another source")
	require.NoError(t, g.Load(trusting()))
	require.Equal(t, 401, g.Get("/v1/pets", token).Status, "who is not trusted any more")
}

// TestReloadsLeakNothing reloads two hundred times, with keys that are fetched
// every second: in the end nobody runs, and nobody fetches.
func TestReloadsLeakNothing(t *testing.T) {
	idp := startIDP(t)
	caddyfile := trusting(tokenIssuer(idp, "max_stale 2s", "introspect "+idp.Issuer+authserver.Introspection+" gateway {env.MGW_TEST_SECRET}"))
	t.Setenv("MGW_TEST_SECRET", introspectionSecret)
	g := harness.Start(t, caddyfile, petsFile())
	opaque := bearer(accessToken(t, idp, "opaque"))
	reload := func(n, enough int) int {
		for range n {
			require.NoError(t, g.Load(caddyfile))
			require.Equal(t, 403, g.Do(http.MethodPost, "/v1/pets", "", opaque).Status) // reverse_proxy keeps connections of its own
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		least := runtime.NumGoroutine()
		for try := 0; try < 20 || enough > 0 && least > enough && try < 600; try++ { // old servers take a moment to end
			time.Sleep(100 * time.Millisecond)
			least = min(least, runtime.NumGoroutine())
		}
		return least
	}
	before := reload(20, 0)
	after := reload(200, before+10)
	require.LessOrEqual(t, after, before+10, "goroutines")
	t.Logf("goroutines: %d after 20 reloads, %d after 220", before, after)
	require.NoError(t, caddy.Stop())
	fetched := idp.Count(authserver.Keys)
	require.Greater(t, fetched, 1)
	time.Sleep(2500 * time.Millisecond)
	require.Equal(t, fetched, idp.Count(authserver.Keys), "the last configuration has let go of its keys")
}
