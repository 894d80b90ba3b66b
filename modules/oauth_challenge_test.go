package modules_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

const (
	badToken    = `, error="invalid_token", error_description="The access token is malformed, expired, revoked, or not for this API"`
	fewerRights = `, error="insufficient_scope", error_description="The access token does not give the rights that are asked for"`
)

// TestBearerChallenges holds what a client is told, to the letter (RFC 6750
// section 3, RFC 9728 section 5.1).
func TestBearerChallenges(t *testing.T) {
	idp := startIDP(t)
	g := startPets(t, tokenIssuer(idp))
	read := bearer(accessToken(t, idp, "app", "read:pets"))
	k := "X-Api-Key: " + key(t, g, alice)
	keyed := `ApiKey realm="Pets", in="header", name="X-API-Key"`
	challenge := func(parts string) string {
		return `Bearer realm="Pets"` + parts + `, resource_metadata="https://localhost:` + g.HTTPS + `/.well-known/oauth-protected-resource/v1"`
	}
	for name, tc := range map[string]struct {
		method, target string
		headers        []string
		status         int
		want           []string
	}{
		"nothing":                       {"GET", "/v1/pets", nil, 401, []string{challenge(`, scope="read:pets"`)}},
		"nothing, two scopes":           {"POST", "/v1/pets", nil, 401, []string{challenge(`, scope="read:pets write:pets"`)}},
		"nothing, no scope":             {"GET", "/v1/bearer", nil, 401, []string{challenge("")}},
		"another kind":                  {"GET", "/v1/pets", []string{bob}, 401, []string{challenge(`, scope="read:pets"`)}},
		"a bad token":                   {"GET", "/v1/pets", []string{bearer("x")}, 401, []string{challenge(`, scope="read:pets"` + badToken)}},
		"too few scopes":                {"POST", "/v1/pets", []string{read}, 403, []string{challenge(`, scope="read:pets write:pets"` + fewerRights)}},
		"or: nothing":                   {"GET", "/v1/either", nil, 401, []string{challenge(`, scope="read:pets"`), keyed}},
		"or: a bad token":               {"GET", "/v1/either", []string{bearer("x")}, 401, []string{challenge(`, scope="read:pets"` + badToken), keyed}},
		"or: a bad key":                 {"GET", "/v1/either", []string{"X-Api-Key: a.b.c"}, 401, []string{challenge(`, scope="read:pets"`), keyed}},
		"and: only the key":             {"GET", "/v1/both", []string{k}, 401, []string{challenge(`, scope="read:pets"`), keyed}},
		"and: only the token":           {"GET", "/v1/both", []string{read}, 401, []string{challenge(`, scope="read:pets"`), keyed}},
		"two schemes, one token":        {"GET", "/v1/twice", nil, 401, []string{challenge(`, scope="read:pets write:pets"`)}},
		"two schemes, one of which not": {"GET", "/v1/twice", []string{read}, 403, []string{challenge(`, scope="read:pets write:pets"` + fewerRights)}},
		"no operation":                  {"GET", "/v1/nope", nil, 404, nil},
		"no method":                     {"PUT", "/v1/pets", nil, 405, nil},
	} {
		for protocol, client := range map[string]*http.Client{"h1": harness.Client(false), "h2": harness.Client(true)} {
			t.Run(name+", "+protocol, func(t *testing.T) {
				a := g.DoWith(client, tc.method, "https://localhost:"+g.HTTPS+tc.target, "", tc.headers...)
				require.Equal(t, tc.status, a.Status, a.Body)
				require.Equal(t, tc.want, a.Header.Values("Www-Authenticate"))
			})
		}
	}
}

