package modules_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/authserver"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

// pets is the API of the tests with access tokens.
const pets = `openapi: 3.1.0
info: {title: Pets, version: 1.0.0}
servers: [{url: https://api.test/v1}]
components:
  securitySchemes:
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: https://idp.test/token, scopes: {"read:pets": r, "write:pets": w}}}}
    openid: {type: openIdConnect, openIdConnectUrl: https://idp.test/.well-known/openid-configuration}
    bearer: {type: http, scheme: bearer}
    key: {type: apiKey, in: header, name: X-API-Key}
paths:
  /pets:
    get: {operationId: listPets, security: [{oauth: ["read:pets"]}]}
    post: {operationId: addPet, security: [{oauth: ["read:pets", "write:pets"]}]}
  /openid: {get: {operationId: openid, security: [{openid: ["read:pets"]}]}}
  /bearer: {get: {operationId: bearer, security: [{bearer: []}]}}
  /either: {get: {operationId: either, security: [{oauth: ["read:pets"]}, {key: []}]}}
  /both: {get: {operationId: both, security: [{oauth: ["read:pets"], key: []}]}}
  /twice: {get: {operationId: twice, security: [{oauth: ["read:pets"], openid: ["write:pets"]}]}}
  /optional: {get: {operationId: optional, security: [{}, {oauth: ["read:pets"]}]}}
  /key: {get: {operationId: key, security: [{key: []}]}}
  /public: {get: {operationId: public, security: []}}
`

const petsAudience = "https://api.test"

// startIDP starts an authorization server with what the tests need of clients.
func startIDP(t testing.TB, change ...func(*authserver.Config)) *authserver.Server {
	t.Helper()
	config := authserver.Config{
		Algorithm: "ES256",
		Audience:  []string{petsAudience},
		Clients: []authserver.Client{
			{ID: "app", Secret: "s1", Scopes: []string{"read:pets", "write:pets", "other"}},
			{ID: "short", Secret: "s2", Scopes: []string{"read:pets"}, Lifetime: time.Second},
			{ID: "elsewhere", Secret: "s3", Scopes: []string{"read:pets"}, Audience: []string{"https://other.test"}},
			{ID: "opaque", Secret: "s4", Scopes: []string{"read:pets"}, Opaque: true},
			{ID: "web", Secret: "s5", Scopes: []string{"read:pets"}, Redirect: "http://localhost/back"},
			{ID: "gateway", Secret: introspectionSecret, Introspect: true},
		},
		Users: map[string]string{"carol": "open"},
	}
	for _, f := range change {
		f(&config)
	}
	s, err := authserver.Start(config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

const introspectionSecret = "of-the-gateway: 1%"

func accessToken(t testing.TB, s *authserver.Server, client string, scopes ...string) string {
	t.Helper()
	token, err := s.Token(client, scopes...)
	require.NoError(t, err)
	return token
}

func bearer(token string) string { return "Authorization: Bearer " + token }

// trusting is a gateway before the pets that trusts as the lines say.
func trusting(lines ...string) string {
	return `{
	$GLOBAL
	mgw {
		` + users + `
		leeway 1s
		` + strings.Join(lines, "\n\t\t") + `
	}
}

$SITE {
	log
	apikey_issuer
	openapi_auth pets.yaml {
		identity_header X-Auth-User subject
		identity_header X-Auth-Scopes scopes
	}
	reverse_proxy $UPSTREAM
}
`
}

// tokenIssuer is the option token_issuer for a server.
func tokenIssuer(s *authserver.Server, options ...string) string {
	return "token_issuer " + s.Issuer + " {\n\t\t\taudience " + petsAudience + "\n\t\t\t" + strings.Join(options, "\n\t\t\t") + "\n\t\t}"
}

func petsFile() map[string]string { return map[string]string{"pets.yaml": pets} }

func startPets(t testing.TB, lines ...string) *harness.Gateway {
	t.Helper()
	return harness.Start(t, trusting(lines...), petsFile())
}

// forge makes of a real token what an attacker would: header and claims may be
// changed, and it is signed anew, or not at all.
func forge(t testing.TB, token string, change func(header, claims map[string]any), sign func(input string) []byte) string {
	t.Helper()
	parts := strings.Split(token, ".")
	var members [2]map[string]any
	for i := range members {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &members[i]))
	}
	change(members[0], members[1])
	for i := range members {
		raw, err := json.Marshal(members[i])
		require.NoError(t, err)
		parts[i] = base64.RawURLEncoding.EncodeToString(raw)
	}
	if sign != nil {
		parts[2] = base64.RawURLEncoding.EncodeToString(sign(parts[0] + "." + parts[1]))
	}
	return strings.Join(parts, ".")
}

