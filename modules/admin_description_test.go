package modules_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/modules/admin"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

const adminDocument = "admin/openapi.json"

// described is the description of the admin API, and what was seen of it.
type described struct {
	*openapi3.T
	seen map[string]bool // "GET /mgw/keys 200"
}

func describedAPI(t testing.TB) *described {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(adminDocument)
	require.NoError(t, err)
	return &described{doc, map[string]bool{}}
}

// find returns the path that describes a target; "" where none does.
func (d *described) find(target string) string {
	target, _, _ = strings.Cut(target, "?")
	asked := strings.Split(target, "/")
	for _, path := range d.Paths.InMatchingOrder() {
		segments := strings.Split(path, "/")
		fits := len(segments) == len(asked)
		for i := 0; fits && i < len(segments); i++ {
			fits = segments[i] == asked[i] || strings.HasPrefix(segments[i], "{")
		}
		if fits {
			return path
		}
	}
	return ""
}

// check holds an answer, and the body that was accepted, against the description.
func (d *described) check(t testing.TB, method, target, body string, a harness.Answer) {
	t.Helper()
	require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
	path := d.find(target)
	if a.Status == 405 || path == "" || method == "HEAD" {
		return
	}
	op := d.Paths.Value(path).GetOperation(method)
	if op == nil && a.Status == 400 { // dot segments
		return
	}
	require.NotNil(t, op, "%s %s", method, path)
	d.seen[method+" "+path+" "+strconv.Itoa(a.Status)] = true
	response := op.Responses.Status(a.Status)
	require.NotNil(t, response, "%s %s: %d is not described", method, path, a.Status)
	for name, header := range response.Value.Headers {
		require.Equal(t, header.Value.Required, a.Header.Get(name) != "", name)
	}
	content := response.Value.Content.Get("application/json")
	if content == nil {
		require.Empty(t, a.Body)
		return
	}
	require.Equal(t, "application/json", a.Header.Get("Content-Type"))
	visit(t, content.Schema.Value, a.Body)
	if body != "" && a.Status < 300 {
		visit(t, op.RequestBody.Value.Content.Get("application/json").Schema.Value, body)
	}
}

func visit(t testing.TB, schema *openapi3.Schema, text string) {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	require.NoError(t, schema.VisitJSON(value, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation()), text)
}

func TestTheAdminAPIIsDescribed(t *testing.T) {
	d := describedAPI(t)
	require.NoError(t, d.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation(), openapi3.EnableSchemaPatternValidation()))
	ours, err := openapi.Load(adminDocument, openapi.Options{})
	require.NoError(t, err)
	require.Len(t, ours.Warnings, 1, "that it is public: the endpoint guards it")
	require.Contains(t, ours.Warnings[0], "public operations")

	var want, got []string
	for _, op := range ours.API.Operations {
		require.True(t, op.Public())
		want = append(want, op.Method+" "+op.Template)
	}
	for _, route := range new(admin.Router).Routes() {
		w := httptest.NewRecorder()
		require.NoError(t, route.Handler.ServeHTTP(w, httptest.NewRequest("BREW", "/mgw/x", nil)))
		if w.Code == 404 {
			require.Contains(t, []string{"/mgw/", "/mgw/apis/{name}"}, route.Pattern)
			continue
		}
		require.Equal(t, 405, w.Code)
		for method := range strings.SplitSeq(w.Header().Get("Allow"), ", ") {
			if method != http.MethodHead {
				got = append(got, method+" "+strings.Replace(route.Pattern, "{$}", "{version}", 1)) // an empty one
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, slices.Compact(got))
}

// fragile is a ledger in memory that is away while broken is set.
type fragile struct{ ledger.Ledger }

var (
	broken    atomic.Bool
	errBroken = errors.New("dial tcp 192.0.2.7:6379: the ledger is broken")
)

func init() { caddy.RegisterModule(new(fragile)) }

func (*fragile) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw.ledgers.mgw_test_fragile", New: func() caddy.Module { return new(fragile) }}
}

func (*fragile) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { d.Next(); return nil }

func (*fragile) LedgerName() string { return "a fragile one" }

func (*fragile) LedgerIdentity() string { return "a fragile one" }

func (*fragile) OpenLedger(o ledger.Options) (ledger.Ledger, error) {
	return fragile{ledger.Memory(o)}, nil
}

func (f fragile) Put(ctx context.Context, r ledger.Record) error {
	if broken.Load() {
		return errBroken
	}
	return f.Ledger.Put(ctx, r)
}

func (f fragile) Replace(ctx context.Context, successor ledger.Record, old ledger.Revocation) error {
	if broken.Load() {
		return errBroken
	}
	return f.Ledger.Replace(ctx, successor, old)
}

func (f fragile) Get(ctx context.Context, id string) (ledger.Record, error) {
	if broken.Load() {
		return ledger.Record{}, errBroken
	}
	return f.Ledger.Get(ctx, id)
}

func (f fragile) List(ctx context.Context, q ledger.Query) iter.Seq2[ledger.Record, error] {
	if broken.Load() {
		return func(yield func(ledger.Record, error) bool) { yield(ledger.Record{}, errBroken) }
	}
	return f.Ledger.List(ctx, q)
}

func (f fragile) Revoke(ctx context.Context, r ledger.Revocation) error {
	if broken.Load() {
		return errBroken
	}
	return f.Ledger.Revoke(ctx, r)
}

