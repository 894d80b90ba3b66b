package modules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/authserver"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

// introspecting is the option token_issuer of a server that is asked for opaque
// tokens.
func introspecting(t testing.TB, s *authserver.Server, options string) string {
	t.Helper()
	t.Setenv("MGW_TEST_SECRET", introspectionSecret)
	return tokenIssuer(s, "introspect "+s.Issuer+authserver.Introspection+" gateway {env.MGW_TEST_SECRET}"+options)
}

func TestOpaqueTokensAreAskedFor(t *testing.T) {
	idp := startIDP(t)
	g := startPets(t, introspecting(t, idp, ""))
	opaque := bearer(accessToken(t, idp, "opaque"))
	for range 3 {
		require.Equal(t, 200, g.Get("/v1/pets", opaque).Status)
	}
	came := g.Upstream.Take()
	require.Equal(t, []string{"opaque"}, harness.Header(came[0], "X-Auth-User"))
	require.Equal(t, []string{"read:pets"}, harness.Header(came[0], "X-Auth-Scopes"))
	require.Equal(t, 1, idp.Count(authserver.Introspection), "the answer is used again")
	require.Equal(t, 403, g.Do("POST", "/v1/pets", "", opaque).Status, "for another operation too")
	require.Equal(t, 1, idp.Count(authserver.Introspection))

	for range 3 {
		require.Equal(t, 401, g.Get("/v1/pets", bearer("opensesame")).Status)
	}
	require.Equal(t, 2, idp.Count(authserver.Introspection), "so is a bad one")
	require.Equal(t, 200, g.Get("/v1/pets", bearer(accessToken(t, idp, "app"))).Status, "JWTs are still verified by keys")
	user, err := idp.Login("web", "carol", "", "openid", "read:pets")
	require.NoError(t, err)
	for _, refused := range []string{user.ID, accessToken(t, idp, "elsewhere"), user.Access[:len(user.Access)-2], "eyJhbGciOiJub25lIn0.e30.", "a b", `"x"`, key(t, g, alice)} {
		require.Equal(t, 401, g.Get("/v1/pets", bearer(refused)).Status)
	}
	require.Equal(t, 2, idp.Count(authserver.Introspection), "what looks like a JWT, or like no token, is not asked for")
}

func TestAnOpaqueTokenForAnotherAPIIsRefused(t *testing.T) {
	idp := startIDP(t, func(c *authserver.Config) {
		c.Clients = append(c.Clients, authserver.Client{ID: "there", Secret: "s", Scopes: []string{"read:pets"}, Opaque: true, Audience: []string{"https://other.test"}})
	})
	g := startPets(t, introspecting(t, idp, ""))
	require.Equal(t, 401, g.Get("/v1/pets", bearer(accessToken(t, idp, "there"))).Status)
	require.Equal(t, 1, idp.Count(authserver.Introspection))
}

// TestARevokedTokenIsRefused: at once if nobody asked for it before, else when
// the answer is too old.
func TestARevokedTokenIsRefused(t *testing.T) {
	idp := startIDP(t)
	g := startPets(t, introspecting(t, idp, " {\n\t\t\t\tcache_for 2s\n\t\t\t}"))
	seen, unseen := accessToken(t, idp, "opaque"), accessToken(t, idp, "opaque")
	get := func() harness.Answer { return g.Get("/v1/pets", bearer(seen)) }
	began := time.Now()
	require.Equal(t, 200, get().Status)
	require.NoError(t, idp.Revoke("opaque", seen))
	require.NoError(t, idp.Revoke("opaque", unseen))
	require.Equal(t, 401, g.Get("/v1/pets", bearer(unseen)).Status)
	eventually(t, 401, get, "after cache_for")
	require.GreaterOrEqual(t, time.Since(began), 2*time.Second)
	require.Less(t, time.Since(began), 5*time.Second)
}

