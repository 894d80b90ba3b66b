package modules_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/stretchr/testify/require"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddymgw/gateway"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

var update = flag.Bool("update", false, "write the golden files anew")

const separator = "----------\n"

// TestAdapt holds each Caddyfile form to its JSON.
func TestAdapt(t *testing.T) {
	files, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	dir, err := filepath.Abs("testdata/adapt")
	require.NoError(t, err)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			input, want, found := strings.Cut(string(content), separator)
			input = strings.TrimSpace(input) + "\n"
			require.Equal(t, string(caddyfile.Format([]byte(input))), input, "caddy fmt")
			adapted, err := harness.Adapt(filepath.Join(dir, "Caddyfile"), input)
			require.NoError(t, err)
			got := strings.ReplaceAll(string(adapted), dir, "DIR") + "\n"
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(input+separator+got), 0o600))
				return
			}
			require.True(t, found, "run with -update")
			require.Equal(t, want, got)
		})
	}
}

// TestAdaptRefuses holds every error of the Caddyfile parsers, with its line.
func TestAdaptRefuses(t *testing.T) {
	site := func(directive string) string { return "http://localhost {\n\t" + directive + "\n}\n" }
	global := func(option string) string { return "{\n\t" + option + "\n}\n" }
	mgw := func(option string) string { return "{\n\tmgw {\n\t\t" + option + "\n\t}\n}\n" }
	keys := func(option string) string { return "{\n\tmgw {\n\t\tapi_keys {\n\t\t\t" + option + "\n\t\t}\n\t}\n}\n" }
	auth := func(option string) string { return site("openapi_auth pets.yaml {\n\t\t" + option + "\n\t}") }
	mtls := func(option string) string { return auth("scheme cert mtls {\n\t\t\t" + option + "\n\t\t}") }
	issuer := func(option string) string { return site("apikey_issuer {\n\t\t" + option + "\n\t}") }
	tokens := func(option string) string { return mgw("token_issuer https://idp.test {\n\t\t\t" + option + "\n\t\t}") }
	jwt := func(option string) string { return auth("scheme oauth jwt {\n\t\t\t" + option + "\n\t\t}") }
	for name, tc := range map[string]struct{ caddyfile, want string }{
		"auth: no document":                {site("openapi_auth"), "Caddyfile:2: openapi_auth wants one argument"},
		"auth: two documents":              {site("openapi_auth a.yaml b.yaml"), "Caddyfile:2: openapi_auth wants one argument"},
		"auth: a matcher":                  {site("openapi_auth /api/* pets.yaml"), "Caddyfile:2: it takes no matcher"},
		"auth: unknown option":             {auth("basepath /v1"), "Caddyfile:3: unrecognized option of openapi_auth: basepath"},
		"auth: twice":                      {auth("base_path /v1\n\t\tbase_path /v2"), "Caddyfile:4: base_path is given twice"},
		"auth: base_path without":          {auth("base_path"), "Caddyfile:3: base_path wants one argument"},
		"auth: base_path with two":         {auth("base_path /a /b"), "Caddyfile:3: base_path wants one argument"},
		"auth: default_security without":   {auth("default_security"), "Caddyfile:3: wrong argument count"},
		"auth: default_security unknown":   {auth("default_security open"), "Caddyfile:3: default_security open: must be oauth2, deny, public, or scheme and names"},
		"auth: default_security scheme":    {auth("default_security scheme"), "Caddyfile:3: default_security scheme: must be"},
		"auth: faults unknown":             {auth("faults json"), "Caddyfile:3: faults json: must be wso2, problem or caddy"},
		"auth: faults without":             {auth("faults"), "Caddyfile:3: faults wants one argument"},
		"auth: auth_header without":        {auth("auth_header"), "Caddyfile:3: auth_header wants one argument"},
		"auth: combine unknown":            {auth("combine all"), "Caddyfile:3: combine all: must be openapi or any"},
		"auth: same_subject with":          {auth("same_subject yes"), "Caddyfile:3: same_subject takes no argument"},
		"auth: backend_jwt without":        {auth("backend_jwt"), "Caddyfile:3: backend_jwt wants a header"},
		"auth: backend_jwt twice":          {auth("backend_jwt A\n\t\tbackend_jwt B"), "Caddyfile:4: backend_jwt is given twice"},
		"auth: backend_jwt, unknown":       {auth("backend_jwt A {\n\t\t\taud x\n\t\t}"), "Caddyfile:4: unrecognized option of backend_jwt: aud"},
		"auth: backend_jwt, dialect":       {auth("backend_jwt A {\n\t\t\tdialect x\n\t\t}"), "Caddyfile:4: dialect: must be wso2"},
		"auth: backend_jwt, audience":      {auth("backend_jwt A {\n\t\t\taudience\n\t\t}"), "Caddyfile:4: wrong argument count"},
		"auth: backend_jwt, validity":      {auth("backend_jwt A {\n\t\t\tvalidity x\n\t\t}"), "Caddyfile:4: x is not a duration above 0"},
		"auth: flag with an argument":      {auth("strip_base_path yes"), "Caddyfile:3: strip_base_path takes no argument"},
		"auth: forward with an argument":   {auth("forward_credentials all"), "Caddyfile:3: forward_credentials takes no argument"},
		"auth: slash with an argument":     {auth("allow_encoded_slash on"), "Caddyfile:3: allow_encoded_slash takes no argument"},
		"auth: semicolon with an argument": {auth("allow_semicolon on"), "Caddyfile:3: allow_semicolon takes no argument"},
		"auth: identity_header with one":   {auth("identity_header X-User"), "Caddyfile:3: identity_header wants a header and a field"},
		"auth: scheme without":             {auth("scheme"), "Caddyfile:3: scheme wants the name of a security scheme and a verifier"},
		"auth: scheme without a verifier":  {auth("scheme key"), "Caddyfile:3: scheme wants the name of a security scheme and a verifier"},
		"auth: scheme twice":               {auth("scheme key api_key\n\t\tscheme key api_key"), "Caddyfile:4: scheme key is given twice"},
		"auth: unknown verifier":           {auth("scheme key magic"), "Caddyfile:3: mgw.verifiers.magic"},
		"auth: verifier with an argument":  {auth("scheme key api_key x"), "Caddyfile:3: api_key takes no argument"},
		"auth: caddy without a provider":   {auth("scheme login caddy"), "Caddyfile:3: caddy wants a block with an authentication provider"},
		"auth: caddy with two":             {auth("scheme login caddy {\n\t\t\tmgw_test_portal a\n\t\t\tmgw_test_portal b\n\t\t}"), "Caddyfile:5: one authentication provider is enough"},
		"auth: caddy with an unknown one":  {auth("scheme login caddy {\n\t\t\tmagic\n\t\t}"), "Caddyfile:4: module not registered: http.authentication.providers.magic"},
		"auth: verifier with an option":    {auth("scheme login basic {\n\t\t\trealm x\n\t\t}"), "Caddyfile:4: unrecognized option: realm; there are none"},
		"mtls: an argument":                {auth("scheme cert mtls partner-*"), "Caddyfile:3: mtls takes no argument"},
		"mtls: unknown option":             {mtls("common_names a"), "Caddyfile:4: unrecognized option of mtls: common_names"},
		"mtls: twice":                      {mtls("sans a\n\t\t\tsans b"), "Caddyfile:5: sans is given twice"},
		"mtls: common_name without":        {mtls("common_name"), "Caddyfile:4: wrong argument count"},
		"mtls: issuers without":            {mtls("issuers"), "Caddyfile:4: wrong argument count"},
		"mtls: fingerprints without":       {mtls("fingerprints"), "Caddyfile:4: wrong argument count"},
		"mtls: header without":             {mtls("header"), "Caddyfile:4: header wants one argument"},
		"mtls: header twice":               {mtls("header A {\n\t\t\t\ttrust_pool file a.pem\n\t\t\t}\n\t\t\theader B"), "Caddyfile:7: header is given twice"},
		"mtls: header with no block":       {mtls("header Client-Cert"), "Caddyfile:4: header Client-Cert wants a trust_pool"},
		"mtls: header: unknown option":     {mtls("header A {\n\t\t\t\tfrom b\n\t\t\t}"), "Caddyfile:5: unrecognized option of header: from"},
		"mtls: header: twice":              {mtls("header A {\n\t\t\t\tsans b\n\t\t\t\tsans c\n\t\t\t}"), "Caddyfile:6: sans is given twice"},
		"mtls: header: sans without":       {mtls("header A {\n\t\t\t\tsans\n\t\t\t}"), "Caddyfile:5: wrong argument count"},
		"mtls: header: trust_pool without": {mtls("header A {\n\t\t\t\ttrust_pool\n\t\t\t}"), "Caddyfile:5: trust_pool wants a module and its options"},
		"mtls: header: unknown trust_pool": {mtls("header A {\n\t\t\t\ttrust_pool magic\n\t\t\t}"), "Caddyfile:5: tls.ca_pool.source.magic"},
		"mtls: header: no file":            {mtls("header A {\n\t\t\t\ttrust_pool file\n\t\t\t}"), "Caddyfile:5: no certificates specified"},
		"issuer: an argument":              {site("apikey_issuer /keys"), "Caddyfile:2: apikey_issuer takes no argument"},
		"issuer: unknown option":           {issuer("paths /a"), "Caddyfile:3: unrecognized option of apikey_issuer: paths"},
		"issuer: twice":                    {issuer("path /a\n\t\tpath /b"), "Caddyfile:4: path is given twice"},
		"issuer: path without":             {issuer("path"), "Caddyfile:3: path wants one argument"},
		"issuer: no duration":              {issuer("validity soon"), "Caddyfile:3: soon is not a duration above 0"},
		"issuer: no life":                  {issuer("validity 0s"), "Caddyfile:3: 0s is not a duration above 0"},
		"issuer: api without":              {issuer("api"), "Caddyfile:3: api wants the name of an API"},
		"issuer: users without":            {issuer("users"), "Caddyfile:3: wrong argument count"},
		"issuer: flag with an argument":    {issuer("allow_http yes"), "Caddyfile:3: allow_http takes no argument"},
		"mgw: an argument":                 {global("mgw on"), "Caddyfile:2: wrong argument count"},
		"mgw: twice":                       {global("mgw {\n\t}\n\tmgw {\n\t}"), "Caddyfile:4: the mgw option is given twice"},
		"mgw: unknown option":              {mgw("usr a b"), "Caddyfile:3: unrecognized option of mgw: usr"},
		"mgw: legacy_hashes with":          {mgw("legacy_hashes yes"), "Caddyfile:3: legacy_hashes takes no argument"},
		"mgw: leeway twice":                {mgw("leeway 1s\n\t\tleeway 2s"), "Caddyfile:4: leeway is given twice"},
		"mgw: leeway negative":             {mgw("leeway -1s"), "Caddyfile:3: -1s is not a duration above 0"},
		"mgw: users_file without":          {mgw("users_file"), "Caddyfile:3: users_file wants one argument"},
		"mgw: user without a hash":         {mgw("user admin"), "Caddyfile:3: user wants a name and the hash of a password"},
		"mgw: user with three":             {mgw("user admin hash more"), "Caddyfile:3: user wants no more than a name and a hash"},
		"mgw: user with an unknown option": {mgw("user a h {\n\t\t\trole x\n\t\t}"), "Caddyfile:4: unrecognized option of user: role"},
		"mgw: user with scopes twice":      {mgw("user a h {\n\t\t\tscopes a\n\t\t\tscopes b\n\t\t}"), "Caddyfile:5: scopes is given twice"},
		"mgw: user with no scopes":         {mgw("user a h {\n\t\t\tscopes\n\t\t}"), "Caddyfile:4: wrong argument count"},
		"mgw: user with no apis":           {mgw("user a h {\n\t\t\tapis\n\t\t}"), "Caddyfile:4: apis wants the name of an API"},
		"api_keys: an argument":            {mgw("api_keys on"), "Caddyfile:3: wrong argument count"},
		"api_keys: twice":                  {mgw("api_keys {\n\t\t}\n\t\tapi_keys {\n\t\t}"), "Caddyfile:5: api_keys is given twice"},
		"api_keys: unknown option":         {keys("rotate 1d"), "Caddyfile:4: unrecognized option of api_keys: rotate"},
		"api_keys: issuer twice":           {keys("issuer a\n\t\t\tissuer b"), "Caddyfile:5: issuer is given twice"},
		"api_keys: trust without":          {keys("trust"), "Caddyfile:4: trust wants the claim iss of the keys"},
		"api_keys: trust, unknown":         {keys("trust a {\n\t\t\t\turl x\n\t\t\t}"), "Caddyfile:5: unrecognized option of trust: url"},
		"api_keys: trust, twice":           {keys("trust a {\n\t\t\t\tjwks_url x\n\t\t\t\tjwks_url y\n\t\t\t}"), "Caddyfile:6: jwks_url is given twice"},
		"api_keys: no duration":            {keys("validity forever"), "Caddyfile:4: forever is not a duration above 0"},
		"api_keys: algorithm without":      {keys("algorithm"), "Caddyfile:4: algorithm wants one argument"},
		"api_keys: flag with an argument":  {keys("require_listed_apis yes"), "Caddyfile:4: require_listed_apis takes no argument"},
		"token_issuer: no iss":             {mgw("token_issuer {\n\t\t\taudience x\n\t\t}"), "Caddyfile:3: token_issuer wants the claim iss of its tokens"},
		"token_issuer: two iss":            {mgw("token_issuer https://a.test https://b.test"), "Caddyfile:3: token_issuer wants the claim iss of its tokens"},
		"token_issuer: unknown option":     {tokens("jwks https://idp.test/jwks"), "Caddyfile:4: unrecognized option of token_issuer: jwks"},
		"token_issuer: option twice":       {tokens("audience a\n\t\t\taudience b"), "Caddyfile:5: audience is given twice"},
		"token_issuer: jwks_url without":   {tokens("jwks_url"), "Caddyfile:4: jwks_url wants one argument"},
		"token_issuer: two jwks_url":       {tokens("jwks_url https://a.test https://b.test"), "Caddyfile:4: jwks_url wants one argument"},
		"token_issuer: key_file without":   {tokens("key_file"), "Caddyfile:4: key_file wants one argument"},
		"token_issuer: typ without":        {tokens("typ"), "Caddyfile:4: wrong argument count"},
		"token_issuer: audience without":   {tokens("audience"), "Caddyfile:4: wrong argument count"},
		"token_issuer: algorithms without": {tokens("algorithms"), "Caddyfile:4: wrong argument count"},
		"token_issuer: scope_claim":        {tokens("scope_claim"), "Caddyfile:4: wrong argument count"},
		"token_issuer: map_scope with one": {tokens("map_scope a"), "Caddyfile:4: map_scope wants a scope of the token and the one that documents use for it"},
		"token_issuer: map_scope twice":    {tokens("map_scope a b\n\t\t\tmap_scope a c"), "Caddyfile:5: map_scope a is given twice"},
		"token_issuer: roles_claim":        {tokens("roles_claim a b"), "Caddyfile:4: roles_claim wants one argument"},
		"token_issuer: max_stale":          {tokens("max_stale never"), "Caddyfile:4: never is not a duration above 0"},
		"token_issuer: introspect":         {tokens("introspect https://idp.test/introspect gw"), "Caddyfile:4: introspect wants a URL, a client id and a client secret such as {env.GW_SECRET}"},
		"introspect: a fourth argument":    {tokens("introspect https://idp.test/introspect gw s x"), "Caddyfile:4: introspect wants a URL"},
		"introspect: unknown option":       {tokens("introspect https://idp.test/i gw s {\n\t\t\t\ttimeout 5s\n\t\t\t}"), "Caddyfile:5: unrecognized option of introspect: timeout"},
		"introspect: no duration":          {tokens("introspect https://idp.test/i gw s {\n\t\t\t\tcache_for 0s\n\t\t\t}"), "Caddyfile:5: 0s is not a duration above 0"},
		"introspect: cache_for twice":      {tokens("introspect https://idp.test/i gw s {\n\t\t\t\tcache_for 5s\n\t\t\t\tcache_for 6s\n\t\t\t}"), "Caddyfile:6: cache_for is given twice"},
		"jwt: an argument":                 {auth("scheme oauth jwt https://idp.test"), "Caddyfile:3: jwt takes no argument"},
		"jwt: unknown option":              {jwt("audience x"), "Caddyfile:4: unrecognized option of jwt: audience"},
		"jwt: issuers without":             {jwt("issuers"), "Caddyfile:4: wrong argument count"},
		"jwt: issuers twice":               {jwt("issuers a\n\t\t\tissuers b"), "Caddyfile:5: issuers is given twice"},
		"auth: resource without":           {auth("resource"), "Caddyfile:3: resource wants one argument"},
		"auth: resource twice":             {auth("resource https://a.test\n\t\tresource https://b.test"), "Caddyfile:4: resource is given twice"},
		"log filter: an argument":          {"{\n\tlog {\n\t\tformat filter {\n\t\t\trequest mgw all\n\t\t}\n\t}\n}\n", "Caddyfile:4: mgw takes no argument"},
		"log filter: an option":            {"{\n\tlog {\n\t\tformat filter {\n\t\t\trequest mgw {\n\t\t\t\tx\n\t\t\t}\n\t\t}\n\t}\n}\n", "Caddyfile:5: unrecognized option: x"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := harness.Adapt("testdata/adapt/Caddyfile", tc.caddyfile)
			at, text, _ := strings.Cut(tc.want, ": ")
			require.ErrorContains(t, err, text)
			require.ErrorContains(t, err, ", at testdata/adapt/"+at)
		})
	}
}
