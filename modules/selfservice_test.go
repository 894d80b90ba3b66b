package modules_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
	"github.com/caddymgw/gateway/modules/mgw"
)

// held is a key as its owner gets it.
type held struct {
	APIKey string `json:"apikey"`
	ID     string `json:"id"`
}

func (k held) header() string { return "X-Api-Key: " + k.APIKey }

const (
	asJSON  = "Accept: application/json"
	ofJSON  = "Content-Type: application/json"
	keysOf  = "/apikey/keys"
	petPath = "/shop/v1/pets/1"
)

func issue(t testing.TB, g *harness.Gateway, user, body string) (k held) {
	t.Helper()
	return read[held](t, g.Do("POST", "/apikey", body, user, asJSON, ofJSON), 200)
}

func read[T any](t testing.TB, a harness.Answer, status int) (v T) {
	t.Helper()
	require.Equal(t, status, a.Status, a.Body)
	require.NoError(t, json.Unmarshal([]byte(a.Body), &v), a.Body)
	return v
}

func TestUsersSeeTheirOwnKeys(t *testing.T) {
	g := startShop(t)
	mine := issue(t, g, alice, `{"name":"ci","validityTime":600,"operations":["getPet"]}`)
	issue(t, g, bob, "{}")
	require.Equal(t, 200, g.Get(petPath, mine.header()).Status)

	page := read[mgw.Page](t, g.Get(keysOf, alice), 200)
	require.Len(t, page.Keys, 1)
	require.Empty(t, page.Next)
	k := page.Keys[0]
	require.Equal(t, mine.ID, k.ID)
	require.Equal(t, "alice", k.Subject)
	require.Equal(t, "ci", k.Name)
	require.EqualValues(t, "active", k.State)
	require.Equal(t, []string{"getPet"}, k.Operations)
	require.NotNil(t, k.LastUsedAt, "known before it is recorded")
	require.InDelta(t, k.IssuedAt.Unix()+600, k.ExpiresAt.Unix(), 0)
	shown := g.Get(keysOf+"/"+mine.ID, alice)
	require.Equal(t, k, read[mgw.Key](t, shown, 200))
	require.Equal(t, "no-store", shown.Header.Get("Cache-Control"))
	for i, part := range strings.Split(mine.APIKey, ".") {
		require.NotContains(t, shown.Body, part, "part %d", i)
	}
}