// everyOperation is one good request of each.
func everyOperation(id, kid string) []struct{ method, target, body string } {
	return []struct{ method, target, body string }{
		{"GET", "/mgw/apis", ""},
		{"GET", "/mgw/apis/Shop/1.0.0", ""},
		{"GET", "/mgw/keys", ""},
		{"POST", "/mgw/keys", `{"subject":"alice"}`},
		{"GET", "/mgw/keys/" + id, ""},
		{"POST", "/mgw/keys/" + id + "/rotate", `{"overlap":60}`},
		{"DELETE", "/mgw/keys/" + id, ""},
		{"POST", "/mgw/revocations", `{"subject":"nobody"}`},
		{"POST", "/mgw/signing-keys/rotate", `{"at_once":true}`},
		{"GET", "/mgw/signing-keys", ""},
		{"DELETE", "/mgw/signing-keys/" + kid, ""},
		{"POST", "/mgw/inspect", `{"token":"x"}`},
		{"POST", "/mgw/explain", `{"method":"GET","path":"/shop/v1/pets/1"}`},
		{"GET", "/mgw/openapi.json", ""},
	}
}

// TestAdminAnswersAreThoseDescribed goes through all operations in gateways of
// each kind. In the end, every answer that is described was seen.
func TestAdminAnswersAreThoseDescribed(t *testing.T) {
	o := operate(t, withKeys("ledger mgw_test_fragile"))
	k := o.issue(`{"subject":"alice"}`)
	kid := o.state(k.ID).SigningKey
	statuses := func(kid string, want func(method, target string) int) {
		t.Helper()
		for _, op := range everyOperation(k.ID, kid) {
			a := o.ask(op.method, op.target, op.body)
			if status := want(op.method, op.target); status != 0 {
				require.Equal(t, status, a.Status, "%s %s: %s", op.method, op.target, a.Body)
			}
		}
	}
	broken.Store(true)
	defer broken.Store(false)
	statuses("none", func(_, target string) int {
		if strings.HasPrefix(target, "/mgw/keys") || target == "/mgw/revocations" {
			return 503
		}
		return 0
	})
	a := o.ask("GET", "/mgw/keys/"+k.ID, "")
	require.Contains(t, read[told](t, a, 503).Error.Message, "the ledger is away")
	require.NotContains(t, a.Body, "192.0.2.7")
	require.Contains(t, o.Log(), "192.0.2.7", "the log says why")
	broken.Store(false)

	statuses("none", func(string, string) int { return 0 })
	require.Eventually(t, func() bool { return o.ask("DELETE", "/mgw/signing-keys/"+kid, "").Status == 204 }, 10*time.Second, 50*time.Millisecond)

	t.Run("what is refused", func(t *testing.T) { refusals(t, o.in(t)) })
	t.Run("where the storage is away", func(t *testing.T) {
		o := o.in(t)
		config := strings.Replace(string(withSlowStorage(t, o.Gateway)), `"disabled": true`, `"listen": "`+o.address+`"`, 1)
		require.NoError(t, o.LoadJSON([]byte(config)))
		storageBroken.Store(true)
		defer storageBroken.Store(false)
		for _, target := range []string{"POST /mgw/signing-keys/rotate", "DELETE /mgw/signing-keys/some-key"} {
			method, target, _ := strings.Cut(target, " ")
			require.Contains(t, read[told](t, o.ask(method, target, ""), 503).Error.Message, "the storage is away")
		}
	})
	t.Run("where there is no ledger", func(t *testing.T) {
		o := o.in(t)
		o.run(strings.Replace(withKeys("ledger none"), "\tapikey_issuer\n", "", 1))
		statuses("none", func(_, target string) int {
			if strings.HasPrefix(target, "/mgw/keys") || strings.HasPrefix(target, "/mgw/signing-keys") || target == "/mgw/revocations" {
				return 409
			}
			return 200
		})
		require.Contains(t, read[told](t, o.ask("GET", "/mgw/keys", ""), 409).Error.Message, "no ledger")
	})
	t.Run("where nothing uses the gateway", func(t *testing.T) {
		o := o.in(t)
		o.run("{\n\t$GLOBAL\n}\n\n$SITE {\n\trespond ok\n}\n")
		statuses("none", func(_, target string) int {
			if target == "/mgw/openapi.json" {
				return 200
			}
			return 404
		})
	})

	unseen := []string{ // while no configuration is ready: Caddy shows us none that is not
		"GET /mgw/apis 503", "GET /mgw/apis/{name}/{version} 503", "GET /mgw/signing-keys 503", "POST /mgw/inspect 503", "POST /mgw/explain 503",
	}
	for path, item := range o.api.Paths.Map() {
		for method, op := range item.Operations() {
			for _, status := range op.Responses.Keys() {
				if answer := method + " " + path + " " + status; !o.api.seen[answer] {
					require.Contains(t, unseen, answer)
				}
			}
		}
	}
	t.Log(len(o.api.seen), "kinds of answers", slices.Sorted(maps.Keys(o.api.seen)))
	served := o.ask("GET", "/mgw/openapi.json", "")
	file, err := os.ReadFile(adminDocument)
	require.NoError(t, err)
	require.Equal(t, string(file), served.Body)
}
