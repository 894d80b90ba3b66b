package jwks

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var refused = offline(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") })

func TestStoreKey(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, pair := range [][2]string{{"a", "b"}, {"a", ""}, {"ab", ""}, {"", "ab"}, {"a b", ""}, {"a", "b "}, {"b", "a"}, {"A", "b"}, {"1 a", "b"}} {
		key := storeKey(pair[0], pair[1])
		require.Regexp(t, `^mgw/jwks/[0-9a-f]{32}\.json$`, key)
		require.False(t, seen[key], pair)
		seen[key] = true
	}
	require.Equal(t, "mgw/jwks/c4a94364d470a8bd3c5689078daf9743.json", storeKey("https://idp.test", ""), "it is the same in every release")
}

func TestTheLastKnownKeysOutliveARestart(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"a URL": "https://idp.test/keys", "discovery": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				published := setOf(jwkOf("a", &rsaPrivate().PublicKey).with("alg", "RS256"), jwkOf("b", ecPrivate().Public()),
					jwkOf("leaked", newEC(ecPrivate().Curve).Public()).with("d", "aHVudGVyMg"))
				s := &shelf{}
				up := offline(func(r *http.Request) (*http.Response, error) {
					if strings.Contains(r.URL.Path, "well-known") {
						return response(r, []byte(`{"issuer":"https://idp.test","jwks_uri":"https://idp.test/keys","introspection_endpoint":"https://idp.test/i"}`)), nil
					}
					return response(r, published), nil
				})
				first := remote(t, Config{URL: url, Transport: up, Store: s})
				require.NoError(t, first.Open(t.Context()))
				synctest.Wait()
				require.NoError(t, first.Close())
				stored := s.get(first.key)
				hides(t, string(stored), "aHVudGVyMg", "leaked")
				var fields map[string]any
				require.NoError(t, json.Unmarshal(stored, &fields))
				require.Equal(t, time.Now().UTC().Format(time.RFC3339), fields["fetched"])

				time.Sleep(time.Hour)
				d := &diary{}
				second := remote(t, Config{URL: url, Transport: refused, Store: s, Observer: d})
				require.NoError(t, second.Open(t.Context()))
				keys, err := second.Find(t.Context(), "a", "RS256")
				require.NoError(t, err)
				require.Equal(t, first.Set().Find("a", "RS256"), keys)
				age, ok := second.Age()
				require.True(t, ok)
				require.Equal(t, time.Hour, age)
				require.Equal(t, first.Set(), second.Set())
				want, known := first.Metadata()
				got, gotKnown := second.Metadata()
				require.Equal(t, want, got)
				require.Equal(t, known, gotKnown)
				require.Equal(t, url == "", known)

				time.Sleep(23 * time.Hour)
				_, err = second.Find(t.Context(), "a", "RS256")
				require.NoError(t, err, "exactly MaxStale old")
				time.Sleep(time.Second)
				_, err = second.Find(t.Context(), "a", "RS256")
				require.ErrorIs(t, err, ErrUnavailable, "its age is that of the fetch, not of the start")
				require.NoError(t, second.Close())
				require.Empty(t, d.storeFailures())
				require.Equal(t, stored, s.get(first.key))
			})
		})
	}
}

func TestRecordsThatAreNotTrusted(t *testing.T) {
	t.Parallel()
	now := newHand().now()
	good := map[string]any{"issuer": "https://idp.test", "url": "https://idp.test/keys", "fetched": now.Add(-time.Hour), "set": json.RawMessage(ec("a"))}
	for name, tc := range map[string]struct {
		change  members
		content string
		reason  string // "": nothing is reported
		usable  bool
	}{
		"good":                          {usable: true},
		"members of a later version":    {change: members{"etag": "x"}, usable: true},
		"a little ahead":                {change: members{"fetched": now.Add(5 * time.Minute)}, usable: true},
		"as old as may be":              {change: members{"fetched": now.Add(-24 * time.Hour)}, usable: true},
		"too old":                       {change: members{"fetched": now.Add(-24*time.Hour - time.Second)}},
		"without time":                  {change: members{"fetched": nil}},
		"of the future":                 {change: members{"fetched": now.Add(6 * time.Minute)}, reason: "future"},
		"of the far future":             {change: members{"fetched": "9999-12-31T23:59:59Z"}, reason: "future"},
		"a time that is none":           {change: members{"fetched": "yesterday"}, reason: "no record"},
		"of another issuer":             {change: members{"issuer": "https://evil.test"}, reason: "another issuer"},
		"of another URL":                {change: members{"url": "https://evil.test/keys"}, reason: "another issuer or URL"},
		"of discovery":                  {change: members{"url": nil}, reason: "another issuer or URL"},
		"with metadata":                 {change: members{"metadata": members{"issuer": "https://idp.test", "jwks_uri": "https://evil.test/", "introspection_endpoint": "https://evil.test/"}}, reason: "metadata"},
		"without a set":                 {change: members{"set": nil}, reason: "JSON object"},
		"an empty set":                  {change: members{"set": json.RawMessage(`{"keys":[]}`)}, reason: "no usable key"},
		"a set of a secret":             {change: members{"set": json.RawMessage(setOf(jwkOf("s", secret(64))))}, reason: "symmetric"},
		"a set that is nested too deep": {change: members{"set": json.RawMessage(`{"keys":[` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `]}`)}, reason: "nested too deeply"},
		"nothing":                       {content: " ", reason: "no record"},
		"half of it":                    {content: `{"issuer":"https://idp.test","url`, reason: "no record"},
		"a member twice":                {content: `{"issuer":"https://idp.test","issuer":"https://idp.test"}`, reason: "no record"},
		"too long":                      {content: strings.Repeat(" ", 2*MaxSize+1), reason: "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &diary{}
				s := &shelf{}
				clock := newHand()
				r := remote(t, Config{URL: "https://idp.test/keys", Transport: refused, Store: s, Observer: d, Now: clock.now})
				content := []byte(tc.content)
				if tc.content == "" {
					m := members(good)
					for k, v := range tc.change {
						m = m.with(k, v)
					}
					content = []byte(marshal(m))
				}
				require.NoError(t, s.Store(t.Context(), r.key, content))
				require.NoError(t, r.Open(t.Context()), "a store never stops the gateway")
				_, err := r.Find(t.Context(), "a", "ES256")
				if tc.usable {
					require.NoError(t, err)
					age, _ := r.Age()
					require.GreaterOrEqual(t, age, time.Duration(0))
				} else {
					require.ErrorIs(t, err, ErrUnavailable)
				}
				require.NoError(t, r.Close())
				if tc.reason == "" {
					require.Empty(t, d.storeFailures())
				} else {
					require.Len(t, d.storeFailures(), 1)
					require.ErrorContains(t, d.storeFailures()[0], tc.reason)
				}
			})
		})
	}
}

