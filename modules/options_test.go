package modules_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

func shopWith(t *testing.T, options, document string) *harness.Gateway {
	t.Helper()
	return harness.Start(t, strings.Replace(shopCaddyfile, "openapi_auth shop.yaml {", "openapi_auth shop.yaml {\n\t\t"+options, 1), map[string]string{"shop.yaml": document})
}

func TestAnotherAuthHeader(t *testing.T) {
	for name, g := range map[string]func() *harness.Gateway{
		"by option":    func() *harness.Gateway { return shopWith(t, "auth_header X-Auth", shop) },
		"by extension": func() *harness.Gateway { return shopWith(t, "", shop+"x-wso2-auth-header: x-auth\n") },
	} {
		t.Run(name, func(t *testing.T) {
			g := g()
			moved := strings.Replace(bob, "Authorization", "X-Auth", 1)
			require.Equal(t, 200, g.Get("/shop/v1/admin/stats", moved, "Authorization: Basic of-somebody-else").Status)
			came := g.Upstream.Take()
			require.Len(t, came, 1)
			require.Empty(t, harness.Header(came[0], "X-Auth"))
			require.Equal(t, []string{"Basic of-somebody-else"}, harness.Header(came[0], "Authorization"), "it is not ours to read")
			require.Equal(t, 401, g.Get("/shop/v1/admin/stats", bob).Status)
			require.NotContains(t, g.Log(), strings.TrimPrefix(moved, "X-Auth: Basic "))
			require.Equal(t, 200, g.Get("/apikey", bob).Status, "the issuer reads Authorization, always")
		})
	}
}

func TestCombineAnyOverSockets(t *testing.T) {
	g := shopWith(t, "combine any", shop)
	k := "X-Api-Key: " + key(t, g, alice)
	require.Equal(t, 200, g.Get("/shop/v1/both", k).Status)
	require.Equal(t, 200, g.Get("/shop/v1/both", bob).Status)
	require.Equal(t, 401, g.Get("/shop/v1/both").Status)
}

func TestSameSubjectOverSockets(t *testing.T) {
	g := shopWith(t, "same_subject", shop)
	require.Equal(t, 403, g.Get("/shop/v1/both", bob, "X-Api-Key: "+key(t, g, alice)).Status)
	require.Equal(t, 200, g.Get("/shop/v1/both", bob, "X-Api-Key: "+key(t, g, bob)).Status)
}

func TestDefaultSecurity(t *testing.T) {
	document := strings.Replace(shop, "security: [{header: []}, {query: []}]\n", "", 1)
	for option, want := range map[string][2]int{ // without and with a key
		"default_security oauth2":              {401, 401},
		"default_security deny":                {401, 401},
		"default_security public":              {200, 200},
		"default_security scheme header query": {401, 200},
	} {
		g := shopWith(t, option, document)
		k := "X-Api-Key: " + key(t, g, alice)
		require.Equal(t, want, [2]int{g.Get("/shop/v1/pets/1").Status, g.Get("/shop/v1/pets/1", k).Status}, option)
	}
}

func TestApplicationSecurityOverSockets(t *testing.T) {
	const document = "openapi: 3.0.0\ninfo: {title: Old, version: 1.0.0}\nx-wso2-application-security: {security-types: [api_key, basic_auth]}\npaths: {/a: {get: {operationId: a}}}\n"
	g := shopWith(t, "", document)
	k := key(t, g, alice)
	require.Equal(t, 200, g.Get("/a", "Apikey: "+k).Status)
	require.Equal(t, 200, g.Get("/a?apikey="+k).Status)
	require.Equal(t, 200, g.Get("/a", bob).Status)
	a := g.Get("/a")
	require.Equal(t, 401, a.Status)
	require.Equal(t, []string{`ApiKey realm="Old", in="header", name="apikey"`, `ApiKey realm="Old", in="query", name="apikey"`, `Basic realm="Old", charset="UTF-8"`}, a.Header.Values("Www-Authenticate"))
}