func TestAnOpaqueTokenEndsWithItsLife(t *testing.T) {
	idp := startIDP(t, func(c *authserver.Config) {
		c.Clients = append(c.Clients, authserver.Client{ID: "moment", Secret: "s", Scopes: []string{"read:pets"}, Opaque: true, Lifetime: 2 * time.Second})
	})
	g := startPets(t, introspecting(t, idp, " {\n\t\t\t\tcache_for 1h\n\t\t\t}"))
	token := bearer(accessToken(t, idp, "moment"))
	require.Equal(t, 200, g.Get("/v1/pets", token).Status)
	eventually(t, 401, func() harness.Answer { return g.Get("/v1/pets", token) }, "whatever cache_for says")
}

func TestIntrospectionDuringAnOutage(t *testing.T) {
	idp := startIDP(t)
	g := startPets(t, introspecting(t, idp, ""))
	seen, unseen := bearer(accessToken(t, idp, "opaque")), bearer(accessToken(t, idp, "opaque"))
	jwt := bearer(accessToken(t, idp, "app"))
	require.Equal(t, 200, g.Get("/v1/pets", seen).Status)
	require.Equal(t, 200, g.Get("/v1/pets", jwt).Status)
	idp.Outage(true)
	require.Equal(t, 200, g.Get("/v1/pets", seen).Status, "the answer is known")
	require.Equal(t, 200, g.Get("/v1/pets", jwt).Status, "nobody needs to be asked")
	for range 2 {
		a := g.Get("/v1/pets", unseen)
		require.Equal(t, 503, a.Status)
		require.Equal(t, "5", a.Header.Get("Retry-After"))
		require.Contains(t, a.Body, `{"fault":{"code":900900,`)
	}
	require.Equal(t, 401, g.Get("/v1/pets", bearer("eyJ.b.c")).Status, "this is no token")
	require.Contains(t, g.Log(), "a token can't be asked for")
	idp.Outage(false)
	require.Equal(t, 200, g.Get("/v1/pets", unseen).Status, "no failure is remembered")
}

// TestAWrongSecretForIntrospectionIsNoAnswer: the server's 401 is about us, not
// about the token.
func TestAWrongSecretForIntrospectionIsNoAnswer(t *testing.T) {
	idp := startIDP(t)
	t.Setenv("MGW_TEST_SECRET", "wrong-secret")
	g := startPets(t, tokenIssuer(idp, "introspect "+idp.Issuer+authserver.Introspection+" gateway {env.MGW_TEST_SECRET}"))
	require.Equal(t, 503, g.Get("/v1/pets", bearer(accessToken(t, idp, "opaque"))).Status)
	require.Contains(t, g.Log(), "the answer has status 401, not 200")
	require.NotContains(t, g.Log(), "wrong-secret")
}

func TestAThousandFirstRequestsAskOnce(t *testing.T) {
	idp := startIDP(t)
	g := startPets(t, introspecting(t, idp, ""))
	token := bearer(accessToken(t, idp, "opaque"))
	release := idp.Hold()
	defer release()
	require.EqualValues(t, 1000, crowd(t, g, release, token))
	require.Equal(t, 1, idp.Count(authserver.Introspection))
}

// TestSitesShareAnswers: an answer that one site got serves the others of the
// same configuration.
func TestSitesShareAnswers(t *testing.T) {
	idp := startIDP(t)
	g := harness.Start(t, trusting(introspecting(t, idp, ""))+`
http://other.localhost:$HTTP {
	openapi_auth pets.yaml
	reverse_proxy $UPSTREAM
}
`, petsFile())
	token := bearer(accessToken(t, idp, "opaque"))
	require.Equal(t, 200, g.Get("/v1/pets", token).Status)
	require.Equal(t, 200, g.DoWith(harness.Client(false), "GET", "http://other.localhost:"+g.HTTP+"/v1/pets", "", token).Status)
	require.Equal(t, 1, idp.Count(authserver.Introspection))
}