func TestStoredMetadataIsCheckedAsIfItWereFetched(t *testing.T) {
	t.Parallel()
	r := remote(t, Config{Issuer: "https://idp.test"})
	rec := func(m members) []byte {
		return []byte(marshal(members{"issuer": "https://idp.test", "fetched": time.Now(), "set": json.RawMessage(ec("a")), "metadata": m}))
	}
	good := members{"issuer": "https://idp.test", "jwks_uri": "https://idp.test/keys", "introspection_endpoint": "http://127.0.0.1/"}
	h, err := r.read(rec(good))
	require.NoError(t, err)
	require.Equal(t, Metadata{Issuer: "https://idp.test", JWKSURI: "https://idp.test/keys"}, h.metadata)
	for _, bad := range []members{{}, good.with("issuer", "https://evil.test"), good.with("jwks_uri", "http://127.0.0.1/")} {
		_, err := r.read(rec(bad))
		require.Error(t, err)
	}
}

func TestAStoreThatFailsIsOnlyReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		broken := errors.New("disk full")
		r := remote(t, Config{URL: "https://idp.test/keys", Observer: d, Store: &shelf{err: broken}, Transport: serving(ec("a"))})
		require.NoError(t, r.Open(t.Context()))
		keys, err := r.Find(t.Context(), "a", "ES256")
		require.NoError(t, err)
		require.Len(t, keys, 1)
		synctest.Wait()
		require.Len(t, d.storeFailures(), 2, "once for reading, once for writing")
		for _, err := range d.storeFailures() {
			require.ErrorIs(t, err, broken)
		}
		require.Empty(t, d.failures())
		require.NoError(t, r.Close())
	})
}

func TestAnEmptyStoreIsNoFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		r := remote(t, Config{URL: "https://idp.test/keys", Observer: d, Store: &shelf{err: fs.ErrNotExist}, Transport: refused})
		require.NoError(t, r.Open(t.Context()))
		require.NoError(t, r.Close())
		require.Empty(t, d.storeFailures())
	})
}

// stuck is a store that writes nothing until its context ends.
type stuck struct{ shelf }

func (*stuck) Store(ctx context.Context, _ string, _ []byte) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAStoreThatHangsHoldsUpNobodyForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		began := time.Now()
		r := remote(t, Config{URL: "https://idp.test/keys", Observer: d, Store: &stuck{}, Transport: serving(ec("a"))})
		require.NoError(t, r.Open(t.Context()))
		_, err := r.Find(t.Context(), "a", "ES256")
		require.NoError(t, err)
		require.Zero(t, time.Since(began), "the keys are found before they are stored")
		require.NoError(t, r.Close())
		require.Zero(t, time.Since(began), "Close ends the storing")
		require.Empty(t, d.storeFailures(), "which is no failure then")

		r = remote(t, Config{URL: "https://idp.test/keys", Observer: d, Store: &stuck{}, Transport: serving(ec("a"))})
		require.NoError(t, r.Open(t.Context()))
		time.Sleep(timeout + time.Nanosecond)
		synctest.Wait()
		require.Len(t, d.storeFailures(), 1)
		require.NoError(t, r.Close())
	})
}

func serving(content []byte, header ...string) offline {
	return func(r *http.Request) (*http.Response, error) { return response(r, content, header...), nil }
}
