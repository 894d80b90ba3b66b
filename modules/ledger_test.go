package modules_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/ledger/bolt"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

// withKeys has options of api_keys in the shop's Caddyfile.
func withKeys(options ...string) string {
	return strings.Replace(shopCaddyfile, "mgw {\n\t\tuser", "mgw {\n\t\tapi_keys {\n\t\t\t"+strings.Join(options, "\n\t\t\t")+"\n\t\t}\n\t\tuser", 1)
}

func TestTheLedgerLiesBesideCaddysStorage(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	file := filepath.Join(g.Dir, "data", "mgw", "ledger.db")
	require.NoError(t, g.Validate(shopCaddyfile))
	require.NoFileExists(t, file, "validating opens nothing")
	require.NoError(t, g.Load(shopCaddyfile))
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	_, err = bolt.Open(file, ledger.Options{})
	require.ErrorContains(t, err, `is in use by another caddymgw; use "caddymgw reload", another "storage", or "ledger redis"`)
	g.Stop()
	other, err := bolt.Open(file, ledger.Options{})
	require.NoError(t, err, "what is stopped is closed")
	require.ErrorContains(t, g.Load(shopCaddyfile), "is in use by another caddymgw")
	require.NoError(t, other.Close())
	require.NoError(t, g.Load(shopCaddyfile))
}

func TestWhereNoKeysAreUsedNothingIsOpened(t *testing.T) {
	const document = `openapi: 3.1.0
info: {title: Shop, version: 1.0.0}
components: {securitySchemes: {login: {type: http, scheme: basic}}}
paths: {/x: {get: {security: [{login: []}]}}}
`
	g := harness.Start(t, strings.Replace(shopCaddyfile, "\tapikey_issuer\n", "", 1), map[string]string{"shop.yaml": document})
	require.Equal(t, 200, g.Get("/x", alice).Status)
	require.NoDirExists(t, filepath.Join(g.Dir, "data", "mgw"))
}

func TestWithoutALedgerNoKeyIsIssuedOrAccepted(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	require.ErrorContains(t, g.Validate(withKeys("ledger none")), "apikey_issuer: there is no ledger to record keys in")
	require.NoError(t, g.Load(shopCaddyfile))
	k := key(t, g, alice)
	require.NoError(t, g.Load(strings.Replace(withKeys("ledger none"), "\tapikey_issuer\n", "", 1)))
	require.Equal(t, 401, g.Get(petPath, "X-Api-Key: "+k).Status)
	require.Contains(t, g.Log(), "unknown_key")
}

func TestASharedStorageNeedsALedgerThatIsNamed(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	config := strings.Replace(string(withSlowStorage(t, g)), `"ledger": "bolt"`, `"ledger": "bolt", "file": ""`, 1)
	config = strings.Replace(config, `"file": "`+filepath.Join(g.Dir, "keys.db")+`"`, `"file": ""`, 1)
	require.ErrorContains(t, harness.ValidateJSON([]byte(config)), "name a ledger that is shared too (ledger redis URL), or a file (ledger bolt FILE)")
}

// TestNoPasswordOfRedisStandsInTheConfiguration, which whoever reaches the admin
// API reads.
func TestNoPasswordOfRedisStandsInTheConfiguration(t *testing.T) {
	t.Setenv("REDIS_PASSWORD", "a secret")
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	for line, problem := range map[string]string{
		"ledger redis redis://127.0.0.1:7 {\n\t\t\t\tpassword secret\n\t\t\t}":                            "password: in the configuration it can be read at the admin API: write {env.NAME} or {file./path}",
		"ledger redis redis://127.0.0.1:7 {\n\t\t\t\tmaster m\n\t\t\t\tsentinel_password secret\n\t\t\t}": "sentinel_password: in the configuration it can be read",
		"ledger redis redis://u:secret@127.0.0.1:7":                                                       "the URL 1 holds a password, which can be read at the admin API",
	} {
		err := g.Validate(withKeys(line))
		require.ErrorContains(t, err, problem)
	}
	require.NoError(t, g.Validate(withKeys("ledger redis redis://127.0.0.1:7 {\n\t\t\t\tpassword {env.REDIS_PASSWORD}\n\t\t\t}")))
}

