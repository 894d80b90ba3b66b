package modules_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
)

// noon is when commands are typed that ask a fake gateway.
var noon = time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)

// answer is a status and a body.
type answer struct {
	status int
	body   string
}

// fakeAdmin answers as an admin API may, but for ours it would not.
type fakeAdmin struct {
	address string
	answers map[string]answer // by method and path

	mu     sync.Mutex
	bodies map[string]string
	uris   []string
}

func newFakeAdmin(t testing.TB) *fakeAdmin {
	t.Helper()
	a := &fakeAdmin{answers: map[string]answer{}, bodies: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		key := r.Method + " " + r.URL.Path
		a.mu.Lock()
		a.bodies[key] = string(body)
		a.uris = append(a.uris, r.Method+" "+r.RequestURI)
		a.mu.Unlock()
		found, ok := a.answers[key]
		if !ok {
			found = answer{404, `{"error":{"status":404,"message":"there is no ` + key + `"}}`}
		}
		w.WriteHeader(found.status)
		_, _ = io.WriteString(w, found.body)
	}))
	t.Cleanup(server.Close)
	a.address = strings.TrimPrefix(server.URL, "http://")
	return a
}

// body is the last one that was sent there.
func (a *fakeAdmin) body(key string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bodies[key]
}

// asked are the requests so far.
func (a *fakeAdmin) asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.uris...)
}

// typed runs a command against it, at noon.
func (a *fakeAdmin) typed(stdin string, args ...string) printed {
	return typedAt(func() time.Time { return noon }, stdin, append(append([]string{"mgw"}, args...), "--address", a.address)...)
}

// TestFlagsBecomeTheBody holds what is sent where nothing is looked up.
func TestFlagsBecomeTheBody(t *testing.T) {
	const issued = `{"apikey":"k","id":"i","expires_at":"2030-03-02T12:00:00Z","notice":"a \u001b[2Jnotice"}`
	const sum = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0"
	file, thumbprint := certificateFile(t)
	for name, tc := range map[string]struct {
		args       []string
		path, body string
	}{
		"nothing":       {[]string{"key", "issue", "alice"}, "/mgw/keys", `{"subject":"alice"}`},
		"a title alone": {[]string{"key", "issue", "alice", "--api", "Shop"}, "/mgw/keys", `{"subject":"alice","apis":[{"name":"Shop"}]}`},
		"title and version": {
			[]string{"key", "issue", "alice", "--api", " Swagger  Petstore 1.0.0 ", "--api", "Shop *"},
			"/mgw/keys",
			`{"subject":"alice","apis":[{"name":"Swagger  Petstore","version":"1.0.0"},{"name":"Shop","version":"*"}]}`,
		},
		"lists": {
			[]string{"key", "issue", "alice", "--scope", "a,b", "--scope", "c", "--operation", "x", "--from", "::1", "--from", "10.0.0.0/8", "--referer", "*.example.com"},
			"/mgw/keys",
			`{"subject":"alice","scopes":["a,b","c"],"operations":["x"],"permittedIPs":["::1","10.0.0.0/8"],"permittedReferers":["*.example.com"]}`,
		},
		"name and life": {[]string{"key", "issue", "alice", "--name", "n", "--valid-for", "30d"}, "/mgw/keys", `{"subject":"alice","name":"n","validityTime":2592000}`},
		"x5t#S256":      {[]string{"key", "issue", "alice", "--certificate", sum}, "/mgw/keys", `{"subject":"alice","certificate":"` + sum + `"}`},
		"hex": {
			[]string{"key", "issue", "alice", "--certificate", strings.Repeat("AB:", 31) + "ab"},
			"/mgw/keys",
			`{"subject":"alice","certificate":"q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s"}`,
		},
		"a file":          {[]string{"key", "issue", "alice", "--certificate", file}, "/mgw/keys", `{"subject":"alice","certificate":"` + thumbprint + `"}`},
		"no overlap said": {[]string{"key", "rotate", "i"}, "/mgw/keys/i/rotate", `{}`},
		"no overlap":      {[]string{"key", "rotate", "i", "--overlap", "0"}, "/mgw/keys/i/rotate", `{"overlap":0}`},
		"overlap":         {[]string{"key", "rotate", "i", "--overlap", "7d"}, "/mgw/keys/i/rotate", `{"overlap":604800}`},
	} {
		t.Run(name, func(t *testing.T) {
			a := newFakeAdmin(t)
			a.answers["POST "+tc.path] = answer{201, issued}
			p := a.typed("", tc.args...)
			require.NoError(t, p.failed)
			require.Equal(t, "k\n", p.out)
			require.Contains(t, p.err, "expires 2030-03-02T12:00:00Z (in 30 days)")
			require.Contains(t, p.err, "\na \\x1b[2Jnotice\n")
			require.JSONEq(t, tc.body, a.body("POST "+tc.path))
		})
	}
	for name, tc := range map[string]struct {
		args []string
		body string
	}{
		"subject":         {[]string{"--subject", "alice", "--reason", "left"}, `{"subject":"alice","reason":"left"}`},
		"subject, now":    {[]string{"--subject", "alice", "--issued-before", "now"}, `{"subject":"alice"}`},
		"subject, before": {[]string{"--subject", "alice", "--issued-before", "2029-01-01T01:00:00+01:00"}, `{"subject":"alice","issued_before":"2029-01-01T01:00:00+01:00"}`},
		"everyone, now":   {[]string{"--everyone", "--issued-before", "now", "--yes"}, `{"issued_before":"2030-01-31T12:00:00Z"}`},
		"unrecorded":      {[]string{"i", "--unrecorded", "--reason", "lost"}, `{"id":"i","reason":"lost"}`},
	} {
		t.Run("revoke "+name, func(t *testing.T) {
			a := newFakeAdmin(t)
			a.answers["POST /mgw/revocations"] = answer{204, ""}
			require.NoError(t, a.typed("", append([]string{"key", "revoke"}, tc.args...)...).failed)
			require.JSONEq(t, tc.body, a.body("POST /mgw/revocations"))
		})
	}
}

