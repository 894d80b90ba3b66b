package modules_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// TestLoadRefuses holds what is found wrong only when a configuration is
// provisioned, as `caddy validate` does.
func TestLoadRefuses(t *testing.T) {
	mgw := func(options string) string { return "{\n\t$GLOBAL\n\tmgw {\n\t\t" + options + "\n\t}\n}\n" }
	tokens := func(options string) string {
		return mgw("token_issuer https://idp.test {\n\t\t\t" + options + "\n\t\t}")
	}
	introspect := func(arguments string) string { return tokens("audience x\n\t\t\tintrospect " + arguments) }
	const secretKey = `{"kty":"oct","k":"aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi0"}`
	site := func(directives string) string { return "$SITE {\n\t" + directives + "\n}\n" }
	withUsers := func(directives string) string { return mgw(users) + site(directives) }
	document := func(name, replace, by string) map[string]string {
		return map[string]string{name: strings.Replace(shop, replace, by, 1)}
	}
	shopFile := map[string]string{"shop.yaml": shop}
	const hash = "$argon2id$v=19$m=47104,t=1,p=1$vSYqwLCTcow96lBhOHDkPA$9DmzSp3V3038DuyEuGSMmB0/w7z3eNRxW9c8kYbLYlI"
	for name, tc := range map[string]struct {
		caddyfile string
		files     map[string]string
		want      []string
	}{
		"no document": {site("openapi_auth none.yaml"), nil, []string{"none.yaml", "no such file"}},
		"a misspelt scheme": {
			site("openapi_auth shop.yaml"), document("shop.yaml", "login: []", "logn: []"),
			[]string{"shop.yaml:", "logn", "/paths/~1pets~1findByStatus/get/security"},
		},
		"an underscore header": {
			site("openapi_auth shop.yaml"), document("shop.yaml", "X-API-Key", "petstore_key"),
			[]string{`scheme header reads the header petstore_key, which Caddy drops: add to the global options: servers { expected_underscore_headers petstore_key } (JSON:`, "Caddy then drops Petstore-Key instead"},
		},
		"a dotted header": {
			site("openapi_auth shop.yaml"), document("shop.yaml", "X-API-Key", "pet.key"),
			[]string{`add to the global options: servers { expected_dot_headers pet.key }`},
		},
		"a scheme that the document lacks":   {site("openapi_auth shop.yaml {\n\t\tscheme heder api_key\n\t}"), shopFile, []string{"scheme heder: the document", "declares no such scheme: there are "}},
		"an identity header that is none":    {site("openapi_auth shop.yaml {\n\t\tidentity_header \"X User\" subject\n\t}"), shopFile, []string{`identity_header "X User": not a header name`}},
		"an auth header that is none":        {site("openapi_auth shop.yaml {\n\t\tauth_header \"X A\"\n\t}"), shopFile, []string{`auth_header "X A": not a header name`}},
		"a backend JWT in no header":         {site("openapi_auth shop.yaml {\n\t\tbackend_jwt \"X A\"\n\t}"), shopFile, []string{`backend_jwt "X A": not a header name`}},
		"a backend JWT that lives too long":  {site("openapi_auth shop.yaml {\n\t\tbackend_jwt X-A {\n\t\t\tvalidity 2h\n\t\t}\n\t}"), shopFile, []string{"backend_jwt: validity 2h0m0s: must be between 1s and 1h"}},
		"a verifier of another kind":         {withUsers("openapi_auth shop.yaml {\n\t\tscheme login api_key\n\t}"), shopFile, []string{"scheme login: api_key verifies schemes of the type apiKey"}},
		"basic for a key":                    {withUsers("openapi_auth shop.yaml {\n\t\tscheme header basic\n\t}"), shopFile, []string{"scheme header: basic verifies schemes of the type http, scheme basic"}},
		"jwt for a key":                      {withUsers("openapi_auth shop.yaml {\n\t\tscheme header jwt\n\t}"), shopFile, []string{"scheme header: jwt verifies schemes of the types oauth2"}},
		"an identity in a proxy's header":    {site("openapi_auth shop.yaml {\n\t\tidentity_header X-Forwarded-For subject\n\t}"), shopFile, []string{"identity_header X-Forwarded-For: the proxy or the request itself needs this header"}},
		"two identities in one header":       {site("openapi_auth shop.yaml {\n\t\tidentity_header X-User subject\n\t\tidentity_header x_user issuer\n\t}"), shopFile, []string{"identity_header x_user: this header is set already"}},
		"a backend JWT in Host":              {site("openapi_auth shop.yaml {\n\t\tbackend_jwt Host\n\t}"), shopFile, []string{"backend_jwt Host: the proxy or the request itself needs this header"}},
		"a key header that never arrives":    {site("openapi_auth shop.yaml"), document("shop.yaml", "X-API-Key", "Host"), []string{"the header Host belongs to the connection and never holds a key"}},
		"a hyphenated header, shadowed":      {"{\n\t$GLOBAL\n\tservers {\n\t\texpected_underscore_headers x_api_key\n\t}\n}\n" + site("openapi_auth shop.yaml"), shopFile, []string{"scheme header reads the header X-Api-Key, which Caddy drops where a server expects x_api_key"}},
		"an unknown transport":               {site("openapi_auth shop.yaml"), map[string]string{"shop.yaml": shop + "x-wso2-transports: [ws]\n"}, []string{`"ws" is no transport`}},
		"an identity field that is none":     {site("openapi_auth shop.yaml {\n\t\tidentity_header X-User name\n\t}"), shopFile, []string{"identity_header X-User: field \"name\" is none of api, operation, subject"}},
		"identity fields side by side":       {site("openapi_auth shop.yaml {\n\t\tidentity_header X-User \"<subject><scopes>\"\n\t}"), shopFile, []string{"identity_header X-User: between <subject> and the next field there must be a character other than letters, digits and %"}},
		"a typ that is no access token's":    {tokens("audience x\n\t\t\ttyp logout+jwt"), nil, []string{"typ \"logout+jwt\" is none of an access token: there are at+jwt and JWT"}},
		"a base path that is none":           {site("openapi_auth shop.yaml {\n\t\tbase_path /a/../b\n\t}"), shopFile, []string{`base_path "/a/../b"`, "is not canonical"}},
		"an unknown default scheme":          {site("openapi_auth shop.yaml {\n\t\tdefault_security scheme none\n\t}"), shopFile, []string{"none"}},
		"two documents of one name":          {site("handle /a/* {\n\t\topenapi_auth shop.yaml\n\t}\n\thandle {\n\t\topenapi_auth other.yaml\n\t}"), map[string]string{"shop.yaml": shop, "other.yaml": shop}, []string{"shop.yaml", "other.yaml", `both are API "Shop" version "1.0.0"`, "change info.title or info.version"}},
		"an issuer without users":            {site("apikey_issuer"), nil, []string{"apikey_issuer: no user is configured who could log in"}},
		"an issuer of unknown users":         {withUsers("apikey_issuer {\n\t\tusers alice zoe\n\t}"), nil, []string{"apikey_issuer: users: there is no user zoe"}},
		"an issuer at the root":              {withUsers("apikey_issuer {\n\t\tpath /\n\t}"), nil, []string{`apikey_issuer: path "/"`}},
		"an issuer at no path":               {withUsers("apikey_issuer {\n\t\tpath keys\n\t}"), nil, []string{`apikey_issuer: path "keys"`}},
		"an issuer whose keys live longer":   {withUsers("apikey_issuer {\n\t\tvalidity 91d\n\t}"), nil, []string{"validity 2184h0m0s is longer than that of api_keys, 2160h0m0s"}},
		"a leeway too long":                  {mgw("leeway 61s"), nil, []string{"leeway 1m1s: must be between 0 and 1m0s"}},
		"a user twice":                       {mgw("user a " + hash + "\n\t\tuser a " + hash), nil, []string{`user "a" is named twice`}},
		"a user with a plain password":       {mgw("user a hunter2"), nil, []string{`user "a"`, "neither argon2id nor bcrypt"}},
		"a user with a weak hash":            {mgw("user a $2a$04$wn7woFbyCfu4bagVs.Ul3uQRp6AIr.4VlmZgVsRRXpv0jXwUkLXai"), nil, []string{`user "a"`, "cost"}},
		"a user with a hash of WSO2":         {mgw("user a @sha256:{5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8}"), nil, []string{`user "a"`, "or say legacy_hashes while you migrate"}},
		"a user with a colon":                {mgw("user a:b " + hash), nil, []string{`user "a:b"`}},
		"a hash from an unset variable":      {mgw("user a {env.MGW_TEST_UNSET}"), nil, []string{"user a: hash", "MGW_TEST_UNSET"}},
		"a users file that is not there":     {mgw("users_file none"), nil, []string{"users_file", "none", "no such file"}},
		"a users file with MD5":              {mgw("users_file htpasswd"), map[string]string{"htpasswd": "# ours\nzoe:$apr1$salt$abcdefgh\n"}, []string{"users_file", "htpasswd:2"}},
		"an algorithm that is none":          {mgw("api_keys {\n\t\t\talgorithm HS256\n\t\t}"), nil, []string{"api_keys: algorithm HS256 is not known: use ES256, ES384, EdDSA, RS256 or PS256"}},
		"trust in ourselves":                 {mgw("api_keys {\n\t\t\ttrust caddymgw {\n\t\t\t\tjwks_url https://a.test\n\t\t\t}\n\t\t}"), nil, []string{"api_keys: caddymgw is the issuer of the keys of this gateway"}},
		"trust without keys":                 {mgw("api_keys {\n\t\t\ttrust somebody\n\t\t}"), nil, []string{"api_keys: trust somebody", "add jwks_url or key_file"}},
		"a life below a second":              {mgw("api_keys {\n\t\t\tvalidity 10ms\n\t\t}"), nil, []string{"api_keys: validity 10ms: must be a second at least"}},
		"a signing key in the configuration": {mgw("api_keys {\n\t\t\tsigning_key \"-----BEGIN PRIVATE KEY-----\"\n\t\t}"), nil, []string{"signing_key: a private key in the configuration", "write {file./path}"}},
		"a signing key that is not there":    {mgw("api_keys {\n\t\t\tsigning_key {file.$DIR/none.pem}\n\t\t}"), nil, []string{"api_keys: signing_key", "none.pem", "no such file"}},
		"a signing key that is empty":        {mgw("api_keys {\n\t\t\tsigning_key {file.$DIR/k.pem}\n\t\t}"), map[string]string{"k.pem": ""}, []string{"api_keys: signing_key"}},
		"a signing key of another kind":      {mgw("api_keys {\n\t\t\talgorithm RS256\n\t\t\tsigning_key {file.$DIR/k.pem}\n\t\t}"), map[string]string{"k.pem": ecKey}, []string{"algorithm RS256 does not fit the key"}},
		"tokens for whomever":                {tokens("max_stale 1h"), nil, []string{"token_issuer https://idp.test: audience is missing: without one, tokens that are meant for others would be accepted (audience * allows that)"}},
		"tokens for whomever, and others":    {tokens("audience * x"), nil, []string{"audience *: name no others beside it"}},
		"tokens for nobody":                  {tokens("audience \"\""), nil, []string{"an audience is empty"}},
		"tokens by an unknown algorithm":     {tokens("audience x\n\t\t\talgorithms ES256 none"), nil, []string{`algorithm "none" is not known: there are`, "EdDSA"}},
		"tokens by plain http":               {mgw("token_issuer http://idp.test {\n\t\t\taudience x\n\t\t}"), nil, []string{"token_issuer http://idp.test: its keys can't be discovered below the issuer", "http is for loopback addresses only", "add jwks_url or key_file"}},
		"tokens of who is no URL":            {mgw("token_issuer ours {\n\t\t\taudience x\n\t\t}"), nil, []string{"token_issuer ours: its keys can't be discovered below the issuer", "add jwks_url or key_file"}},
		"tokens of an issuer twice":          {mgw("token_issuer https://a.test {\n\t\t\taudience x\n\t\t}\n\t\ttoken_issuer https://a.test {\n\t\t\taudience y\n\t\t}"), nil, []string{"token_issuer https://a.test: it is given twice"}},
		"tokens of the API keys' issuer":     {mgw("token_issuer caddymgw {\n\t\t\taudience x\n\t\t\tjwks_url https://idp.test/jwks\n\t\t}"), nil, []string{"caddymgw", "this is the issuer of the API keys of this gateway: give one of them another name"}},
		"keys by plain http":                 {tokens("audience x\n\t\t\tjwks_url http://idp.test/jwks"), nil, []string{"jwks_url: http is for loopback addresses only: use https"}},
		"keys from a file by URL":            {tokens("audience x\n\t\t\tjwks_url file:///etc/keys.json"), nil, []string{"jwks_url: the URL must begin with https://"}},
		"keys behind a password":             {tokens("audience x\n\t\t\tjwks_url https://a:hunter2@idp.test/jwks"), nil, []string{"jwks_url: the URL must not hold a user or password"}},
		"keys from two places":               {tokens("audience x\n\t\t\tjwks_url https://idp.test/jwks\n\t\t\tkey_file k.pem"), map[string]string{"k.pem": ecKey}, []string{"jwks_url and key_file: name one of them"}},
		"keys that are trusted too briefly":  {tokens("audience x\n\t\t\tmax_stale 1s"), nil, []string{"keys can't be trusted for less than two seconds"}},
		"a key file that is not there":       {tokens("audience x\n\t\t\tkey_file none.pem"), nil, []string{"key_file", "none.pem", "no such file"}},
		"a key file that is empty":           {tokens("audience x\n\t\t\tkey_file k.pem"), map[string]string{"k.pem": ""}, []string{"key_file", "k.pem: it is empty"}},
		"a key file with a private key":      {tokens("audience x\n\t\t\tkey_file k.pem"), map[string]string{"k.pem": ecKey}, []string{"k.pem: it holds a private key, and a public one is wanted"}},
		"a key file with a secret, unnamed":  {tokens("audience x\n\t\t\tkey_file k.json"), map[string]string{"k.json": secretKey}, []string{"k.json: no key in it is for an algorithm that is allowed (those of HMAC must be named, as in: algorithms HS256)"}},
		"a key file for other algorithms":    {tokens("audience x\n\t\t\tkey_file k.json\n\t\t\talgorithms RS256"), map[string]string{"k.json": secretKey}, []string{"k.json: no key in it is for an algorithm that is allowed"}},
		"a key file that grows old":          {tokens("audience x\n\t\t\tkey_file k.json\n\t\t\talgorithms HS256\n\t\t\tmax_stale 1h"), map[string]string{"k.json": secretKey}, []string{"max_stale: the keys of a key_file do not age"}},
		"introspection by plain http":        {introspect("http://idp.test/introspect gw {env.PATH}"), nil, []string{"introspection: the URL must be https: tokens and the client secret are sent there"}},
		"introspection at no URL":            {introspect("/introspect gw {env.PATH}"), nil, []string{"introspection: the URL is none"}},
		"introspection with an empty secret": {introspect("https://idp.test/introspect gw \"\""), nil, []string{"introspect"}},
		"introspection with its secret":      {introspect("https://idp.test/introspect gw hunter2"), nil, []string{"introspect: the secret: in the configuration it can be read at the admin API: write {env.NAME} or {file./path}"}},
		"introspection with an unset secret": {introspect("https://idp.test/introspect gw {env.MGW_TEST_UNSET}"), nil, []string{"introspect: the secret", "MGW_TEST_UNSET"}},
		"introspection with a missing file":  {introspect("https://idp.test/introspect gw {file.$DIR/none}"), nil, []string{"introspect: the secret"}},
		"introspection by two":               {mgw("token_issuer https://a.test {\n\t\t\taudience x\n\t\t\tintrospect https://a.test/i gw {env.PATH}\n\t\t}\n\t\ttoken_issuer https://b.test {\n\t\t\taudience x\n\t\t\tintrospect https://b.test/i gw {env.PATH}\n\t\t}"), nil, []string{"https://b.test", `introspection is already that of "https://a.test": an opaque token does not say whose it is`}},
		"a scheme that trusts a stranger":    {tokens("audience x") + site("openapi_auth shop.yaml {\n\t\tscheme token jwt {\n\t\t\tissuers https://b.test\n\t\t}\n\t}"), shopFile, []string{"there is no token_issuer https://b.test"}},
		"a key's place for tokens":           {tokens("audience x") + site("openapi_auth shop.yaml {\n\t\tscheme header jwt\n\t}"), shopFile, []string{"scheme header: jwt verifies schemes of the types oauth2, openIdConnect, and http with the scheme bearer"}},
		"a resource that is no URL":          {site("openapi_auth shop.yaml {\n\t\tresource /v1\n\t}"), shopFile, []string{`resource "/v1": must be a URL such as https://api.example.com/v1`}},
		"a public key":                       {mgw("api_keys {\n\t\t\tsigning_key {file.$DIR/k.pem}\n\t\t}"), map[string]string{"k.pem": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}, []string{"it holds no private key"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := harness.New(t, tc.files).Validate(tc.caddyfile)
			for _, want := range tc.want {
				require.ErrorContains(t, err, want)
			}
			for _, secret := range []string{"hunter2", "vSYqwLCT", "wn7woFby", "abcdefgh", "MIG"} {
				require.NotContains(t, err.Error(), secret)
			}
		})
	}
}

const ecKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2
OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r
1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G
-----END PRIVATE KEY-----
`

func TestASigningKeyThatEverybodyCanReadIsRefused(t *testing.T) {
	g := harness.New(t, map[string]string{"k.pem": ecKey})
	caddyfile := "{\n\t$GLOBAL\n\tmgw {\n\t\tapi_keys {\n\t\t\tsigning_key {file.$DIR/k.pem}\n\t\t}\n\t}\n}\n"
	require.NoError(t, g.Validate(caddyfile))
	require.NoError(t, os.Chmod(filepath.Join(g.Dir, "k.pem"), 0o604))
	require.ErrorContains(t, g.Validate(caddyfile), "can be read by everybody: chmod o= it")
}

// TestJSONIsStrict holds that a misspelt member of the JSON is an error too.
func TestJSONIsStrict(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	config, err := g.Adapt(shopCaddyfile)
	require.NoError(t, err)
	require.NoError(t, harness.ValidateJSON(config))
	for from, to := range map[string]string{
		`"identity_headers"`: `"identity_header"`,
		`"users": [`:         `"user": [`,
		`"scopes": [`:        `"scope": [`,
		`"document":`:        `"documents":`,
		`"filter": "mgw"`:    `"filter": "mgw", "all": true`,
	} {
		require.Contains(t, string(config), from)
		require.ErrorContains(t, harness.ValidateJSON(bytes.Replace(config, []byte(from), []byte(to), 1)), "unknown field", to)
	}
	require.ErrorContains(t, harness.ValidateJSON(bytes.Replace(config, []byte(`"handler": "openapi_auth"`), []byte(`"handler": "openapi_auth", "faults": "html"`), 1)),
		`faults "html": must be wso2, problem or caddy`)
}

// TestValidateHasNoEffects holds that provisioning makes no key and opens nothing.
func TestValidateHasNoEffects(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	require.NoError(t, g.Validate(shopCaddyfile))
	_, err := os.Stat(filepath.Join(g.Dir, "data", "mgw"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