func TestTheLedgerMovesWithTheConfiguration(t *testing.T) {
	g := startShop(t)
	k := issue(t, g, alice, "{}")
	require.Equal(t, 204, g.Do("DELETE", keysOf+"/"+k.ID, "", alice).Status)
	require.NoError(t, g.Load(withKeys("ledger bolt other.db")))
	require.FileExists(t, filepath.Join(g.Dir, "other.db"))
	require.Equal(t, 404, g.Get(keysOf+"/"+k.ID, alice).Status)
	require.NoError(t, g.Load(shopCaddyfile), "the first one was closed, and opens again")
	require.Equal(t, 401, g.Get(petPath, k.header()).Status)
}

// audited collects events of Caddy's events app.
type audited struct{}

var auditedEvents = make(chan caddy.Event, 100)

func init() { caddy.RegisterModule(audited{}) }

func (audited) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.mgw_test_audit", New: func() caddy.Module { return new(audited) }}
}

func (audited) Handle(_ context.Context, e caddy.Event) error {
	auditedEvents <- e
	return nil
}

func TestEveryChangeIsAudited(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	config, err := g.Adapt(shopCaddyfile)
	require.NoError(t, err)
	require.NoError(t, g.LoadJSON(withApp(t, config, "events", caddyevents.App{Subscriptions: []*caddyevents.Subscription{{
		Events:      []string{"mgw_key_issued", "mgw_key_rotated", "mgw_key_revoked", "mgw_key_refused_at_issue"},
		HandlersRaw: []json.RawMessage{[]byte(`{"handler":"mgw_test_audit"}`)},
	}}})))
	k := issue(t, g, bob, `{"name":"ci"}`)
	next := read[held](t, g.Do("POST", keysOf+"/"+k.ID+"/rotate", "", bob, asJSON), 200)
	require.Equal(t, 204, g.Do("DELETE", keysOf+"/"+next.ID, "", bob).Status)
	require.Equal(t, 401, g.Get("/apikey", login("bob", "guess")).Status)
	require.Equal(t, 400, g.Do("POST", "/apikey", `{"operations":["none"]}`, bob, ofJSON).Status)

	want := []struct {
		name   string
		fields map[string]any
	}{
		{"mgw_key_issued", map[string]any{"key_id": k.ID, "subject": "bob", "key_name": "ci", "apis": "Shop 1.0.0", "scopes": "chief clerk"}},
		{"mgw_key_rotated", map[string]any{"key_id": k.ID, "replaced_by": next.ID}},
		{"mgw_key_revoked", map[string]any{"key_id": next.ID, "subject": "bob", "reason": "revoked by its owner"}},
		{"mgw_key_refused_at_issue", map[string]any{"reason": "wrong user or password"}},
		{"mgw_key_refused_at_issue", map[string]any{"subject": "bob", "reason": "operations[0]: no operation has this operationId"}},
	}
	var lines []map[string]any
	for line := range strings.Lines(g.Log()) {
		var l map[string]any
		if json.Unmarshal([]byte(line), &l) == nil && l["logger"] == "mgw.audit" {
			lines = append(lines, l)
		}
	}
	require.Len(t, lines, len(want))
	for i, w := range want {
		select {
		case e := <-auditedEvents:
			require.Equal(t, w.name, e.Name())
			w.fields["via"], w.fields["user"], w.fields["remote_ip"] = "issuer", "bob", "127.0.0.1"
			for name, value := range w.fields {
				require.Equal(t, value, e.Data[name], "%s %s", w.name, name)
				require.Equal(t, value, lines[i][name], "%s %s", w.name, name)
			}
			require.Equal(t, w.name, lines[i]["msg"])
		case <-time.After(5 * time.Second):
			require.Fail(t, "no event", w.name)
		}
	}
	require.NotContains(t, g.Log(), k.APIKey[strings.LastIndexByte(k.APIKey, '.'):])
}

// withApp adds an app to a configuration in JSON.
func withApp(t *testing.T, config []byte, name string, app any) []byte {
	t.Helper()
	var c map[string]any
	require.NoError(t, json.Unmarshal(config, &c))
	c["apps"].(map[string]any)[name] = app
	out, err := json.Marshal(c)
	require.NoError(t, err)
	return out
}
