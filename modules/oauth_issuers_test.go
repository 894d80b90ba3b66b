package modules_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/authserver"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

// asked counts what an issuer was asked for: the metadata of OpenID Connect,
// those of OAuth, its keys.
func asked(s *authserver.Server) [3]int {
	return [3]int{s.Count(authserver.OpenIDMetadata), s.Count(authserver.OAuthMetadata), s.Count(authserver.Keys)}
}

func TestWhereKeysComeFrom(t *testing.T) {
	for name, tc := range map[string]struct {
		metadata string
		options  func(*authserver.Server) []string
		asked    [3]int
	}{
		"OpenID Connect Discovery": {authserver.OpenIDMetadata, func(*authserver.Server) []string { return nil }, [3]int{1, 0, 1}},
		"RFC 8414":                 {authserver.OAuthMetadata, func(*authserver.Server) []string { return nil }, [3]int{1, 1, 1}},
		"jwks_url":                 {"none", func(s *authserver.Server) []string { return []string{"jwks_url " + s.Issuer + authserver.Keys} }, [3]int{0, 0, 1}},
		"key_file":                 {"none", func(*authserver.Server) []string { return []string{"key_file keys.json"} }, [3]int{0, 0, 1}}, // the test's own
	} {
		t.Run(name, func(t *testing.T) {
			idp := startIDP(t, func(c *authserver.Config) { c.Metadata = tc.metadata })
			files := petsFile()
			if name == "key_file" {
				set, err := idp.KeySet()
				require.NoError(t, err)
				files["keys.json"] = string(set)
			}
			token := bearer(accessToken(t, idp, "app"))
			g := harness.Start(t, trusting(tokenIssuer(idp, tc.options(idp)...)), files)
			for range 3 {
				require.Equal(t, 200, g.Get("/v1/pets", token).Status)
			}
			require.Equal(t, tc.asked, asked(idp))
		})
	}
}

func TestAChangedKeyFileIsSeenByAReload(t *testing.T) {
	idp := startIDP(t)
	set, err := idp.KeySet()
	require.NoError(t, err)
	files := petsFile()
	files["keys.json"] = string(set)
	g := harness.Start(t, trusting(tokenIssuer(idp, "key_file keys.json")), files)
	old := bearer(accessToken(t, idp, "app"))
	require.Equal(t, 200, g.Get("/v1/pets", old).Status)
	require.NoError(t, idp.RotateKeys(false))
	set, err = idp.KeySet()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "keys.json"), set, 0o600))
	young := bearer(accessToken(t, idp, "app"))
	require.Equal(t, 401, g.Get("/v1/pets", young).Status)
	config, err := g.Adapt(trusting(tokenIssuer(idp, "key_file keys.json")))
	require.NoError(t, err)
	require.NoError(t, g.LoadJSON(config))
	require.Equal(t, 200, g.Get("/v1/pets", young).Status)
	require.Equal(t, 401, g.Get("/v1/pets", old).Status)
}

// TestIssuersAreToldApart holds that a token is verified by the keys of its own
// issuer only, and that each scheme trusts whom it is told to.
func TestIssuersAreToldApart(t *testing.T) {
	a, b := startIDP(t, func(c *authserver.Config) { c.Algorithm = "RS256" }), startIDP(t)
	caddyfile := strings.Replace(trusting(tokenIssuer(a), tokenIssuer(b)), "openapi_auth pets.yaml {", "openapi_auth pets.yaml {\n\t\tscheme oauth jwt {\n\t\t\tissuers "+a.Issuer+"\n\t\t}", 1)
	g := harness.Start(t, caddyfile, petsFile())
	ofA, ofB := accessToken(t, a, "app"), accessToken(t, b, "app")
	for target, want := range map[string][2]int{
		"/v1/pets":   {200, 401},
		"/v1/bearer": {200, 200},
		"/v1/openid": {200, 200},
		"/v1/twice":  {200, 401},
	} {
		require.Equal(t, want, [2]int{g.Get(target, bearer(ofA)).Status, g.Get(target, bearer(ofB)).Status}, target)
	}
	claim := func(s *authserver.Server) func(header, claims map[string]any) {
		return func(_, claims map[string]any) { claims["iss"] = s.Issuer }
	}
	require.Equal(t, 401, g.Get("/v1/bearer", bearer(forge(t, ofA, claim(b), nil))).Status)
	require.Equal(t, 401, g.Get("/v1/bearer", bearer(forge(t, ofB, claim(a), nil))).Status)
}

// TestOfWhomIsAsked holds that only issuers of the configuration are ever
// asked, whatever a token says.
func TestOfWhomIsAsked(t *testing.T) {
	idp, stranger := startIDP(t), startIDP(t)
	g := startPets(t, tokenIssuer(idp))
	token := accessToken(t, idp, "app")
	strange := accessToken(t, stranger, "app")
	require.Equal(t, 200, g.Get("/v1/pets", bearer(token)).Status)
	before, own := stranger.Total(), idp.Total()
	for name, change := range map[string]func(header, claims map[string]any){
		"iss":           func(_, claims map[string]any) { claims["iss"] = stranger.Issuer },
		"iss and slash": func(_, claims map[string]any) { claims["iss"] = idp.Issuer + "/" },
		"jku":           func(header, _ map[string]any) { header["jku"] = stranger.Issuer + authserver.Keys },
		"x5u":           func(header, _ map[string]any) { header["x5u"] = stranger.Issuer + authserver.Keys },
		"no iss":        func(_, claims map[string]any) { delete(claims, "iss") },
		"a list of iss": func(_, claims map[string]any) { claims["iss"] = []string{idp.Issuer, stranger.Issuer} },
	} {
		require.Equal(t, 401, g.Get("/v1/pets", bearer(forge(t, token, change, nil))).Status, name)
	}
	require.Equal(t, 401, g.Get("/v1/pets", bearer(strange)).Status)
	require.Equal(t, before, stranger.Total())
	require.Equal(t, own, idp.Total())
}

