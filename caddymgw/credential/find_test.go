package credential

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func request(t *testing.T, target string, header http.Header) *http.Request {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	return &http.Request{Method: http.MethodGet, URL: u, Header: header}
}

func TestFind(t *testing.T) {
	t.Parallel()
	auth := Place{Header, "Authorization"}
	key := Place{Header, "X-Api-Key"}
	query := Place{Query, "apikey"}
	cookie := Place{Cookie, "k"}
	for name, tc := range map[string]struct {
		place  Place
		words  bool
		target string
		header http.Header
		n      int
		scheme string
		value  string
	}{
		"nothing":                    {place: key, target: "/"},
		"header":                     {place: key, target: "/", header: http.Header{"X-Api-Key": {" K "}}, n: 1, value: "K"},
		"empty header is missing":    {place: key, target: "/", header: http.Header{"X-Api-Key": {" "}}},
		"repeated header counts two": {place: key, target: "/", header: http.Header{"X-Api-Key": {"K", "K"}}, n: 2, value: "K"},
		"bearer":                     {place: auth, target: "/", header: http.Header{"Authorization": {"BEARER  T"}}, n: 1, scheme: "bearer", value: "T"},
		"bearer alone is missing":    {place: auth, target: "/", header: http.Header{"Authorization": {"Bearer "}}},
		"two tokens are one value":   {place: auth, target: "/", header: http.Header{"Authorization": {"Bearer T T2"}}, n: 1, scheme: "bearer", value: "T T2"},
		"a tab is no separator":      {place: auth, target: "/", header: http.Header{"Authorization": {"Bearer\tT"}}, n: 1, value: "Bearer\tT"},
		"bare authorization":         {place: auth, target: "/", header: http.Header{"Authorization": {"K"}}, n: 1, value: "K"},
		"words in another header":    {place: key, words: true, target: "/", header: http.Header{"X-Api-Key": {"Bearer T"}}, n: 1, scheme: "bearer", value: "T"},
		"no words asked":             {place: key, target: "/", header: http.Header{"X-Api-Key": {"Bearer T"}}, n: 1, value: "Bearer T"},
		"query":                      {place: query, target: "/?a=1&%61pikey=K%2B", n: 1, value: "K+"},
		"query name is exact":        {place: query, target: "/?APIKEY=K&apikey[]=K"},
		"query without value":        {place: query, target: "/?apikey"},
		"repeated query":             {place: query, target: "/?apikey=a&apikey=", n: 2, value: "a"},
		"cookie":                     {place: cookie, target: "/", header: http.Header{"Cookie": {"a=1; k=K"}}, n: 1, value: "K"},
		"a cookie name in spaces":    {place: cookie, target: "/", header: http.Header{"Cookie": {"a=1; k\t=K"}}, n: 1, value: "K"},
		"repeated, once in spaces":   {place: cookie, target: "/", header: http.Header{"Cookie": {"k =L; k=K"}}, n: 2, value: "L"},
		"repeated cookie":            {place: cookie, target: "/", header: http.Header{"Cookie": {"k=K", "k=L"}}, n: 2, value: "K"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request(t, tc.target, tc.header)
			q, err := ParseQuery(r.URL.RawQuery)
			require.NoError(t, err)
			c, n := Find(r, q, tc.place, tc.words)
			require.Equal(t, tc.n, n)
			require.Equal(t, tc.value, c.Value.Reveal())
			require.Equal(t, tc.scheme, c.AuthScheme)
		})
	}
}

func TestParseQueryRefusesWhatCannotBeReadCompletely(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"bad escape":          "a=1&apikey=good&%zz",
		"cut escape":          "a=%2",
		"semicolon":           "x=1;apikey=k",
		"fragment":            "a=1#b",
		"control":             "a=\x00",
		"too many parameters": strings.Repeat("a&", MaxParameters),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseQuery(raw)
			require.ErrorIs(t, err, ErrQuery)
		})
	}
	_, err := ParseQuery("a=1&b=%2B&c=" + strings.Repeat("&a", MaxParameters-3))
	require.NoError(t, err)
}

func TestStripLeavesTheRestAsItWas(t *testing.T) {
	t.Parallel()
	r := request(t, "/?b=%2f&apikey=K&a=+&%61pikey=L", http.Header{
		"X-Api-Key": {"K"}, "X_api_key": {"K"}, "X-Api-Keys": {"stays"},
		"Cookie": {"a=1; k=K; b=2", "k =L"},
	})
	for _, p := range []Place{{Header, "X-Api-Key"}, {Query, "apikey"}, {Cookie, "k"}} {
		Strip(r, p)
	}
	require.Equal(t, "b=%2f&a=+", r.URL.RawQuery)
	require.Equal(t, http.Header{"X-Api-Keys": {"stays"}, "Cookie": {"a=1; b=2"}}, r.Header)
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	s := Secret("hunter2")
	b, err := s.MarshalText()
	require.NoError(t, err)
	for _, out := range []string{s.String(), s.GoString(), string(b)} {
		require.Equal(t, "REDACTED", out)
	}
}