// TestRevokingForNobodySaysSo: a name may be misspelt, and who was meant goes on.
func TestRevokingForNobodySaysSo(t *testing.T) {
	for keys, told := range map[string]bool{`{"keys":[]}`: true, `{"keys":[{"id":"i","subject":"alice","issued_at":"2030-01-01T00:00:00Z","expires_at":null,"last_used_at":null}]}`: false} {
		a := newFakeAdmin(t)
		a.answers["GET /mgw/keys"] = answer{200, keys}
		a.answers["POST /mgw/revocations"] = answer{204, ""}
		p := a.typed("", "key", "revoke", "--subject", "alice")
		require.NoError(t, p.failed)
		require.Equal(t, told, strings.Contains(p.err, "no key of alice is recorded here"), p.err)
	}
}

// certificateFile has a key and a certificate, whose x5t#S256 it returns.
func certificateFile(t testing.TB) (file, thumbprint string) {
	t.Helper()
	c := mtlstest.NewAuthority(t, "Test").Issue(t, "partner")
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	require.NoError(t, pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
	file = filepath.Join(t.TempDir(), "client.pem")
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
	sum := sha256.Sum256(c.Certificate[0])
	return file, base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestAnIDMayBeginWithADash(t *testing.T) {
	a := newFakeAdmin(t)
	a.answers["GET /mgw/keys/-hxK2"] = answer{200, `{"id":"-hxK2","issued_at":"2030-01-01T00:00:00Z"}`}
	p := typedAt(time.Now, "", "mgw", "key", "show", "--address", a.address, "--", "-hxK2")
	require.NoError(t, p.failed)
	require.Contains(t, p.out, "-hxK2")
}

func TestWhatAKeyGetsIsSaid(t *testing.T) {
	for name, tc := range map[string]struct{ expires, asked, want string }{
		"less life than asked for": {`"2030-02-10T12:00:00Z"`, "30d", "key i of alice expires 2030-02-10T12:00:00Z (in 10 days), which is the longest life that the gateway allows\n"},
		"as asked for":             {`"2030-03-02T12:00:00Z"`, "30d", "key i of alice expires 2030-03-02T12:00:00Z (in 30 days)\n"},
		"no end":                   {"null", "100000d", "key i of alice never expires\n"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newFakeAdmin(t)
			a.answers["POST /mgw/keys"] = answer{201, fmt.Sprintf(`{"apikey":"k","id":"i","expires_at":%s}`, tc.expires)}
			p := a.typed("", "key", "issue", "alice", "--valid-for", tc.asked)
			require.NoError(t, p.failed)
			require.Equal(t, tc.want, p.err)
		})
	}
}