// signer signs as a key of the attacker's choice would.
func signer(t testing.TB, algorithm jose.SignatureAlgorithm, key any) func(string) []byte {
	t.Helper()
	return func(input string) []byte {
		head, payload, _ := strings.Cut(input, ".")
		raw, err := base64.RawURLEncoding.DecodeString(head)
		require.NoError(t, err)
		var header map[string]any
		require.NoError(t, json.Unmarshal(raw, &header))
		delete(header, "alg")
		options := &jose.SignerOptions{}
		for name, v := range header {
			options.WithHeader(jose.HeaderKey(name), v)
		}
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
		require.NoError(t, err)
		claims, err := base64.RawURLEncoding.DecodeString(payload)
		require.NoError(t, err)
		signed, err := s.Sign(claims)
		require.NoError(t, err)
		return signed.Signatures[0].Signature
	}
}

// TestAccessTokensOpenWhatTheirScopesAreFor is the main job over real sockets,
// with tokens of a real authorization server.
func TestAccessTokensOpenWhatTheirScopesAreFor(t *testing.T) {
	idp, stranger := startIDP(t), startIDP(t)
	g := startPets(t, tokenIssuer(idp))
	k := "X-Api-Key: " + key(t, g, alice)
	read, write := bearer(accessToken(t, idp, "app", "read:pets")), bearer(accessToken(t, idp, "app"))
	strange, other := bearer(accessToken(t, stranger, "app")), bearer(accessToken(t, idp, "app", "other"))
	user, err := idp.Login("web", "carol", "n-1", "openid", "read:pets")
	require.NoError(t, err)
	noNonce, err := idp.Login("web", "carol", "", "openid", "read:pets")
	require.NoError(t, err)
	asked := stranger.Total()
	base := "https://localhost:" + g.HTTPS + "/v1"
	for name, client := range map[string]*http.Client{"h1": harness.Client(false), "h2": harness.Client(true)} {
		t.Run(name, func(t *testing.T) {
			for call, tc := range map[string]struct {
				method, target string
				headers        []string
				status         int
				code           string // of the fault; "": passes
				challenge      string
			}{
				"the scope":                            {"GET", "/pets", []string{read}, 200, "", ""},
				"more scopes than are asked":           {"GET", "/pets", []string{write}, 200, "", ""},
				"both scopes":                          {"POST", "/pets", []string{write}, 200, "", ""},
				"the word in another case":             {"GET", "/pets", []string{strings.Replace(read, "Bearer", "bEARER", 1)}, 200, "", ""},
				"a user's token":                       {"GET", "/pets", []string{bearer(user.Access)}, 200, "", ""},
				"openIdConnect":                        {"GET", "/openid", []string{read}, 200, "", ""},
				"http bearer":                          {"GET", "/bearer", []string{read}, 200, "", ""},
				"one token for two schemes":            {"GET", "/twice", []string{write}, 200, "", ""},
				"or: the token":                        {"GET", "/either", []string{read}, 200, "", ""},
				"or: the key":                          {"GET", "/either", []string{k}, 200, "", ""},
				"or: the two":                          {"GET", "/either", []string{k, read}, 200, "", ""},
				"and: the two":                         {"GET", "/both", []string{k, read}, 200, "", ""},
				"nobody, where that is allowed":        {"GET", "/optional", nil, 200, "", ""},
				"a token, where nobody is allowed too": {"GET", "/optional", []string{read}, 200, "", ""},
				"no scope, where nobody is allowed":    {"GET", "/optional", []string{other}, 200, "", ""},
				"a bad token on a public operation":    {"GET", "/public", []string{bearer("x")}, 200, "", ""},

				"no token":                          {"GET", "/pets", nil, 401, "900902", `scope="read:pets"`},
				"a scope is missing":                {"POST", "/pets", []string{read}, 403, "900910", `error="insufficient_scope"`},
				"the scope of the other scheme":     {"GET", "/twice", []string{read}, 403, "900910", `error="insufficient_scope"`},
				"and: only the token":               {"GET", "/both", []string{read}, 401, "900902", "ApiKey"},
				"and: only the key":                 {"GET", "/both", []string{k}, 401, "900902", "Bearer"},
				"or: a bad token beside a good key": {"GET", "/either", []string{k, strange}, 401, "900901", `error="invalid_token"`},
				"or: a bad key beside a good token": {"GET", "/either", []string{"X-Api-Key: a.b.c", read}, 401, "900901", "ApiKey"},
				"a bad token is not nobody":         {"GET", "/optional", []string{strange}, 401, "900901", `error="invalid_token"`},

				"another kind":             {"GET", "/pets", []string{bob}, 401, "900917", "Bearer"},
				"the word alone":           {"GET", "/pets", []string{"Authorization: Bearer"}, 401, "900902", "Bearer"},
				"two tokens":               {"GET", "/pets", []string{read, write}, 401, "900901", "Bearer"},
				"two tokens in one line":   {"GET", "/pets", []string{read + ", " + write}, 401, "900901", "Bearer"},
				"a token in the query":     {"GET", "/pets?access_token=" + strings.TrimPrefix(read, "Authorization: Bearer "), nil, 401, "900902", "Bearer"},
				"no token but a word":      {"GET", "/pets", []string{bearer("opensesame")}, 401, "900901", `error="invalid_token"`},
				"three empty parts":        {"GET", "/pets", []string{bearer("..")}, 401, "900901", `error="invalid_token"`},
				"a cut token":              {"GET", "/pets", []string{read[:len(read)-1]}, 401, "900901", `error="invalid_token"`},
				"opaque, and nobody knows": {"GET", "/pets", []string{bearer(accessToken(t, idp, "opaque"))}, 401, "900901", `error="invalid_token"`},
				"for another API":          {"GET", "/pets", []string{bearer(accessToken(t, idp, "elsewhere"))}, 401, "900901", `error="invalid_token"`},
				"of an unknown issuer":     {"GET", "/pets", []string{strange}, 401, "900901", `error="invalid_token"`},
				"an ID token":              {"GET", "/bearer", []string{bearer(user.ID)}, 401, "900901", `error="invalid_token"`},
				"an ID token, no nonce":    {"GET", "/bearer", []string{bearer(noNonce.ID)}, 401, "900901", `error="invalid_token"`},
				"an API key of ours":       {"GET", "/bearer", []string{strings.Replace(k, "X-Api-Key: ", "Authorization: Bearer ", 1)}, 401, "900901", `error="invalid_token"`},
				"a token as an API key":    {"GET", "/key", []string{strings.Replace(read, "Authorization: Bearer ", "X-Api-Key: ", 1)}, 401, "900901", "ApiKey"},
			} {
				t.Run(call, func(t *testing.T) {
					g.Upstream.Take()
					a := g.DoWith(client, tc.method, base+tc.target, "", tc.headers...)
					require.Equal(t, tc.status, a.Status, a.Body)
					came := g.Upstream.Take()
					if tc.status != 200 {
						require.Empty(t, came, "the upstream must see nothing")
						require.Contains(t, strings.Join(a.Header.Values("Www-Authenticate"), ", "), tc.challenge)
						require.Contains(t, a.Body, `{"fault":{"code":`+tc.code+`,`)
						return
					}
					require.Len(t, came, 1)
					for _, line := range tc.headers {
						_, value, _ := strings.Cut(line, ": ")
						if tc.target != "/public" {
							require.NotContains(t, came[0], value, "credentials are stripped")
						}
					}
				})
			}
		})
	}
	require.Equal(t, asked, stranger.Total(), "who is not configured is never asked")
}