// TestBackendJWT verifies what the upstream gets with a library of its own and
// the published keys.
func TestBackendJWT(t *testing.T) {
	g := shopWith(t, "backend_jwt X-JWT-Assertion {\n\t\t\taudience upstream\n\t\t\tdialect wso2\n\t\t}", shop)
	k := key(t, g, bob)
	published := func(path string) (set jose.JSONWebKeySet) {
		a := g.Get(path)
		require.Equal(t, 200, a.Status)
		require.Equal(t, "application/jwk-set+json", a.Header.Get("Content-Type"))
		require.NoError(t, json.Unmarshal([]byte(a.Body), &set))
		require.Len(t, set.Keys, 1)
		return set
	}
	set, keys := published("/apikey/backend/jwks.json"), published("/apikey/jwks.json")

	require.Equal(t, 200, g.Get("/shop/v1/pets/1", "X-Api-Key: "+k, "X-Jwt-Assertion: forged", "x_jwt_assertion: forged").Status)
	came := g.Upstream.Take()
	require.NotContains(t, came[0], "forged")
	assertion := harness.Header(came[0], "X-Jwt-Assertion")
	require.Len(t, assertion, 1)
	signed, err := josejwt.ParseSigned(assertion[0], []jose.SignatureAlgorithm{jose.ES256})
	require.NoError(t, err)
	require.Equal(t, "backend+jwt", signed.Headers[0].ExtraHeaders["typ"])
	var c map[string]any
	require.Error(t, signed.Claims(keys, &c), "it is signed by no key of API keys")
	require.NoError(t, signed.Claims(set, &c))
	require.Equal(t, "bob", c["sub"])
	require.Equal(t, "caddymgw", c["iss"])
	require.Equal(t, []any{"upstream"}, c["aud"])
	require.Equal(t, "chief clerk", c["scope"])
	require.Equal(t, "/shop/v1", c["http://wso2.org/claims/apicontext"])
	require.InDelta(t, 60, c["exp"].(float64)-c["iat"].(float64), 0)

	for _, target := range []string{"/shop/v1/pets/1", "/apikey"} {
		require.Equal(t, 401, g.Get(target, "X-Api-Key: "+assertion[0]).Status, "it is no key")
	}
	require.Equal(t, 200, g.Get("/shop/v1/public/ping", "X-Jwt-Assertion: forged").Status)
	require.NotContains(t, strings.ToLower(g.Upstream.Take()[0]), "assertion", "nobody is nobody")

	signed, err = josejwt.ParseSigned(k, []jose.SignatureAlgorithm{jose.ES256})
	require.NoError(t, err)
	require.NoError(t, signed.Claims(keys, &c))
	require.Error(t, signed.Claims(set, &c), "an API key is no assertion, however carelessly it is verified")
	for _, path := range []string{"/apikey/jwks.json", "/apikey/backend/jwks.json"} {
		require.Equal(t, 405, g.Do("POST", path, "").Status)
	}
}

func TestLegacyHashesOverSockets(t *testing.T) {
	caddyfile := strings.Replace(shopCaddyfile, users, users+"\n\t\tuser old @sha256:{5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8}\n\t\tlegacy_hashes", 1)
	g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop})
	require.Equal(t, 200, g.Get("/apikey", login("old", "password")).Status)
	require.Equal(t, 401, g.Get("/apikey", login("old", "Password")).Status)
	require.Contains(t, g.Log(), "password hashes without salt are accepted")
}

// TestKeysOfWSO2APIManager accepts API keys that somebody else signs.
func TestKeysOfWSO2APIManager(t *testing.T) {
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	require.NoError(t, err)
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	caddyfile := strings.Replace(shopCaddyfile, "mgw {\n\t\tuser", "mgw {\n\t\tapi_keys {\n\t\t\ttrust https://apim.test {\n\t\t\t\tkey_file apim.pem\n\t\t\t}\n\t\t}\n\t\tuser", 1)
	g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop, "apim.pem": public})
	sign := func(claims map[string]any) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: signer}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "gateway_certificate_alias"))
		require.NoError(t, err)
		text, err := josejwt.Signed(s).Claims(claims).Serialize()
		require.NoError(t, err)
		return "X-Api-Key: " + text
	}
	claims := map[string]any{
		"iss": "https://apim.test", "sub": "dev@carbon.super", "jti": "1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"keytype": "SANDBOX", "subscribedAPIs": []any{map[string]any{"name": "Shop", "version": "1.0.0", "context": "/shop", "subscriptionTier": "Gold"}},
	}
	require.Equal(t, 200, g.Get("/shop/v1/pets/1", sign(claims)).Status)
	require.Equal(t, []string{"dev@carbon.super"}, harness.Header(g.Upstream.Take()[0], "X-Auth-User"))
	require.Equal(t, 200, g.Get("/shop/v1/pets/1", "X-Api-Key: "+key(t, g, alice)).Status, "ours are good as before")
	claims["subscribedAPIs"] = []any{map[string]any{"name": "Shop", "version": "2.0.0"}}
	require.Equal(t, 401, g.Get("/shop/v1/pets/1", sign(claims)).Status)
	delete(claims, "subscribedAPIs")
	require.Equal(t, 401, g.Get("/shop/v1/pets/1", sign(claims)).Status, "a token is no key")
}
