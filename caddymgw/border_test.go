package caddymgw_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// crossing is a border over an API with two operations: one that reads a key in
// header, query and cookie or a token, and a public one.
type crossing struct {
	border  *caddymgw.Border
	secured *caddymgw.Operation
	public  *caddymgw.Operation
}

func newCrossing(forward bool) crossing {
	all := schemes()
	api := &caddymgw.API{Name: "Pets", Version: "1"}
	c := crossing{
		secured: &caddymgw.Operation{API: api, Method: "GET", Template: "/pets", ID: "list"},
		public:  &caddymgw.Operation{API: api, Method: "GET", Template: "/ping"},
	}
	for _, name := range []string{"key", "qkey", "ckey", "bearer"} {
		api.Schemes = append(api.Schemes, all[name])
		c.secured.Alternatives = append(c.secured.Alternatives, caddymgw.Alternative{{Scheme: all[name]}})
	}
	api.Operations = []*caddymgw.Operation{c.secured, c.public}
	caddymgw.Bind(api, func(*caddymgw.Scheme) caddymgw.Verifier { return &fake{} })
	var identities []caddymgw.Identity
	for _, id := range [][2]string{
		{"X-User", "subject"},
		{"X-Scopes", "scopes"},
		{"X-Scheme", "scheme"},
		{"X-Issuer", "issuer"},
		{"X-Key-Id", "key_id"},
		{"X-Api", "api"},
		{"X-Operation", "operation"},
		{"X-All", "user=<subject>; by <scheme>"},
		{"X-Where", "<api>/<operation>"},
	} {
		identity, err := caddymgw.NewIdentity(id[0], id[1])
		if err != nil {
			panic(err)
		}
		identities = append(identities, identity)
	}
	c.border = caddymgw.NewBorder(api, identities, []string{"X-Ours"}, forward, func(s string) bool { return strings.HasPrefix(s, "ours.") })
	return c
}

func alice() []*caddymgw.Principal {
	return []*caddymgw.Principal{{Subject: "alice", Scheme: "key", Issuer: "us", KeyID: "k1", Scopes: []string{"a", "b"}}}
}

func TestBorderStripsCredentials(t *testing.T) {
	t.Parallel()
	credentials := []string{"X-Api-Key: K", "X_api_key: K", "Cookie: a=1; k=K", "Authorization: Bearer T", "?apikey=K&a=%2f"}
	for name, tc := range map[string]struct {
		forward    bool
		public     bool
		principals []*caddymgw.Principal
		verified   []credential.Credential
		request    []string
		left       string // names of what is left of key, cookie, authorization; then the query
	}{
		"all of them where they are read":           {request: credentials, left: "Cookie:a=1 ?a=%2f"},
		"keys on a public operation too":            {request: credentials, public: true, left: "Cookie:a=1 Authorization:Bearer T ?a=%2f"},
		"a key of ours in Authorization, always":    {request: []string{"Authorization: Bearer ours.key"}, public: true, left: "?"},
		"behind a tab":                              {request: []string{"Authorization: Bearer\tours.key"}, public: true, left: "?"},
		"quoted":                                    {request: []string{`Authorization: Bearer "ours.key"`}, public: true, left: "?"},
		"as a parameter":                            {request: []string{"Authorization: Token token=ours.key, x=y"}, public: true, left: "?"},
		"a bare one too":                            {request: []string{"Authorization: ours.key"}, public: true, left: "?"},
		"somebody else's token on a public one not": {request: []string{"Authorization: Bearer theirs"}, public: true, left: "Authorization:Bearer theirs ?"},
		"an unverified Authorization goes, all the same": {
			forward: true, principals: alice(), request: []string{"X-Api-Key: K", "Authorization: Bearer forged"},
			verified: []credential.Credential{{Place: credential.Place{In: credential.Header, Name: "X-Api-Key"}}},
			left:     "X-Api-Key:K ?",
		},
		"verified ones stay where that is asked": {
			forward: true, principals: alice(), request: credentials,
			verified: []credential.Credential{{Place: credential.Place{In: credential.Header, Name: "X-Api-Key"}}},
			left:     "X-Api-Key:K X_api_key:K Cookie:a=1 ?a=%2f",
		},
		"without a principal nothing was verified": {
			forward: true, request: credentials,
			verified: []credential.Credential{{Place: credential.Place{In: credential.Header, Name: "X-Api-Key"}}},
			left:     "Cookie:a=1 ?a=%2f",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrossing(tc.forward)
			r := get(tc.request...)
			if values := r.Header["X_api_key"]; values == nil && len(r.Header["X-Api-Key"]) > 1 {
				t.Fatal("the header map folded a name")
			}
			d := caddymgw.Decision{Operation: c.secured, Principals: tc.principals, Verified: tc.verified}
			if tc.public {
				d.Operation = c.public
			}
			c.border.Cross(r, d)
			var left []string
			for _, name := range []string{"X-Api-Key", "X_api_key", "Cookie", "Authorization"} {
				if v := r.Header[name]; v != nil {
					left = append(left, name+":"+strings.Join(v, ","))
				}
			}
			require.Equal(t, tc.left, strings.Join(append(left, "?"+r.URL.RawQuery), " "))
		})
	}
}