// TestForgedTokens makes false tokens of a true one, with all that is public.
func TestForgedTokens(t *testing.T) {
	idp := startIDP(t, func(c *authserver.Config) { c.Algorithm = "RS256" })
	g := startPets(t, tokenIssuer(idp))
	token := accessToken(t, idp, "app", "read:pets")
	require.Equal(t, 200, g.Get("/v1/pets", bearer(token)).Status)
	set, err := idp.KeySet()
	require.NoError(t, err)
	var published jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(set, &published))
	modulus := published.Keys[0].Key.(*rsa.PublicKey).N.Bytes()
	attacker, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	keep := func(map[string]any, map[string]any) {}
	algorithm := func(name string) func(header, claims map[string]any) {
		return func(header, _ map[string]any) { header["alg"] = name }
	}
	for name, forged := range map[string]string{
		"no signature":           forge(t, token, algorithm("none"), func(string) []byte { return nil }),
		"none, with a signature": forge(t, token, algorithm("none"), nil),
		"more scopes":            forge(t, token, func(_, claims map[string]any) { claims["scope"] = "write:pets" }, nil),
		"another key":            forge(t, token, keep, signer(t, jose.RS256, attacker)),
		"another algorithm":      forge(t, token, algorithm("PS256"), signer(t, jose.PS256, attacker)),
		"HMAC by the key set":    forge(t, token, algorithm("HS256"), signer(t, jose.HS256, set)),
		"HMAC by the modulus":    forge(t, token, algorithm("HS256"), signer(t, jose.HS256, modulus)),
		"a key that it brings": forge(t, token, func(header, _ map[string]any) {
			header["jwk"] = jose.JSONWebKey{Key: &attacker.PublicKey, KeyID: "own"}
			header["kid"] = "own"
		}, signer(t, jose.RS256, attacker)),
		"no kid": forge(t, token, func(header, _ map[string]any) { delete(header, "kid") }, signer(t, jose.RS256, attacker)),
	} {
		a := g.Get("/v1/pets", bearer(forged))
		require.Equal(t, 401, a.Status, name)
		require.Equal(t, invalidCredentials, a.Body)
	}
	require.Equal(t, 200, g.Get("/v1/pets", bearer(token)).Status)
}

