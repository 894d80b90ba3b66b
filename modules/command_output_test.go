package modules_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/mgw"
)

// hostile are keys whose subjects and names were chosen to trick a terminal.
func hostile(t testing.TB) string {
	t.Helper()
	at := func(d time.Duration) *time.Time { m := noon.Add(d); return &m }
	const day = 24 * time.Hour
	keys := []mgw.Key{
		{ID: "x", Subject: "\x1b]0;owned\x07\x1b[2J", Name: "a\nb\tc", State: "active", ExpiresAt: at(90 * day), LastUsedAt: at(-3 * time.Hour)},
		{ID: strings.Repeat("b", 22), Subject: "user\u202ecod.exe", Name: "\u200bx\ufeff", State: "active", ExpiresAt: at(47 * time.Hour), LastUsedAt: at(-3 * day)},
		{ID: strings.Repeat("c", 22), Subject: "\u009b31mred", Name: "\U000e0041tag", State: "active", LastUsedAt: at(-59 * time.Second)},
		{ID: strings.Repeat("d", 22), Subject: "漢字漢字漢字漢字漢字", Name: "e\u0301e\u0301e\u0301", State: "active", ExpiresAt: at(800 * day)},
		{ID: strings.Repeat("e", 22), Subject: "very-long.subject@example.com", Name: `a "name" \ and more`, State: "retiring", ExpiresAt: at(90 * day), SunsetAt: at(90 * time.Minute)},
		{ID: strings.Repeat("f", 22), Subject: "back\\slash", State: "revoked", ExpiresAt: at(90 * day), RevokedAt: at(-time.Hour), RevokedFor: "\x1b[1A"},
		{ID: strings.Repeat("g", 22), Subject: "s", State: "expired", ExpiresAt: at(-time.Second)},
	}
	page, err := json.Marshal(mgw.Page{Keys: keys})
	require.NoError(t, err)
	return string(page)
}

// TestNobodysNameTricksATerminal holds tables, sheets and JSON to what a terminal
// shows and does not obey, in 80 columns.
func TestNobodysNameTricksATerminal(t *testing.T) {
	a := newFakeAdmin(t)
	a.answers["GET /mgw/keys"] = answer{200, hostile(t)}
	var page mgw.Page
	require.NoError(t, json.Unmarshal([]byte(hostile(t)), &page))
	one, err := json.Marshal(page.Keys[0])
	require.NoError(t, err)
	a.answers["GET /mgw/keys/x"] = answer{200, string(one)}
	a.answers["POST /mgw/inspect"] = answer{200, `{"accepted":false,"reason":"\u001b[2J","why":"It is\u001b[2J bad.","signature":"good","header":{"\u001b[2J":"\u001b[2J"},"claims":{"sub":"\u001b[2J","exp":1896091200,"nbf":"x","a":[1e3],"long":"` + strings.Repeat("l", 100) + `"}}`}

	table := a.typed("", "key", "list", "--all")
	require.NoError(t, table.failed)
	golden(t, "hostile.out", table.out)
	for line := range strings.Lines(table.out) {
		require.LessOrEqual(t, utf8.RuneCountInString(line)-1, 80, line)
	}
	sheet := a.typed("", "key", "show", "x")
	require.NoError(t, sheet.failed)
	golden(t, "hostile_show.out", sheet.out)
	inspected := a.typed("x", "key", "inspect")
	require.EqualError(t, inspected.failed, `the key is refused (\x1b[2J)`)
	golden(t, "hostile_inspect.out", inspected.out)
	document := a.typed("", "key", "list", "--all", "--json")
	require.NoError(t, document.failed)
	require.JSONEq(t, hostile(t), document.out)
	for _, p := range []printed{table, sheet, inspected, document} {
		for _, r := range p.out + p.err {
			require.False(t, r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || strings.ContainsRune("\u200b\u202e\ufeff\U000e0041", r), "%q in %q", r, p.out)
		}
	}
}

// watched is a writer that others may look at.
type watched struct {
	mu sync.Mutex
	bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Buffer.Write(p)
}

func (w *watched) contains(s string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Contains(w.Bytes(), []byte(s))
}

