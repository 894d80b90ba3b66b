package modules_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
	_ "github.com/caddymgw/gateway/modules/openapiadapter"
)

// adaptDocument runs the adapter openapi on a file. A warning is an error.
func adaptDocument(t testing.TB, file string) ([]byte, error) {
	t.Helper()
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	config, warnings, err := caddyconfig.GetAdapter("openapi").Adapt(body, map[string]any{"filename": file})
	require.Empty(t, warnings)
	return config, err
}

// TestAdaptDocuments holds each document of the folder to its JSON.
func TestAdaptDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/openapi/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	dir, err := filepath.Abs("testdata/openapi")
	require.NoError(t, err)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			config, err := adaptDocument(t, file)
			require.NoError(t, err)
			var indented bytes.Buffer
			require.NoError(t, json.Indent(&indented, config, "", "\t"))
			got := strings.ReplaceAll(indented.String(), dir, "DIR") + "\n"
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err, "run with -update")
			require.Equal(t, string(want), got)
		})
	}
}

const minimal = "openapi: 3.1.0\ninfo: {title: A, version: '1'}\nservers: [{url: 'http://127.0.0.1:1/v1'}]\nsecurity: []\npaths: {/x: {get: {operationId: x}}}\n"

func TestMembersThatCannotBeFollowedAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ members, want string }{
		"an unknown member":           {"x-caddymgw-adddress: localhost", "a.yaml:6: /x-caddymgw-adddress: there is no member x-caddymgw-adddress here: did you mean x-caddymgw-address?"},
		"another case":                {"X-CaddyMGW-Users: {}", "a.yaml:6: /X-CaddyMGW-Users: there is no member X-CaddyMGW-Users here: did you mean x-caddymgw-users?"},
		"an unknown option":           {"x-caddymgw-options: {default_securty: deny}", "a.yaml:6: /x-caddymgw-options/default_securty: there is no member default_securty here: did you mean default_security?"},
		"a wrong type":                {"x-caddymgw-options:\n  same_subject: 'yes'", "a.yaml:7: /x-caddymgw-options/same_subject: must be true or false, is a string"},
		"a number for a text":         {"x-caddymgw-upstreams: [8080]", "a.yaml:6: /x-caddymgw-upstreams/0: must be a string, is a number"},
		"a number for a list":         {"x-caddymgw-upstreams: 8080", "a.yaml:6: /x-caddymgw-upstreams: must be a string or a list, is a number"},
		"null":                        {"x-caddymgw-users:", "a.yaml:6: /x-caddymgw-users: must be an object, is null"},
		"an empty list":               {"x-caddymgw-address: []", "a.yaml:6: /x-caddymgw-address: minItems"},
		"an unknown value":            {"x-caddymgw-options: {faults: json}", "a.yaml:6: /x-caddymgw-options/faults: value must be one of 'wso2', 'problem', 'caddy'"},
		"a user without a hash":       {"x-caddymgw-users: {admin: {}}", "a.yaml:6: /x-caddymgw-users/admin: the member hash is missing"},
		"a hash in the document":      {"x-caddymgw-users: {admin: {hash: $2a$10$wn7woFbyCfu4bagVs}}", "a.yaml:6: /x-caddymgw-users/admin/hash: must be a reference such as {env.NAME} or {file./run/secrets/name}: no secret stands in a document"},
		"a key in the document":       {"x-caddymgw-api-keys: {signing_key: secret}", "a.yaml:6: /x-caddymgw-api-keys/signing_key: must be a reference"},
		"tokens for no audience":      {"x-caddymgw-token-issuers: {'https://idp.test': {}}", "a.yaml:6: /x-caddymgw-token-issuers/https:~1~1idp.test: the member audience is missing"},
		"a duration that is none":     {"x-caddymgw-api-keys: {validity: soon}", "a.yaml:6: /x-caddymgw-api-keys/validity: must be a duration such as 10m, 1h or 90d"},
		"a member twice":              {"x-caddymgw-issuer: true\nx-caddymgw-issuer: false", `stands twice`},
		"a member twice below":        {"x-caddymgw-options: {faults: wso2, faults: caddy}", `a.yaml:6: /x-caddymgw-options: the member "faults" stands twice`},
		"two lines in one":            {`x-caddymgw-upstreams: "a:1\n}\nfile_server"`, "a.yaml:6: /x-caddymgw-upstreams: must be one line of text, without backquotes"},
		"a backquote":                 {"x-caddymgw-upstreams: ['a` b']", "a.yaml:6: /x-caddymgw-upstreams/0: must be one line of text, without backquotes"},
		"a backquote in a name":       {"x-caddymgw-users: {'a` b': {hash: '{env.H}'}}", "can't be written"},
		"a line in a name":            {"x-caddymgw-users: {\"a\\nb\": {hash: '{env.H}'}}", "can't be written"},
		"a variable of the Caddyfile": {"x-caddymgw-options: {auth_header: '{$HOME}'}", "can't be written: {$NAME} is for Caddyfiles, write {env.NAME}"},
		"a brace as an address":       {"x-caddymgw-address: '{'", `a.yaml:6: /x-caddymgw-address: "{" is no address of a site`},
		"an address with a path":      {"x-caddymgw-address: localhost/v1", "is no address of a site"},
		"an address with words":       {"x-caddymgw-address: 'a { respond x }'", "is no address of a site"},
		"an address that imports":     {"x-caddymgw-address: import", "is no address of a site"},
		"in the info":                 {"paths-x: 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.yaml")
			content := minimal + tc.members + "\n"
			want := tc.want
			if want == "" {
				content = strings.Replace(minimal, "version: '1'", "version: '1', x-caddymgw-issuer: true", 1)
				want = "a.yaml:2: /info/x-caddymgw-issuer: x-caddymgw-issuer has a meaning at the top of the document only: write it there"
			}
			require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
			_, err := adaptDocument(t, file)
			require.ErrorContains(t, err, want)
			require.NotContains(t, err.Error(), "$2a$10")
		})
	}
	for name, replace := range map[string][2]string{
		"at a path":         {"/x: {get", "/x: {x-caddymgw-upstreams: a, get"},
		"at an operation":   {"operationId: x", "operationId: x, x-caddymgw-upstreams: a"},
		"in the components": {"security: []", "security: []\ncomponents: {x-caddymgw-upstreams: a}"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.yaml")
			require.NoError(t, os.WriteFile(file, []byte(strings.Replace(minimal, replace[0], replace[1], 1)), 0o600))
			_, err := adaptDocument(t, file)
			require.ErrorContains(t, err, "x-caddymgw-upstreams has a meaning at the top of the document only")
		})
	}
}

