package modules_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// TestOneTokenIsNotTwoCredentials is for issuers that sign API keys and access
// tokens with one key and of one type, as WSO2 API Manager does.
func TestOneTokenIsNotTwoCredentials(t *testing.T) {
	const issuer, audience = "https://apim.test/oauth2/token", "http://org.wso2.apimgt/gateway"
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	require.NoError(t, err)
	files := petsFile()
	files["apim.pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	g := harness.Start(t, trusting(
		"api_keys {\n\t\t\ttrust "+issuer+" {\n\t\t\t\tkey_file apim.pem\n\t\t\t}\n\t\t}",
		"token_issuer "+issuer+" {\n\t\t\taudience "+audience+"\n\t\t\tkey_file apim.pem\n\t\t}"), files)
	sign := func(more map[string]any) string {
		claims := map[string]any{
			"iss": issuer, "sub": "mallory", "jti": "j", "iat": time.Now().Unix(), "exp": time.Now().Unix() + 3600, "keytype": "PRODUCTION",
			"application":    map[string]any{"owner": "mallory", "name": "App", "id": 1},
			"subscribedAPIs": []any{map[string]any{"name": "Pets", "version": "1.0.0", "context": "/v1"}},
		}
		for name, v := range more {
			claims[name] = v
		}
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: private}, (&jose.SignerOptions{}).WithType("JWT"))
		require.NoError(t, err)
		text, err := josejwt.Signed(s).Claims(claims).Serialize()
		require.NoError(t, err)
		return text
	}
	access := sign(map[string]any{"aud": audience, "azp": "abc", "consumerKey": "abc", "scope": "read:pets"})
	apiKey := sign(map[string]any{"token_type": "apiKey"})
	hybrid := sign(map[string]any{"aud": audience, "scope": "read:pets"}) // of no kind that anybody issues
	for name, tc := range map[string]struct {
		target string
		lines  []string
		want   int
	}{
		"the token":                    {"/v1/pets", []string{bearer(access)}, 200},
		"the key":                      {"/v1/key", []string{"X-Api-Key: " + apiKey}, 200},
		"the token as a key":           {"/v1/key", []string{"X-Api-Key: " + access}, 401},
		"the key as a token":           {"/v1/pets", []string{bearer(apiKey)}, 401},
		"both":                         {"/v1/both", []string{bearer(access), "X-Api-Key: " + apiKey}, 200},
		"the token twice":              {"/v1/both", []string{bearer(access), "X-Api-Key: " + access}, 401},
		"the key twice":                {"/v1/both", []string{bearer(apiKey), "X-Api-Key: " + apiKey}, 401},
		"what might be both is no key": {"/v1/both", []string{bearer(hybrid), "X-Api-Key: " + hybrid}, 401},
		"nor a token":                  {"/v1/pets", []string{bearer(hybrid)}, 401},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, g.Get(tc.target, tc.lines...).Status) })
	}
}

// TestTheHostNamesTheAPIInOneSpelling where nothing else does.
func TestTheHostNamesTheAPIInOneSpelling(t *testing.T) {
	idp := startIDP(t)
	const warning = "name the API by the option resource"
	anyHost := strings.NewReplacer("$SITE", "http://:$HTTP, https://:$HTTPS", "$GLOBAL", "$GLOBAL\n\tdefault_sni localhost").Replace(trusting(tokenIssuer(idp)))
	ask := func(g *harness.Gateway, target string) *http.Response {
		r, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:"+g.HTTP+target, nil)
		require.NoError(t, err)
		r.Host = "API.Test.:8080"
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	const place = "/.well-known/oauth-protected-resource"

	g := harness.New(t, petsFile())
	require.NoError(t, g.Load(anyHost))
	require.Equal(t, 1, strings.Count(g.Log(), warning))
	require.Contains(t, ask(g, "/v1/pets").Header.Get("Www-Authenticate"), `resource_metadata="http://api.test:8080`+place+`/v1"`)
	res := ask(g, place+"/v1")
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	var described struct{ Resource string }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&described))
	require.Equal(t, "http://api.test:8080/v1", described.Resource)

	g = harness.New(t, petsFile())
	require.NoError(t, g.Load(strings.Replace(anyHost, "openapi_auth pets.yaml {", "openapi_auth pets.yaml {\n\t\tresource https://api.test/v1", 1)))
	require.NotContains(t, g.Log(), warning)
	require.Empty(t, ask(g, place+"/v1").Header.Get("Cache-Control"), "it is the same for everybody")

	g = harness.New(t, petsFile())
	require.NoError(t, g.Load(trusting(tokenIssuer(idp))))
	require.NotContains(t, g.Log(), warning, "a site of one name")
}

// TestASecretThatEverybodyCanReadIsNone is for files with keys of HMAC; public
// keys may be read by anybody.
func TestASecretThatEverybodyCanReadIsNone(t *testing.T) {
	idp := startIDP(t)
	public, err := idp.KeySet()
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		content, algorithm, want string
	}{
		"a secret":    {`{"kty":"oct","k":"` + strings.Repeat("A", 86) + `"}`, "HS256", "key_file: it holds a secret, and $FILE can be read by everybody: chmod o= it"},
		"public keys": {string(public), "ES256", ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := petsFile()
			files["keys.json"] = tc.content
			g := harness.New(t, files)
			file := filepath.Join(g.Dir, "keys.json")
			caddyfile := trusting("token_issuer https://idp.test {\n\t\t\taudience x\n\t\t\tkey_file keys.json\n\t\t\talgorithms " + tc.algorithm + "\n\t\t}")
			require.NoError(t, g.Validate(caddyfile))
			require.NoError(t, os.Chmod(file, 0o644))
			if err := g.Validate(caddyfile); tc.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, strings.ReplaceAll(tc.want, "$FILE", file))
			}
		})
	}
}

// TestABackendJWTEndsWithTheToken that it was made for.
func TestABackendJWTEndsWithTheToken(t *testing.T) {
	idp := startIDP(t)
	g := harness.Start(t, strings.Replace(trusting(tokenIssuer(idp)), "openapi_auth pets.yaml {", "openapi_auth pets.yaml {\n\t\tbackend_jwt X-Assertion {\n\t\t\tvalidity 1h\n\t\t}", 1), petsFile())
	for client, most := range map[string]time.Duration{"short": 10 * time.Second, "app": time.Hour} {
		require.Equal(t, 200, g.Get("/v1/pets", bearer(accessToken(t, idp, client))).Status)
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(harness.Header(g.Upstream.Take()[0], "X-Assertion")[0], ".")[1])
		require.NoError(t, err)
		var claims struct{ Iat, Exp int64 }
		require.NoError(t, json.Unmarshal(payload, &claims))
		require.Greater(t, claims.Exp, claims.Iat)
		require.LessOrEqual(t, time.Duration(claims.Exp-claims.Iat)*time.Second, most, client)
	}
}