func TestBorderSetsIdentityAndNobodyElseDoes(t *testing.T) {
	t.Parallel()
	c := newCrossing(false)
	spoof := []string{"X-User: root", "X_user: root", "X.User: root", "x-user: root", "X-Scopes: admin", "X-Key-Id: k", "x_ours: forged", "X-Ours: forged"}
	r := get(spoof...)
	r.Header["x-USER"] = []string{"root"}
	c.border.Cross(r, caddymgw.Decision{Operation: c.secured, Principals: alice()})
	require.Equal(t, http.Header{
		"X-User": {"alice"}, "X-Scopes": {"a b"}, "X-Scheme": {"key"}, "X-Issuer": {"us"}, "X-Key-Id": {"k1"}, "X-Api": {"Pets"}, "X-Operation": {"list"},
		"X-All": {"user=alice; by key"}, "X-Where": {"Pets/list"},
	}, r.Header)

	r = get(spoof...)
	c.border.Cross(r, caddymgw.Decision{Operation: c.public})
	require.Equal(t, http.Header{"X-Api": {"Pets"}, "X-Operation": {"GET /ping"}, "X-Where": {"Pets/GET %2Fping"}}, r.Header, "an anonymous request has no subject")
}

func TestIdentityCannotSplitAHeader(t *testing.T) {
	t.Parallel()
	c := newCrossing(false)
	for subject, want := range map[string]string{
		"a\r\nX-Admin: 1": "a%0D%0AX-Admin: 1",
		"zoë":             "zo%C3%AB",
		"100%":            "100%25",
		"{env.PATH}":      "{env.PATH}",
		"a\x00\x7f":       "a%00%7F",
		" alice ":         "%20alice%20",
		"a b":             "a b",
	} {
		r := get()
		c.border.Cross(r, caddymgw.Decision{Operation: c.secured, Principals: []*caddymgw.Principal{{Subject: subject}}})
		require.Equal(t, want, r.Header.Get("X-User"))
	}
}

func TestBorderRemovesOverrides(t *testing.T) {
	t.Parallel()
	c := newCrossing(false)
	r := get("X-Forwarded-Client-Cert: c", "X-SSL-Client-Verify: SUCCESS", "Ssl_client_s_dn: CN=a", "X-Client-Cert: c", "X-Original-URL: /admin",
		"X-Rewrite-Url: /admin", "X-Forwarded-Uri: /admin", "X-Forwarded-Path: /a", "X-Forwarded-Prefix: /a", "X-Envoy-Original-Path: /a",
		"X-HTTP-Method: DELETE", "Client-Cert: c", "Client-Cert-Chain: c", "X-Forwarded-Tls-Client-Cert-Info: c", "X-Original-Method: DELETE", "X-Original-Host: a", "X-Amzn-Mtls-Clientcert: c", "X-Http-Method-Override: DELETE", "X_Method.Override: DELETE", "X-Forwarded-For: 192.0.2.7", "Accept: */*")
	c.border.Cross(r, caddymgw.Decision{Operation: c.public})
	require.Equal(t, http.Header{"X-Forwarded-For": {"192.0.2.7"}, "Accept": {"*/*"}, "X-Api": {"Pets"}, "X-Operation": {"GET /ping"}, "X-Where": {"Pets/GET %2Fping"}}, r.Header)
}