// TestTheProtectedResourceDescribesItself reads the metadata of RFC 9728.
func TestTheProtectedResourceDescribesItself(t *testing.T) {
	a, b := startIDP(t), startIDP(t)
	const place = "/.well-known/oauth-protected-resource"
	first, second := a.Issuer, b.Issuer
	if first > second {
		first, second = second, first
	}
	document := func(resource string) string {
		return `{"resource":"` + resource + `","resource_name":"Pets","authorization_servers":["` + first + `","` + second + `"],"scopes_supported":["read:pets","write:pets"],"bearer_methods_supported":["header"]}` + "\n"
	}
	g := startPets(t, tokenIssuer(a), tokenIssuer(b))
	for protocol, client := range map[string]*http.Client{"h1": harness.Client(false), "h2": harness.Client(true)} {
		base := "https://localhost:" + g.HTTPS
		answer := g.DoWith(client, "GET", base+place+"/v1", "")
		require.Equal(t, 200, answer.Status, protocol)
		require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
		require.Equal(t, document(base+"/v1"), answer.Body)
		for _, other := range []string{place, place + "/", place + "/v1/", place + "/v2", place + "/v1/pets", place + "v1", "/v1" + place} {
			require.Equal(t, 404, g.DoWith(client, "GET", base+other, "").Status, other)
		}
		require.Equal(t, 404, g.DoWith(client, "POST", base+place+"/v1", "").Status)
	}
	plain := "http://localhost:" + g.HTTP
	require.Equal(t, document(plain+"/v1"), g.DoWith(harness.Client(false), "GET", plain+place+"/v1", "").Body)
	require.Empty(t, g.Upstream.Take())

	t.Run("named by the configuration", func(t *testing.T) {
		require.NoError(t, g.Load(strings.Replace(trusting(tokenIssuer(a), tokenIssuer(b)), "openapi_auth pets.yaml {", "openapi_auth pets.yaml {\n\t\tresource https://api.test/shop", 1)))
		require.Equal(t, document("https://api.test/shop"), g.Get(place+"/shop").Body)
		require.Equal(t, 404, g.Get(place+"/v1").Status)
		require.Equal(t, []string{`Bearer realm="Pets", scope="read:pets", resource_metadata="https://api.test/.well-known/oauth-protected-resource/shop"`}, g.Get("/v1/pets").Header.Values("Www-Authenticate"))
	})
	t.Run("at the root", func(t *testing.T) {
		require.NoError(t, g.Load(strings.Replace(trusting(tokenIssuer(a), tokenIssuer(b)), "openapi_auth pets.yaml {", "openapi_auth pets.yaml {\n\t\tbase_path /", 1)))
		require.Equal(t, 200, g.Get(place).Status)
		require.Contains(t, g.Get("/pets").Header.Get("Www-Authenticate"), `resource_metadata="https://localhost:`+g.HTTPS+place+`"`)
	})
	t.Run("only whom the schemes trust", func(t *testing.T) {
		only := "jwt {\n\t\t\tissuers " + a.Issuer + "\n\t\t}"
		require.NoError(t, g.Load(strings.Replace(trusting(tokenIssuer(a), tokenIssuer(b)), "openapi_auth pets.yaml {", "openapi_auth pets.yaml {\n\t\tscheme oauth "+only+"\n\t\tscheme openid "+only+"\n\t\tscheme bearer "+only, 1)))
		require.Contains(t, g.Get(place+"/v1").Body, `"authorization_servers":["`+a.Issuer+`"]`)
	})
	t.Run("an issuer that is no URL has no server", func(t *testing.T) {
		keys, err := a.KeySet()
		require.NoError(t, err)
		g := harness.Start(t, trusting("token_issuer ours {\n\t\t\taudience x\n\t\t\tkey_file keys.json\n\t\t}"), map[string]string{"pets.yaml": pets, "keys.json": string(keys)})
		require.Equal(t, `{"resource":"https://localhost:`+g.HTTPS+`/v1","resource_name":"Pets","scopes_supported":["read:pets","write:pets"],"bearer_methods_supported":["header"]}`+"\n", g.Get(place+"/v1").Body)
	})
	t.Run("nobody is trusted", func(t *testing.T) {
		g := startPets(t)
		require.Equal(t, 404, g.Get(place+"/v1").Status)
		require.NotContains(t, g.Get("/v1/either").Header.Get("Www-Authenticate"), "resource_metadata")
	})
}

// TestNoLogHoldsAToken sends tokens to every place, with the debug log on, and
// searches what was logged.
func TestNoLogHoldsAToken(t *testing.T) {
	idp := startIDP(t)
	g := startPets(t, introspecting(t, idp, ""))
	user, err := idp.Login("web", "carol", "n-1", "openid", "read:pets")
	require.NoError(t, err)
	tokens := []string{
		accessToken(t, idp, "app"), accessToken(t, idp, "short"), accessToken(t, idp, "elsewhere"), user.Access, user.ID,
		accessToken(t, idp, "opaque"), "S3CR3T-opaque-value",
	}
	send := func(headers ...string) {
		for _, target := range []string{"/v1/pets", "/v1/either", "/v1/public", "/v1/nope"} {
			g.Get(target, headers...)
		}
	}
	for _, token := range tokens {
		send(bearer(token))
		send("Authorization: " + token)
		send("Authorization: Token " + token)
		send("X-Api-Key: " + token)
		g.Get("/v1/pets?access_token=" + token)
		g.Get("/v1/pets", "Referer: https://x.test/?access_token="+token)
		g.Get("/v1/pets", "Cookie: access_token="+token)
	}
	idp.Outage(true)
	send(bearer("another-" + tokens[6]))
	log := g.Log()
	for line := range strings.Lines(log) {
		for _, token := range append(tokens, introspectionSecret) {
			if strings.Contains(line, token[strings.LastIndexByte(token, '.')+1:]) {
				t.Fatal(line)
			}
		}
	}
	require.True(t, strings.Contains(log, "REDACTED") && strings.Contains(log, "a token can't be asked for"))
}