func TestATokenEndsWithItsLife(t *testing.T) {
	idp := startIDP(t)
	g := startPets(t, tokenIssuer(idp))
	token := bearer(accessToken(t, idp, "short"))
	require.Equal(t, 200, g.Get("/v1/pets", token).Status)
	require.Eventually(t, func() bool { return g.Get("/v1/pets", token).Status == 401 }, 10*time.Second, 100*time.Millisecond)
	require.Equal(t, invalidCredentials, g.Get("/v1/pets", token).Body)
}

func TestTheUpstreamLearnsWhoCalls(t *testing.T) {
	idp := startIDP(t)
	g := harness.Start(t, strings.Replace(trusting(tokenIssuer(idp)), "\treverse_proxy", "\trequest_header X-Placeholders \"{http.auth.user.id}|{http.auth.user.scheme}|{http.auth.user.scopes}|{http.auth.user.issuer}|{http.auth.user.key.id}\"\n\treverse_proxy", 1), petsFile())
	user, err := idp.Login("web", "carol", "", "openid", "read:pets")
	require.NoError(t, err)
	k := "X-Api-Key: " + key(t, g, alice)
	g.Upstream.Take()
	require.Equal(t, 200, g.Get("/v1/both", bearer(user.Access), k).Status)
	came := g.Upstream.Take()
	require.Equal(t, []string{"carol"}, harness.Header(came[0], "X-Auth-User"), "the token's user, not the key's")
	require.Equal(t, []string{"openid read:pets"}, harness.Header(came[0], "X-Auth-Scopes"))
	require.Equal(t, []string{"carol|oauth|openid read:pets|" + idp.Issuer + "|alice"}, harness.Header(came[0], "X-Placeholders"))
}