// TestTheListIsWrittenAsItComes has many pages, each of which is sent only when
// what came before was written.
func TestTheListIsWrittenAsItComes(t *testing.T) {
	const pages, perPage = 5, 200
	for name, args := range map[string][]string{"table": nil, "document": {"--json"}} {
		t.Run(name, func(t *testing.T) {
			out := new(watched)
			id := func(n int) string { return fmt.Sprintf("key-%018d", n) }
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				first := 0
				if after := r.URL.Query().Get("after"); after != "" {
					_, _ = fmt.Sscanf(after, "key-%d", &first)
					first++
				}
				if r.URL.Query().Get("limit") != "1000" || first >= 2*perPage && !out.contains(id(first-perPage-1)) {
					http.Error(w, "the page before the last one is not written", http.StatusTeapot)
					return
				}
				_, _ = io.WriteString(w, `{"new member":{},"keys":[`)
				for n := first; n < first+perPage; n++ {
					if n > first {
						_, _ = io.WriteString(w, ",")
					}
					_, _ = fmt.Fprintf(w, `{"id":%q,"subject":"s","state":"active","new member":[1],"issued_at":"2030-01-01T00:00:00Z","expires_at":null,"last_used_at":null}`, id(n))
				}
				_, _ = io.WriteString(w, "]")
				if last := first + perPage; last < pages*perPage {
					_, _ = fmt.Fprintf(w, `,"next":%q`, id(last-1))
				}
				_, _ = io.WriteString(w, "}")
			}))
			defer server.Close()
			cmd := program(func() time.Time { return noon })
			cmd.SetArgs(append([]string{"mgw", "key", "list", "--address", strings.TrimPrefix(server.URL, "http://")}, args...))
			cmd.SetOut(out)
			cmd.SetErr(io.Discard)
			require.NoError(t, cmd.Execute())
			require.Equal(t, pages*perPage, strings.Count(out.String(), "key-"))
			if args != nil {
				var all struct{ Keys []map[string]any }
				require.NoError(t, json.Unmarshal(out.Bytes(), &all))
				require.Len(t, all.Keys, pages*perPage)
				require.Contains(t, all.Keys[0], "new member", "as it came")
			}
		})
	}
}

func TestAKeyIsInspectedWithoutAGateway(t *testing.T) {
	nobody := freeAddress(t)
	inspect := func(token string, args ...string) printed {
		return typedAt(func() time.Time { return noon }, token, append([]string{"mgw", "key", "inspect", "--address", nobody}, args...)...)
	}
	token := func(claims string) string {
		return segment(`{"alg":"ES256","typ":"apikey+jwt","kid":"k"}`) + "." + segment(claims) + ".AAAA"
	}
	t.Run("that may be good", func(t *testing.T) {
		p := inspect(token(`{"iss":"caddymgw","sub":"alice","jti":"i","exp":1896350400}`))
		require.ErrorContains(t, p.failed, "nobody has judged the key: no gateway answers at the admin address "+nobody)
		golden(t, "offline.out", strings.ReplaceAll(p.out, nobody, "127.0.0.1:2019"))
		p = inspect(token(`{"iss":"caddymgw","sub":"alice","jti":"i","exp":1896350400}`), "--json")
		require.Error(t, p.failed)
		require.JSONEq(t, `{"accepted":false,"reason":"not_ready","why":"No gateway answers at `+nobody+`: neither the signature nor whether it is revoked was judged.",
			"signature":"not_judged","header":{"alg":"ES256","typ":"apikey+jwt","kid":"k"},"claims":{"iss":"caddymgw","sub":"alice","jti":"i","exp":1896350400}}`, p.out)
	})
	t.Run("that has expired", func(t *testing.T) {
		p := inspect(token(`{"iss":"caddymgw","sub":"alice","jti":"i","exp":1896004800}`))
		require.EqualError(t, p.failed, "the key is refused (expired)")
		golden(t, "offline_expired.out", p.out)
	})
	t.Run("that is none", func(t *testing.T) {
		p := inspect("geheim")
		require.EqualError(t, p.failed, "the key is refused (malformed)")
		require.NotContains(t, p.out+p.err, "geheim")
		golden(t, "offline_malformed.out", p.out)
	})
	t.Run("but a gateway that can't judge says so itself", func(t *testing.T) {
		a := newFakeAdmin(t)
		a.answers["POST /mgw/inspect"] = answer{200, `{"accepted":false,"reason":"revocations_unknown","why":"It can't be judged now.","signature":"good","header":{},"claims":{}}`}
		p := a.typed("x", "key", "inspect")
		require.EqualError(t, p.failed, "the gateway can't judge the key now (revocations_unknown)")
		require.Contains(t, p.out, "not judged")
	})
}

func segment(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