// TestTheMembersAreDescribed holds the page to the schema, both ways.
func TestTheMembersAreDescribed(t *testing.T) {
	page, err := os.ReadFile("../docs/adapter.md")
	require.NoError(t, err)
	raw, err := os.ReadFile("openapiadapter/members.schema.json")
	require.NoError(t, err)
	type object struct {
		Description          string            `json:"description"`
		Properties           map[string]object `json:"properties"`
		AdditionalProperties json.RawMessage   `json:"additionalProperties"`
	}
	var schema object
	require.NoError(t, json.Unmarshal(raw, &schema))
	rows := map[string]string{}
	for line := range strings.Lines(string(page)) {
		if name, row, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` | "); ok && strings.HasPrefix(name, "x-caddymgw-") {
			rows[name] = row
		}
	}
	for name, member := range schema.Properties {
		require.NotEmpty(t, member.Description, name)
		row, ok := rows[name]
		require.True(t, ok, name)
		options := member.Properties
		var nested object
		if json.Unmarshal(member.AdditionalProperties, &nested) == nil {
			options = nested.Properties
		}
		for option, o := range member.Properties {
			require.NotEmpty(t, o.Description, option)
		}
		for option := range options {
			require.Contains(t, row, "`"+option+"`", name)
		}
		delete(rows, name)
	}
	require.Empty(t, rows, "described, but there are none")
}

// TestWhatADocumentSaysStaysAValue: no text of a document is read as part of a
// Caddyfile.
func TestWhatADocumentSaysStaysAValue(t *testing.T) {
	for _, text := range []string{"a }", "} b", "{", "}", `"`, `\"`, `a\`, "<<END", "# comment", "import x", "{block}", "{args[0]}", "@m", "é ü", "{env.SECRET}", "a, b", "(x)", "&(x)", "$HOME", "*", "{ b }\\", "\u00a0\\"} {
		t.Run(text, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.yaml")
			value, err := json.Marshal(text)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file, []byte(minimal+"x-caddymgw-users: {"+string(value)+": {hash: '{env.H}', scopes: ["+string(value)+", "+string(value)+", x]}}\n"), 0o600))
			config, err := adaptDocument(t, file)
			require.NoError(t, err)
			var adapted struct {
				Apps struct {
					MGW struct {
						Users []struct {
							Name   string
							Scopes []string
						}
					}
				}
			}
			require.NoError(t, json.Unmarshal(config, &adapted))
			require.Len(t, adapted.Apps.MGW.Users, 1)
			require.Equal(t, text, adapted.Apps.MGW.Users[0].Name)
			require.Equal(t, []string{text, text, "x"}, adapted.Apps.MGW.Users[0].Scopes)
		})
	}
}