// TestNobodyIsTrustedByDefault: without a token_issuer the operations that want
// a token are closed, and the load says so.
func TestNobodyIsTrustedByDefault(t *testing.T) {
	idp := startIDP(t)
	g := startPets(t)
	require.Contains(t, g.Log(), "nobody can call some operations, nothing here verifies the schemes that they need: listPets, addPet, openid, bearer, both, twice")
	require.Equal(t, 401, g.Get("/v1/pets", bearer(accessToken(t, idp, "app"))).Status)
	require.Equal(t, 200, g.Get("/v1/either", "X-Api-Key: "+key(t, g, alice)).Status)
}

func TestWhatATokenIsReadFor(t *testing.T) {
	idp := startIDP(t)
	t.Run("audience *", func(t *testing.T) {
		g := startPets(t, "token_issuer "+idp.Issuer+" {\n\t\t\taudience *\n\t\t}")
		require.Contains(t, g.Log(), "tokens that are meant for others are accepted (audience *)")
		require.Equal(t, 200, g.Get("/v1/pets", bearer(accessToken(t, idp, "elsewhere"))).Status)
		for _, nonce := range []string{"", "n-1"} {
			user, err := idp.Login("web", "carol", nonce, "openid", "read:pets")
			require.NoError(t, err)
			require.Equal(t, 401, g.Get("/v1/bearer", bearer(user.ID)).Status, "an ID token is for the client, even here")
		}
	})
	t.Run("one of several audiences", func(t *testing.T) {
		g := startPets(t, "token_issuer "+idp.Issuer+" {\n\t\t\taudience https://first.test https://other.test\n\t\t}")
		require.Equal(t, 200, g.Get("/v1/pets", bearer(accessToken(t, idp, "elsewhere"))).Status)
		require.Equal(t, 401, g.Get("/v1/pets", bearer(accessToken(t, idp, "app"))).Status)
	})
	t.Run("another algorithm", func(t *testing.T) {
		g := startPets(t, tokenIssuer(idp, "algorithms RS256 EdDSA"))
		require.Equal(t, 401, g.Get("/v1/pets", bearer(accessToken(t, idp, "app"))).Status)
	})
	t.Run("another scope claim", func(t *testing.T) {
		g := startPets(t, tokenIssuer(idp, "scope_claim permissions"))
		require.Equal(t, 403, g.Get("/v1/pets", bearer(accessToken(t, idp, "app"))).Status)
	})
	t.Run("scopes of other names", func(t *testing.T) {
		g := startPets(t, tokenIssuer(idp, "map_scope other read:pets", "map_scope read:pets nothing"))
		require.Equal(t, 200, g.Get("/v1/pets", bearer(accessToken(t, idp, "app", "other"))).Status)
		require.Equal(t, 403, g.Get("/v1/pets", bearer(accessToken(t, idp, "app", "read:pets"))).Status)
	})
	t.Run("roles", func(t *testing.T) {
		document := strings.Replace(pets, "[{bearer: []}]", "[{bearer: [app]}]", 1)
		for claim, want := range map[string]int{"": 403, "roles_claim client_id": 200} {
			g := harness.Start(t, trusting(tokenIssuer(idp, claim)), map[string]string{"pets.yaml": document})
			require.Equal(t, want, g.Get("/v1/bearer", bearer(accessToken(t, idp, "app"))).Status, claim)
		}
	})
}

// TestAnotherHeaderForTokens: where the auth header is another one, the token is
// read there, and Authorization is somebody else's.
func TestAnotherHeaderForTokens(t *testing.T) {
	idp := startIDP(t)
	g := harness.Start(t, strings.Replace(trusting(tokenIssuer(idp)), "openapi_auth pets.yaml {", "openapi_auth pets.yaml {\n\t\tauth_header X-Token", 1), petsFile())
	token := accessToken(t, idp, "app")
	require.Equal(t, 200, g.Get("/v1/pets", "X-Token: Bearer "+token).Status)
	require.Equal(t, 401, g.Get("/v1/pets", bearer(token)).Status)
}

func TestForwardCredentialsKeepsTheToken(t *testing.T) {
	idp := startIDP(t)
	g := harness.Start(t, strings.Replace(trusting(tokenIssuer(idp)), "openapi_auth pets.yaml {", "openapi_auth pets.yaml {\n\t\tforward_credentials", 1), petsFile())
	token := bearer(accessToken(t, idp, "app"))
	require.Equal(t, 200, g.DoWith(harness.Client(true), http.MethodGet, "https://localhost:"+g.HTTPS+"/v1/pets", "", token).Status)
	require.Equal(t, []string{strings.TrimPrefix(token, "Authorization: ")}, harness.Header(g.Upstream.Take()[0], "Authorization"))
}