func TestKeysAreListedByPage(t *testing.T) {
	g := startShop(t)
	ids := map[string]bool{}
	for range 7 {
		ids[issue(t, g, alice, "{}").ID] = true
	}
	issue(t, g, bob, "{}")
	var pages int
	for after := ""; ; pages++ {
		page := read[mgw.Page](t, g.Get(keysOf+"?limit=3&after="+after, alice), 200)
		for _, k := range page.Keys {
			require.True(t, ids[k.ID])
			delete(ids, k.ID)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	require.Empty(t, ids)
	require.Equal(t, 2, pages)
	require.Empty(t, read[mgw.Page](t, g.Get(keysOf+"?unused_for=1h", alice), 200).Keys)
}

func TestSelfServiceAnswers(t *testing.T) {
	g := startShop(t)
	mine, other := issue(t, g, alice, "{}"), issue(t, g, bob, "{}")
	for name, tc := range map[string]struct {
		method, target string
		headers        []string
		status, code   int
		allow          string
	}{
		"nobody lists":               {"GET", keysOf, nil, 401, 900902, ""},
		"nobody revokes":             {"DELETE", keysOf + "/" + mine.ID, nil, 401, 900902, ""},
		"a wrong password":           {"DELETE", keysOf + "/" + mine.ID, []string{login("alice", "no")}, 401, 900911, ""},
		"another's is shown":         {"GET", keysOf + "/" + other.ID, []string{alice}, 404, 404, ""},
		"another's is revoked":       {"DELETE", keysOf + "/" + other.ID, []string{alice}, 404, 404, ""},
		"another's is rotated":       {"POST", keysOf + "/" + other.ID + "/rotate", []string{alice}, 404, 404, ""},
		"nobody's":                   {"GET", keysOf + "/none", []string{alice}, 404, 404, ""},
		"revoking by GET":            {"GET", keysOf + "/" + mine.ID + "/revoke", []string{alice}, 404, 404, ""},
		"rotating by GET":            {"GET", keysOf + "/" + mine.ID + "/rotate", []string{alice}, 405, 405, "POST"},
		"by PUT":                     {"PUT", keysOf + "/" + mine.ID, []string{alice}, 405, 405, "DELETE, GET"},
		"a list by POST":             {"POST", keysOf, []string{alice}, 405, 405, "GET"},
		"a token in the query":       {"DELETE", keysOf + "/" + mine.ID + "?token=x", []string{alice}, 400, 400, ""},
		"an unknown parameter":       {"GET", keysOf + "?subject=bob", []string{alice}, 400, 400, ""},
		"a limit that is none":       {"GET", keysOf + "?limit=0", []string{alice}, 400, 400, ""},
		"a limit too far":            {"GET", keysOf + "?limit=1001", []string{alice}, 400, 400, ""},
		"a parameter twice":          {"GET", keysOf + "?limit=1&limit=2", []string{alice}, 400, 400, ""},
		"a span that is none":        {"GET", keysOf + "?unused_for=soon", []string{alice}, 400, 400, ""},
		"a query that can't be read": {"GET", keysOf + "?%zz", []string{alice}, 400, 400, ""},
		"another site asks":          {"DELETE", keysOf + "/" + mine.ID, []string{alice, "Sec-Fetch-Site: cross-site"}, 403, 403, ""},
		"a foreign origin":           {"POST", keysOf + "/" + mine.ID + "/rotate", []string{alice, "Origin: https://evil.test"}, 403, 403, ""},
		"no id":                      {"GET", keysOf + "/", []string{alice}, 404, 404, ""},
		"further below":              {"GET", keysOf + "/" + mine.ID + "/rotate/x", []string{alice}, 404, 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := g.Do(tc.method, tc.target, "", tc.headers...)
			require.Equal(t, tc.status, a.Status, a.Body)
			require.Equal(t, tc.allow, a.Header.Get("Allow"))
			require.Contains(t, a.Body, `"code":`+strconv.Itoa(tc.code))
			require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
		})
	}
	require.Equal(t, 404, g.DoWith(harness.Client(false), "GET", "http://localhost:"+g.HTTP+keysOf, "", alice).Status, "without TLS")
	require.Equal(t, 200, g.Get(petPath, mine.header()).Status, "nothing was revoked")
	require.Equal(t, 200, g.Get("/shop/v1/pets", other.header()).Status)
}

func TestARevokedKeyIsRefusedAtOnce(t *testing.T) {
	g := startShop(t)
	k := issue(t, g, alice, "{}")
	require.Equal(t, 200, g.Get(petPath, k.header()).Status)
	require.Equal(t, 204, g.Do("DELETE", keysOf+"/"+k.ID, "", alice).Status)
	a := g.Get(petPath, k.header())
	require.Equal(t, 401, a.Status)
	require.Contains(t, a.Body, "900901")
	require.Equal(t, 204, g.Do("DELETE", keysOf+"/"+k.ID, "", alice).Status, "idempotent")
	shown := read[mgw.Key](t, g.Get(keysOf+"/"+k.ID, alice), 200)
	require.EqualValues(t, "revoked", shown.State)
	require.Equal(t, "revoked by its owner", shown.RevokedFor)
	require.NotNil(t, shown.RevokedAt)

	t.Run("and after a reload", func(t *testing.T) {
		require.NoError(t, g.Load(shopCaddyfile+"\n# changed\n"))
		require.Equal(t, 401, g.Get(petPath, k.header()).Status)
	})
	t.Run("and after a stop", func(t *testing.T) {
		g.Stop()
		require.NoError(t, g.Load(shopCaddyfile))
		require.Equal(t, 401, g.Get(petPath, k.header()).Status)
		require.EqualValues(t, "revoked", read[mgw.Key](t, g.Get(keysOf+"/"+k.ID, alice), 200).State)
	})
	t.Run("in every spelling", func(t *testing.T) {
		for _, text := range []string{k.APIKey + "=", k.APIKey[:len(k.APIKey)-1] + "B", k.APIKey + "\t"} {
			require.Equal(t, 401, g.Get(petPath, "X-Api-Key: "+text).Status)
		}
	})
}

func TestARotatedKeyWorksForItsOverlap(t *testing.T) {
	g := startShop(t)
	old := issue(t, g, bob, `{"name":"ci","scopes":["clerk"],"operations":["getPet"]}`)
	next := read[held](t, g.Do("POST", keysOf+"/"+old.ID+"/rotate", "", bob, asJSON), 200)
	c := claims(t, next.APIKey)
	require.Equal(t, "clerk", c["scope"])
	require.Equal(t, []any{"getPet"}, c["operations"])

	a := g.Get(petPath, next.header())
	require.Equal(t, 200, a.Status)
	require.Empty(t, a.Header.Get("Sunset"))
	a = g.Get(petPath, old.header())
	require.Equal(t, 200, a.Status)
	require.Regexp(t, `^@\d{10}$`, a.Header.Get("Deprecation"))
	sunset, err := http.ParseTime(a.Header.Get("Sunset"))
	require.NoError(t, err)
	require.InDelta(t, time.Now().Add(24*time.Hour).Unix(), sunset.Unix(), 10)

	shown := read[mgw.Key](t, g.Get(keysOf+"/"+old.ID, bob), 200)
	require.EqualValues(t, "retiring", shown.State)
	require.Equal(t, next.ID, shown.ReplacedBy)
	require.Equal(t, 409, g.Do("POST", keysOf+"/"+old.ID+"/rotate", "", bob).Status)
	require.Equal(t, 204, g.Do("DELETE", keysOf+"/"+old.ID, "", bob).Status, "sooner")
	require.Equal(t, 401, g.Get(petPath, old.header()).Status)
	require.Equal(t, 200, g.Get(petPath, next.header()).Status)
	require.Equal(t, 409, g.Do("POST", keysOf+"/"+old.ID+"/rotate", "", bob).Status)

	last := read[held](t, g.Do("POST", keysOf+"/"+next.ID+"/rotate", `{"overlap":0}`, bob, asJSON, ofJSON), 200)
	require.Equal(t, 401, g.Get(petPath, next.header()).Status)
	require.Equal(t, 200, g.Get(petPath, last.header()).Status)
	require.Equal(t, 400, g.Do("POST", keysOf+"/"+last.ID+"/rotate", `{"overlap":-1}`, bob, ofJSON).Status)
}

func TestARotationGivesNoMoreThanTheUserHasNow(t *testing.T) {
	g := startShop(t)
	old := issue(t, g, bob, "{}")
	require.Equal(t, "chief clerk", claims(t, old.APIKey)["scope"])
	require.NoError(t, g.Load(strings.Replace(shopCaddyfile, "scopes chief clerk", "scopes clerk", 1)))
	next := read[held](t, g.Do("POST", keysOf+"/"+old.ID+"/rotate", "", bob, asJSON), 200)
	require.Equal(t, "clerk", claims(t, next.APIKey)["scope"])
	require.NoError(t, g.Load(strings.Replace(shopCaddyfile, "apis Shop 1.0.0", "apis Bank", 1)))
	require.Equal(t, 400, g.Do("POST", keysOf+"/"+next.ID+"/rotate", "", bob).Status)
	require.Equal(t, 401, g.Get(petPath, "X-Api-Key: "+key(t, g, bob)).Status, "a key for the other API")
}

func TestOfAHundredRotationsOneSucceeds(t *testing.T) {
	g := startShop(t)
	old := issue(t, g, alice, "{}")
	var won, lost atomic.Int64
	var wg sync.WaitGroup
	client := harness.Client(false)
	for range 100 {
		wg.Go(func() {
			a, err := harness.Send(client, "POST", "https://localhost:"+g.HTTPS+keysOf+"/"+old.ID+"/rotate", "", alice)
			switch {
			case err == nil && a.Status == 200:
				won.Add(1)
			case err == nil && a.Status == 409:
				lost.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load())
	require.EqualValues(t, 99, lost.Load())
	require.Len(t, read[mgw.Page](t, g.Get(keysOf, alice), 200).Keys, 2)
}

func TestWhatNoDocumentKnowsIsNotIssuedFor(t *testing.T) {
	g := startShop(t)
	for body, want := range map[string]string{
		`{"operations":["getPets"]}`:                                   "operations[0]: no operation has this operationId; the nearest are getPet",
		`{"apis":[{"name":"Shopp"}]}`:                                  "apis[0]: no API of this name is served here; the nearest are Shop",
		`{"apis":[{"name":"Shop","version":"1.0.1"}]}`:                 "apis[0]: this API is not served in this version; the nearest are 1.0.0",
		`{"operations":["getPet","` + strings.Repeat("x", 150) + `"]}`: "operations[1]: no operation has this operationId",
	} {
		a := g.Do("POST", "/apikey", body, alice, ofJSON)
		require.Equal(t, 400, a.Status, body)
		require.Contains(t, a.Body, want)
	}
}

// TestGuessesAreSlowed counts only wrong passwords of one network.
func TestGuessesAreSlowed(t *testing.T) {
	g := startShop(t)
	var slowed harness.Answer
	for range 20 {
		if slowed = g.Get("/apikey", login("bob", "guess")); slowed.Status == 429 {
			break
		}
		require.Equal(t, 401, slowed.Status)
	}
	require.Equal(t, 429, slowed.Status)
	require.Regexp(t, `^[1-9]\d*$`, slowed.Header.Get("Retry-After"))
	require.Empty(t, slowed.Header.Get("Www-Authenticate"))
	require.Equal(t, 200, g.Get("/apikey", alice).Status, "another user")
}
