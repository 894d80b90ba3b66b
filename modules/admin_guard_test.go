package modules_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/mtls/mtlstest"
	"github.com/caddymgw/gateway/modules/internal/harness"
)

// TestTheAdminEndpointGuardsOurPaths: Caddy's checks come before ours.
func TestTheAdminEndpointGuardsOurPaths(t *testing.T) {
	o := operate(t, shopCaddyfile)
	k := o.issue(`{"subject":"alice"}`)
	_, port, err := net.SplitHostPort(o.address)
	require.NoError(t, err)
	raw := func(method, target, host, body string, lines ...string) (int, http.Header) {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+o.address+target, strings.NewReader(body))
		require.NoError(t, err)
		r.Host = host
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			r.Header.Set(name, value)
		}
		res, err := o.client.Do(r)
		require.NoError(t, err)
		defer res.Body.Close()
		return res.StatusCode, res.Header
	}
	own := "127.0.0.1:" + port
	const evil = "Origin: http://evil.test"
	for name, tc := range map[string]struct {
		host   string
		lines  []string
		status int
	}{
		"another host":              {"evil.test", nil, 403},
		"another host and our port": {"evil.test:" + port, nil, 403},
		"a foreign origin":          {own, []string{evil}, 403},
		"a form of another site":    {own, []string{evil, "Sec-Fetch-Mode: navigate", "Content-Type: application/x-www-form-urlencoded"}, 403},
		"a navigation":              {own, []string{"Sec-Fetch-Mode: navigate"}, 403},
		"no-cors":                   {own, []string{"Sec-Fetch-Mode: no-cors"}, 400},
		"an opaque origin":          {own, []string{"Origin: null"}, 400},
		"a WebSocket":               {own, []string{"Upgrade: websocket", "Connection: Upgrade"}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			for _, op := range everyOperation(k.ID, "none") {
				status, _ := raw(op.method, op.target, tc.host, op.body, append([]string{ofJSON}, tc.lines...)...)
				require.Equal(t, tc.status, status, "%s %s", op.method, op.target)
			}
		})
	}
	require.EqualValues(t, "active", o.state(k.ID).State)
	status, header := raw("GET", "/mgw/keys", own, "", "Origin: http://"+own)
	require.Equal(t, 200, status)
	require.Equal(t, "http://"+own, header.Get("Access-Control-Allow-Origin"))

	t.Run("and they are on no other port", func(t *testing.T) {
		for _, op := range everyOperation(k.ID, "none") {
			require.Equal(t, 404, o.Do(op.method, op.target, op.body, alice, ofJSON, k.header()).Status, op.target)
		}
	})
	t.Run("paths that ServeMux cleans lead on and do nothing", func(t *testing.T) {
		for _, target := range []string{"/mgw//keys", "/mgw/apis/../keys", "/mgw/./keys", "//mgw/keys", "/mgw/keys//" + k.ID, "/mgw/apis/..%2fkeys/../../keys"} {
			status, header := raw("DELETE", target, own, "")
			require.Contains(t, []int{301, 307, 308}, status, target)
			require.True(t, strings.HasPrefix(header.Get("Location"), "/mgw/keys"), target)
		}
		require.EqualValues(t, "active", o.state(k.ID).State)
	})
}

func TestTheAdminAPIOverAUnixSocket(t *testing.T) {
	o := operate(t, shopCaddyfile)
	socket := filepath.Join(o.Dir, "admin.sock")
	o.address = "unix/" + socket
	o.run(shopCaddyfile)
	o.address = "localhost"
	client := func(local string) *http.Client {
		return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			d := net.Dialer{LocalAddr: &net.UnixAddr{Name: local, Net: "unix"}}
			if local == "" {
				d.LocalAddr = nil
			}
			return d.DialContext(ctx, "unix", socket)
		}}}
	}
	t.Chdir(o.Dir)
	for _, local := range []string{"", "10.1.2.3:80"} { // a client may call its end as it likes
		o.client = client(local)
		k := o.issue(`{"subject":"alice"}`)
		require.Equal(t, "unix", auditLine(t, o.Log(), "mgw_key_issued", k.ID)["remote_ip"])
		require.Equal(t, 200, o.ask("DELETE", "/mgw/keys/"+k.ID, "").Status)
	}
}