func TestBorderCleansTheConnection(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method  string
		request []string
		want    string // Connection / Upgrade / HTTP2-Settings
	}{
		"a header that we set":         {request: []string{"Connection: X-User, close"}, want: "close//"},
		"in two lines":                 {request: []string{"Connection: close", "Connection: x-user"}, want: "close//"},
		"nothing that is left":         {request: []string{"Connection: Authorization, X-Api-Key"}, want: "//"},
		"keep-alive stays":             {request: []string{"Connection: Keep-Alive"}, want: "keep-alive//"},
		"websocket":                    {request: []string{"Connection: Upgrade", "Upgrade: WebSocket"}, want: "upgrade/WebSocket/"},
		"websocket by another method":  {method: "POST", request: []string{"Connection: Upgrade", "Upgrade: websocket"}, want: "//"},
		"h2c":                          {request: []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"}, want: "//"},
		"h2c behind websocket":         {request: []string{"Connection: Upgrade", "Upgrade: websocket, h2c"}, want: "//"},
		"h2c in a second line":         {request: []string{"Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"}, want: "//"},
		"TLS":                          {request: []string{"Connection: Upgrade", "Upgrade: TLS/1.0"}, want: "//"},
		"settings without an upgrade":  {request: []string{"HTTP2-Settings: AAMAAABk"}, want: "//"},
		"an upgrade nobody asked for":  {request: []string{"Connection: upgrade"}, want: "//"},
		"spaces and empty options":     {request: []string{"Connection:  , close ,,"}, want: "close//"},
		"connection is absent as well": {want: "//"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrossing(false)
			r := get(tc.request...)
			if tc.method != "" {
				r.Method = tc.method
			}
			c.border.Cross(r, caddymgw.Decision{Operation: c.public})
			require.Equal(t, tc.want, strings.Join([]string{
				strings.Join(r.Header["Connection"], "|"), strings.Join(r.Header["Upgrade"], "|"), strings.Join(r.Header["Http2-Settings"], "|"),
			}, "/"))
		})
	}
}

// lateTrailer fills the trailer in when the body ends, as net/http does.
type lateTrailer struct {
	io.Reader
	r *http.Request
}

func (b *lateTrailer) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		if b.r.Trailer == nil {
			b.r.Trailer = http.Header{}
		}
		for _, name := range []string{"X-User", "X_user", "Authorization", "X-Api-Key", "X-Original-Url", "X-Checksum"} {
			b.r.Trailer[name] = []string{"sent"}
		}
	}
	return n, err
}

func (*lateTrailer) Close() error { return nil }

func TestTrailersBearNeitherIdentityNorCredentials(t *testing.T) {
	t.Parallel()
	for name, announced := range map[string]http.Header{"announced": {"X-User": nil, "X-Checksum": nil}, "not announced": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrossing(false)
			r := get()
			r.ContentLength, r.Trailer = -1, announced
			r.Body = &lateTrailer{strings.NewReader("body"), r}
			c.border.Cross(r, caddymgw.Decision{Operation: c.secured, Principals: alice()})
			require.NotContains(t, r.Trailer, "X-User")
			_, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			require.Equal(t, http.Header{"X-Checksum": {"sent"}}, r.Trailer)
		})
	}
}

