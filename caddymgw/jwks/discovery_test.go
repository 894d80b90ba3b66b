package jwks

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWellKnown(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string][2]string{
		"https://idp.test":                {"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"},
		"https://idp.test/":               {"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"},
		"https://idp.test:8443/realms/a":  {"/realms/a/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/realms/a"},
		"https://idp.test:8443/realms/a/": {"/realms/a/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/realms/a"},
		"https://idp.test/a%2Fb/%20c":     {"/a%2Fb/%20c/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/a%2Fb/%20c"},
	} {
		u, err := parseIssuer(issuer)
		require.NoError(t, err)
		base := "https://" + u.Host
		list := wellKnown(u)
		require.Equal(t, []string{base + want[0], base + want[1]}, []string{list[0].String(), list[1].String()})
	}
}

// provider answers for the metadata at one path, and for the keys at /keys.
func provider(t *testing.T, path string, metadata func(base string) members) *answering {
	t.Helper()
	set := ec("a")
	a := serve(t, status(http.StatusNotFound))
	a.with(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case path:
			_, _ = w.Write([]byte(marshal(metadata(a.URL))))
		case "/keys":
			_, _ = w.Write(set)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	return a
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ issuer, path string }{
		"OpenID Connect":           {"", "/.well-known/openid-configuration"},
		"OpenID Connect of a path": {"/realms/a", "/realms/a/.well-known/openid-configuration"},
		"a slash at the end":       {"/realms/a/", "/realms/a/.well-known/openid-configuration"},
		"RFC 8414":                 {"", "/.well-known/oauth-authorization-server"},
		"RFC 8414 of a path":       {"/realms/a", "/.well-known/oauth-authorization-server/realms/a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := provider(t, tc.path, func(base string) members {
				return members{
					"issuer": base + tc.issuer, "jwks_uri": base + "/keys", "scopes_supported": []string{"openid"},
					"introspection_endpoint": base + "/introspect", "authorization_endpoint": base + "/authorize",
				}
			})
			r := opened(t, Config{Issuer: p.URL + tc.issuer})
			_, known := r.Metadata()
			keys, err := r.Find(t.Context(), "a", "ES256")
			require.NoError(t, err)
			require.Len(t, keys, 1)
			require.False(t, known)
			m, known := r.Metadata()
			require.True(t, known)
			require.Equal(t, Metadata{p.URL + tc.issuer, p.URL + "/keys", p.URL + "/introspect", p.URL + "/authorize"}, m)
		})
	}
}