// TestRemoteAdministration: certificates and the paths that they are granted
// hold for ours, in every spelling.
func TestRemoteAdministration(t *testing.T) {
	o := operate(t, shopCaddyfile)
	ca := mtlstest.NewAuthority(t, "operators")
	reader, writer, stranger := ca.Issue(t, "reader"), ca.Issue(t, "writer"), ca.Issue(t, "stranger")
	k := o.issue(`{"subject":"alice"}`)
	remote := administer(t, o, map[string]any{
		"public_keys": encoded(reader), "permissions": []map[string]any{{"paths": []string{"/mgw/keys", "/mgw/apis"}, "methods": []string{"GET"}}},
	}, map[string]any{
		"public_keys": encoded(writer), "permissions": []map[string]any{{"paths": []string{"/mgw"}}},
	})
	as := func(c tls.Certificate) *http.Client {
		return &http.Client{
			Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &c, nil // though the server names no authority of his
			}}},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	reads, writes := as(reader), as(writer)
	require.Eventually(t, func() bool { // Caddy gets its own certificate after it has started
		a, err := harness.Send(reads, "GET", remote+"/mgw/keys", "")
		return err == nil && a.Status == 200
	}, 20*time.Second, 50*time.Millisecond)

	for _, op := range everyOperation(k.ID, "none") {
		want := 403
		if op.method == "GET" && (strings.HasPrefix(op.target, "/mgw/keys") || strings.HasPrefix(op.target, "/mgw/apis")) {
			want = 200
		}
		require.Equal(t, want, o.DoWith(reads, op.method, remote+op.target, op.body, ofJSON).Status, "%s %s", op.method, op.target)
		_, err := harness.Send(as(stranger), op.method, remote+op.target, op.body, ofJSON)
		require.Error(t, err, "a certificate that nobody listed")
	}
	require.EqualValues(t, "active", o.state(k.ID).State)
	for target, want := range map[string]int{
		"/mgw/signing%2Dkeys":                    403, // another spelling of what is not granted
		"/mgw/apis/..%2fsigning-keys":            403,
		"/mgw/apis/%2e%2e/signing-keys":          403,
		"/mgw/apis/%2e%2e%2fsigning-keys":        403,
		"/mgw/keys/../signing-keys":              403,
		"/mgw//signing-keys":                     403,
		"/mgw/keysx":                             403,
		"/mgw/signing-keys/%2e%2e/keys":          400, // granted once it is cleaned, and never cleaned
		"/mgw/signing-keys/..%2f..%2fmgw%2fkeys": 400,
		"/mgw/signing-keys%2f..%2fkeys":          400,
		"/mgw/k%65ys/" + k.ID:                    200, // another spelling of what is granted
		"/mgw/apis/Shop%2F1.0.0":                 404,
		"/mgw/apis/Shop/1%2E0%2E0":               200,
	} {
		status := o.DoWith(reads, "GET", remote+target, "").Status
		require.Equal(t, want, status, target)
	}

	fresh := read[held](t, o.DoWith(writes, "POST", remote+"/mgw/keys", `{"subject":"carol"}`, ofJSON), 201)
	line := auditLine(t, o.Log(), "mgw_key_issued", fresh.ID)
	leaf, err := x509.ParseCertificate(writer.Certificate[0])
	require.NoError(t, err)
	require.Equal(t, "writer (serial "+leaf.SerialNumber.Text(16)+")", line["user"])
	require.Equal(t, "127.0.0.1", line["remote_ip"])
	require.Equal(t, 403, o.DoWith(writes, "GET", remote+"/config/", "").Status)
}

func encoded(c tls.Certificate) []string {
	return []string{base64.StdEncoding.EncodeToString(c.Certificate[0])}
}

// administer adds Caddy's remote administration, and returns its URL.
func administer(t *testing.T, o *operator, access ...any) string {
	t.Helper()
	kept := caddy.DefaultStorage // of its identity, whatever the configuration says
	caddy.DefaultStorage = &certmagic.FileStorage{Path: filepath.Join(o.Dir, "identity")}
	t.Cleanup(func() { caddy.DefaultStorage = kept })
	address := freeAddress(t)
	config, err := o.Adapt(strings.Replace(o.Expand(shopCaddyfile), "admin off", "admin "+o.address, 1))
	require.NoError(t, err)
	var c map[string]any
	require.NoError(t, json.Unmarshal(config, &c))
	local := c["admin"].(map[string]any)
	local["identity"] = map[string]any{"identifiers": []string{"localhost"}, "issuers": []map[string]string{{"module": "internal"}}}
	local["remote"] = map[string]any{"listen": address, "access_control": access}
	config, err = json.Marshal(c)
	require.NoError(t, err)
	require.NoError(t, o.LoadJSON(config))
	return "https://" + address
}
