package modules_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// shopFile stands for the documents that the pages name.
func shopFile(name, server string) string {
	return `openapi: 3.1.0
info: {title: ` + name + `, version: 1.0.0}
servers: [{url: "` + server + `"}]
components:
  securitySchemes:
    petstore_key: {type: apiKey, in: header, name: X-API-Key}
    petstore_auth: {type: oauth2, flows: {}}
    partner: {type: mutualTLS}
security: [{petstore_key: []}]
paths:
  /pets: {get: {operationId: getPets}}
`
}

// inJSON says what the page shows in JSON, of the configuration that the last
// Caddyfile above it is adapted to.
var inJSON = map[string]func(config any) any{
	"mgw.md":              func(config any) any { return member(config, "apps", "mgw") },
	"ledgers.md":          func(config any) any { return member(config, "apps", "mgw", "api_keys", "ledger") },
	"openapi_auth.md":     handler("openapi_auth"),
	"openapi_cors.md":     handler("openapi_cors"),
	"openapi_validate.md": handler("openapi_validate"),
	"apikey_issuer.md":    handler("apikey_issuer"),
	"openapi_gateway.md":  handler("openapi_endpoint"),
	"mutual-tls.md":       func(config any) any { return member(handler("openapi_auth")(config), "schemes") },
}

// TestThePagesOfTheReference adapts and provisions each whole Caddyfile of a page
// and compares the JSON beside it; -update writes that.
func TestThePagesOfTheReference(t *testing.T) {
	for _, name := range []string{"CAROL_HASH", "ADMIN_HASH"} {
		t.Setenv(name, "$argon2id$v=19$m=47104,t=1,p=1$bRd84xrjpsSKTFP5rudoyg$vpERJ4QLS8gARxvjJNdaovKsPBA7Z4+6XJtxJh3kRA4")
	}
	for _, name := range []string{"REDIS_PASSWORD", "SENTINEL_PASSWORD", "INTROSPECTION_SECRET"} {
		t.Setenv(name, "a secret")
	}
	pages, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	shown := 0
	for _, file := range append(pages, "../README.md") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			file = filepath.Join(root, "modules", file)
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			g := folderOfPages(t)
			t.Chdir(g.Dir)
			page := string(content)
			var last any
			for offset := 0; ; {
				language, block, at := nextBlock(page, offset)
				if at < 0 {
					break
				}
				offset = at + len(block)
				switch {
				case language == "caddyfile" && !strings.HasPrefix(block, "openapi_auth") && !strings.HasPrefix(block, "scheme"):
					last = adapted(t, g, block)
					shown++
				case language == "json" && inJSON[filepath.Base(file)] != nil && strings.Contains(page[:at], "## In JSON"):
					want := shownJSON(t, inJSON[filepath.Base(file)](last), g.Dir)
					if *update {
						page = page[:at] + want + page[at+len(block):]
						require.NoError(t, os.WriteFile(file, []byte(page), 0o600))
						offset = at + len(want)
						continue
					}
					require.Equal(t, want, block, "run with -update")
					shown++
				}
			}
		})
	}
	require.Greater(t, shown, 15)
}

func folderOfPages(t *testing.T) *harness.Gateway {
	t.Helper()
	file, _ := certificateFile(t)
	certificate, err := os.ReadFile(file)
	require.NoError(t, err)
	g := harness.New(t, map[string]string{
		"petstore.yaml": shopFile("Swagger Petstore", "/v2"), "openapi.yaml": shopFile("Drinks", "/"), "partners.yaml": shopFile("Partners", "/"),
		"users.htpasswd": "", "ca.pem": string(certificate), "gateway.pem": string(certificate), "gateway.key": string(certificate),
	})
	require.NoError(t, os.Mkdir(filepath.Join(g.Dir, "apis"), 0o755))
	for _, name := range []string{"a", "b"} {
		require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "apis", name+".yaml"), []byte(shopFile(name, "http://127.0.0.1:7/"+name)), 0o600))
	}
	return g
}

// nextBlock returns the next fenced block of a page and where its text is.
func nextBlock(page string, offset int) (language, block string, at int) {
	start := strings.Index(page[offset:], "\n```")
	if start < 0 {
		return "", "", -1
	}
	at = offset + start + len("\n```")
	language, rest, _ := strings.Cut(page[at:], "\n")
	at += len(language) + 1
	end := strings.Index(rest, "```")
	return language, rest[:end], at
}

// adapted returns the configuration that a Caddyfile stands for, which loads.
func adapted(t *testing.T, g *harness.Gateway, block string) (config any) {
	t.Helper()
	require.Equal(t, string(caddyfile.Format([]byte(block))), block, "caddy fmt")
	raw, err := harness.Adapt(filepath.Join(g.Dir, "Caddyfile"), block)
	require.NoError(t, err, block)
	require.NoError(t, json.Unmarshal(raw, &config))
	if !strings.HasPrefix(block, "{") { // the page shows a site only
		block = "{\n\tmgw {\n\t\tuser admin {env.ADMIN_HASH}\n\t\tuser carol {env.CAROL_HASH}\n" +
			"\t\ttoken_issuer https://idp.example.com {\n\t\t\taudience *\n\t\t}\n\t}\n}\n" + block
	}
	require.NoError(t, g.Validate(block), block)
	return config
}

// shownJSON is how a page shows what was adapted in a folder.
func shownJSON(t *testing.T, value any, dir string) string {
	t.Helper()
	require.NotNil(t, value, "there is nothing of the kind in the Caddyfile above")
	text, err := json.MarshalIndent(readable(value), "", "\t")
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), dir, "/etc/caddymgw") + "\n"
}

// readable leaves out what the adapter writes for reloads alone, and writes
// durations as texts.
func readable(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, member := range v {
			if !strings.HasSuffix(name, "fingerprint") && name != "secrets_stamp" {
				kept[name] = readable(member)
			}
		}
		return kept
	case []any:
		for i := range v {
			v[i] = readable(v[i])
		}
	case float64:
		if d := time.Duration(v); d >= time.Second && d%time.Second == 0 {
			text := d.String() // 24h0m0s
			for _, none := range []string{"m0s", "h0m"} {
				if short, ok := strings.CutSuffix(text, none); ok {
					text = short + none[:1]
				}
			}
			return text
		}
	}
	return value
}

func member(value any, path ...string) any {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// handler finds the last handler of a name.
func handler(name string) func(any) any {
	var find func(value any) any
	find = func(value any) (found any) {
		switch v := value.(type) {
		case map[string]any:
			if v["handler"] == name {
				return v
			}
			for _, member := range slices.Sorted(maps.Keys(v)) {
				if f := find(v[member]); f != nil {
					found = f
				}
			}
		case []any:
			for _, member := range v {
				if f := find(member); f != nil {
					found = f
				}
			}
		}
		return found
	}
	return find
}