func TestMetadataThatIsRefused(t *testing.T) {
	t.Parallel()
	evil := serve(t, body(ec("evil")))
	for name, tc := range map[string]struct {
		change []any
		reason string
	}{
		"another issuer":          {[]any{"issuer", "https://evil.test"}, `"issuer" is another one`},
		"a slash more":            {[]any{"issuer", "+/"}, `"issuer" is another one`},
		"no issuer":               {[]any{"issuer", nil}, `"issuer" is another one`},
		"issuer is a list":        {[]any{"issuer", []string{"+"}}, `"issuer" is another one`},
		"no jwks_uri":             {[]any{"jwks_uri", nil}, "jwks_uri: the URL must begin with https"},
		"jwks_uri is a list":      {[]any{"jwks_uri", []string{evil.URL}}, "jwks_uri: the URL must begin with https"},
		"jwks_uri is relative":    {[]any{"jwks_uri", "/keys"}, "jwks_uri: the URL must begin with https"},
		"jwks_uri is a file":      {[]any{"jwks_uri", "file:///etc/passwd"}, "jwks_uri: the URL must begin with https"},
		"jwks_uri is plain":       {[]any{"jwks_uri", "http://169.254.169.254/"}, "jwks_uri: http is for loopback"},
		"jwks_uri with user":      {[]any{"jwks_uri", "https://u:hunter2@idp.test/"}, "jwks_uri: the URL must not hold a user"},
		"jwks_uri with no answer": {[]any{"jwks_uri", "+/nothing"}, "/nothing: it answered 404"},
		"jwks_uri with no keys":   {[]any{"jwks_uri", "+/.well-known/openid-configuration"}, `it has no list "keys"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := provider(t, "/.well-known/openid-configuration", func(base string) members {
				change := append([]any(nil), tc.change...)
				if s, ok := change[1].(string); ok && strings.HasPrefix(s, "+") {
					change[1] = base + s[1:]
				}
				return members{"issuer": base, "jwks_uri": base + "/keys"}.with(change...)
			})
			d := &diary{}
			r := opened(t, Config{Issuer: p.URL, Observer: d})
			_, err := r.Find(t.Context(), "a", "ES256")
			require.ErrorIs(t, err, ErrUnavailable)
			eventually(t, func() bool { return len(d.failures()) > 0 }, "it is reported")
			require.ErrorContains(t, d.failures()[0], tc.reason)
			hides(t, d.failures()[0].Error(), "hunter2")
		})
	}
	require.Zero(t, evil.requests.Load())
}

func TestMetadataIsAsStrictAsKeys(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"HTML": "<html>", "a list": "[]", "an issuer twice": `{"issuer":"ISSUER","issuer":"ISSUER","jwks_uri":"ISSUER/keys"}`, "something behind": `{"issuer":"ISSUER","jwks_uri":"ISSUER/keys"}{}`,
		"another case": `{"Issuer":"ISSUER","jwks_uri":"ISSUER/keys"}`, "too long": `{"issuer":"ISSUER","jwks_uri":"ISSUER/keys"}` + strings.Repeat(" ", MaxSize),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, status(http.StatusNotFound))
			a.with(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(strings.ReplaceAll(content, "ISSUER", a.URL)))
			})
			_, err := newClient(nil).fetch(t.Context(), a.URL, "")
			require.Error(t, err)
		})
	}
}

// The issuer of a network must not send us to the services of this machine.
func TestHTTPSIsNeverLeftForHTTP(t *testing.T) {
	t.Parallel()
	local := serve(t, body(ec("a")))
	for _, scheme := range []string{"https", "HTTPS"} {
		m := Metadata{Issuer: scheme + "://idp.test", JWKSURI: local.URL}
		require.ErrorContains(t, m.check(m.Issuer), "jwks_uri: it is http, and the issuer itself https")
	}
	idp := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(marshal(members{"issuer": "https://" + r.Host, "jwks_uri": local.URL})))
	}))
	t.Cleanup(idp.Close)
	_, err := newClient(idp.Client().Transport).fetch(t.Context(), idp.URL, "")
	require.ErrorContains(t, err, "the issuer itself https")
	require.Zero(t, local.requests.Load())
}

func TestEndpointsThatMustNotBeUsedAreLeftOut(t *testing.T) {
	t.Parallel()
	m := Metadata{"https://idp.test", "https://keys.test/", "http://127.0.0.1/introspect", "javascript:alert(1)"}
	require.NoError(t, m.check("https://idp.test"))
	require.Equal(t, Metadata{Issuer: "https://idp.test", JWKSURI: "https://keys.test/"}, m)
}

func TestBothPlacesAreNamedWhereDiscoveryFails(t *testing.T) {
	t.Parallel()
	a := serve(t, status(http.StatusTeapot))
	_, err := newClient(nil).fetch(t.Context(), a.URL+"/r", "")
	require.EqualError(t, err, "discovery: "+a.URL+"/r/.well-known/openid-configuration: it answered 418; "+a.URL+"/.well-known/oauth-authorization-server/r: it answered 418")
	require.EqualValues(t, 2, a.requests.Load())
}

func TestAPlaceHidesTheQuery(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("https://idp.test/a%2Fb?key=hunter2")
	require.NoError(t, err)
	require.Equal(t, "https://idp.test/a%2Fb", place(u))
}