func TestATextAroundFieldsCannotBeForged(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"user=<subject>;roles=<scopes>": "user=ben%3Broles%3Dchief x;roles=reader a",
		"<subject>/<scopes>":            "ben%3Broles%3Dchief x/reader a",
		"<subject> <scopes>":            "ben%3Broles%3Dchief%20x reader%20a",
		"<subject>-<scopes>":            "ben%3Broles%3Dchief x-reader a",
		"<key_id> <subject> <issuer>":   "%20ben%3Broles%3Dchief%20x%20",
		"<subject>":                     "ben;roles=chief x",
	} {
		id, err := caddymgw.NewIdentity("X-Who", value)
		require.NoError(t, err)
		c := newCrossing(false)
		b := caddymgw.NewBorder(c.secured.API, []caddymgw.Identity{id}, nil, false, nil)
		r := get()
		b.Cross(r, caddymgw.Decision{Operation: c.secured, Principals: []*caddymgw.Principal{{Subject: "ben;roles=chief x", Scopes: []string{"reader", "a"}}}})
		require.Equal(t, want, r.Header.Get("X-Who"), value)
	}
}

func TestNoTwoCallersLookAlike(t *testing.T) {
	t.Parallel()
	type p = caddymgw.Principal
	for value, pair := range map[string][2]p{
		"<issuer>-<subject>":           {{Issuer: "idp", Subject: "corp-admin"}, {Issuer: "idp-corp", Subject: "admin"}},
		"u-<subject>-role-<scopes>":    {{Subject: "ben-role-admin", Scopes: []string{"read"}}, {Subject: "ben", Scopes: []string{"admin-role-read"}}},
		"<subject>x-<scopes>":          {{Subject: "ax-b", Scopes: []string{"c"}}, {Subject: "a", Scopes: []string{"bx-c"}}},
		"<issuer> <key_id>":            {{Issuer: "x"}, {KeyID: "x"}},
		"<subject>.<issuer>:<scopes>":  {{Subject: "a.b", Issuer: "c", Scopes: []string{"d"}}, {Subject: "a", Issuer: "b.c", Scopes: []string{"d"}}},
		"-._~@:/+ <subject>/<key_id>":  {{Subject: "a/b", KeyID: "c"}, {Subject: "a", KeyID: "b/c"}},
		"<subject>%25/<scopes>":        {{Subject: "a%25/b", Scopes: []string{"c"}}, {Subject: "a", Scopes: []string{"b%25/c"}}},
		"<api>@<operation>@<subject>@": {{Subject: "a@b"}, {Subject: "a%40b"}},
	} {
		id, err := caddymgw.NewIdentity("X-Who", value)
		require.NoError(t, err, value)
		c := newCrossing(false)
		b := caddymgw.NewBorder(c.secured.API, []caddymgw.Identity{id}, nil, false, nil)
		var seen []string
		for _, who := range pair {
			r := get()
			b.Cross(r, caddymgw.Decision{Operation: c.secured, Principals: []*caddymgw.Principal{&who}})
			require.Equal(t, r.Header.Get("X-Who"), strings.TrimSpace(r.Header.Get("X-Who")), value)
			seen = append(seen, r.Header.Get("X-Who"))
		}
		require.NotEqual(t, seen[0], seen[1], value)
	}
}

func TestFieldsThatNothingPartsAreRefused(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"<subject><key_id>", "<subject>x<scopes>", "u/<subject>00<scopes>", "<subject>%<scopes>", "<subject>%2F<scopes>", "<api>/<subject><operation>"} {
		_, err := caddymgw.NewIdentity("X-Who", value)
		require.ErrorContains(t, err, "other than letters, digits and %", value)
	}
}

func TestIdentitiesThatAreRefused(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"name":             `field "name" is none of api, operation, subject`,
		"<name>":           `field "name" is none of`,
		"":                 `field "" is none of`,
		"<subject":         `field "subject" is none of`,
		"a>b":              `"a>b" is no text of a header`,
		"a\nb<subject>":    `is no text of a header`,
		"{env.PATH}":       `field "{env.PATH}" is none of`,
		"<subject>z\u00e9": `is no text of a header`,
	} {
		_, err := caddymgw.NewIdentity("X-User", value)
		require.ErrorContains(t, err, want)
	}
}