func TestTheAdapterWantsAFile(t *testing.T) {
	adapter := caddyconfig.GetAdapter("openapi")
	for name, options := range map[string]map[string]any{"none": nil, "standard input": {"filename": "-"}, "no name": {"filename": ""}} {
		t.Run(name, func(t *testing.T) {
			_, _, err := adapter.Adapt([]byte(minimal), options)
			require.ErrorContains(t, err, "the openapi adapter wants the document in a file")
		})
	}
	file := filepath.Join(t.TempDir(), "a.yaml")
	_, _, err := adapter.Adapt([]byte(minimal), map[string]any{"filename": file})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(file, []byte(minimal), 0o600))
	_, _, err = adapter.Adapt([]byte(minimal+"# more\n"), map[string]any{"filename": file})
	require.ErrorContains(t, err, "is not what was read from it a moment ago: try again")
}

// beside makes a configuration one that can run in this process, as the harness
// does with Caddyfiles: without the admin port, with a certificate that is there,
// and behind the fence.
func beside(t testing.TB, g *harness.Gateway, config []byte) []byte {
	t.Helper()
	var c map[string]any
	require.NoError(t, json.Unmarshal(config, &c))
	c["admin"] = map[string]any{"disabled": true, "config": map[string]any{"persist": false}}
	apps := c["apps"].(map[string]any)
	certificate := filepath.Join(g.Dir, "localhost.pem")
	apps["tls"] = map[string]any{"certificates": map[string]any{"load_files": []any{map[string]any{"certificate": certificate, "key": certificate}}}}
	for _, server := range apps["http"].(map[string]any)["servers"].(map[string]any) {
		server.(map[string]any)["packet_conn_wrappers"] = []any{map[string]any{"wrapper": "mgw_test_fence"}}
	}
	patched, err := json.Marshal(c)
	require.NoError(t, err)
	return patched
}

// TestAGatewayOfADocumentAlone runs one, with references to other files.
func TestAGatewayOfADocumentAlone(t *testing.T) {
	t.Setenv("MGW_TEST_HASH", "$argon2id$v=19$m=47104,t=1,p=1$vSYqwLCTcow96lBhOHDkPA$9DmzSp3V3038DuyEuGSMmB0/w7z3eNRxW9c8kYbLYlI")
	g := harness.New(t, map[string]string{"paths.yaml": "pets: {get: {operationId: listPets}}\n"})
	document := g.Expand(`openapi: 3.0.3
info: {title: Pets, version: 1.0.0}
servers: [{url: /v2}]
security: [{petstore_key: []}]
components: {securitySchemes: {petstore_key: {type: apiKey, in: header, name: petstore_key}}}
paths: {/pets: {$ref: 'paths.yaml#/pets'}}
x-caddymgw-address: ["http://localhost:$HTTP", "https://localhost:$HTTPS"]
x-caddymgw-bind: 127.0.0.1
x-caddymgw-storage: data
x-caddymgw-upstreams: http://$UPSTREAM/api
x-caddymgw-users: {alice: {hash: "{env.MGW_TEST_HASH}"}}
x-caddymgw-options: {identity_headers: {X-User: subject}}
`)
	file := filepath.Join(g.Dir, "pets.yaml")
	require.NoError(t, os.WriteFile(file, []byte(document), 0o600))
	config, err := adaptDocument(t, file)
	require.NoError(t, err)
	require.NoError(t, g.LoadJSON(beside(t, g, config)))
	k := key(t, g, alice)
	require.Equal(t, 200, g.Get("/v2/pets", "petstore_key: "+k).Status)
	came := g.Upstream.Take()
	require.Len(t, came, 1)
	require.True(t, strings.HasPrefix(came[0], "GET /api/pets HTTP/1.1\r\n"), came[0])
	require.Equal(t, []string{"alice"}, harness.Header(came[0], "X-User"))
	require.Equal(t, 401, g.Get("/v2/pets").Status)
	require.DirExists(t, filepath.Join(g.Dir, "data"))
	require.Empty(t, g.Upstream.Take())
}
