package modules_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// aToken looks like a key, and is in no output of a command.
const aToken = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJnZWhlaW0ifQ.geheim"

func TestMisspeltCommandsAreRefused(t *testing.T) {
	const secret = "keep the key out of the arguments"
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"unknown":                   {[]string{"kye"}, `caddymgw mgw has no command "kye"; the nearest are key`},
		"unknown below key":         {[]string{"key", "lst", "--json"}, `caddymgw mgw key has no command "lst"; the nearest are list`},
		"unknown and unlike":        {[]string{"signing-key", "destroy"}, `caddymgw mgw signing-key has no command "destroy"`},
		"unknown flag":              {[]string{"key", "list", "--subjects", "a"}, "unknown flag: --subjects"},
		"no subject":                {[]string{"key", "issue"}, "caddymgw mgw key issue wants a subject, and got 0 arguments"},
		"two subjects":              {[]string{"key", "issue", "a", "b"}, "caddymgw mgw key issue wants a subject, and got 2 arguments"},
		"an argument too many":      {[]string{"key", "list", "alice"}, "caddymgw mgw key list takes no argument"},
		"no id":                     {[]string{"key", "show"}, "caddymgw mgw key show wants the id of a key, and got 0 arguments"},
		"an id like a flag":         {[]string{"key", "revoke", "-xK2"}, "unknown shorthand flag: 'x' in -xK2; an id that begins with - goes behind --, as in: key show -- -id"},
		"an id that is not set":     {[]string{"key", "revoke", ""}, "caddymgw mgw key revoke got an empty argument"},
		"no kid":                    {[]string{"signing-key", "retire"}, "wants the kid of a signing key"},
		"no life":                   {[]string{"key", "issue", "a", "--valid-for", "0s"}, "--valid-for 0s: this is no duration above 0"},
		"half a life":               {[]string{"key", "issue", "a", "--valid-for", "1500ms"}, "--valid-for 1500ms: this is no whole number of seconds"},
		"life of a word":            {[]string{"key", "issue", "a", "--valid-for", "long"}, "--valid-for long: this is no duration above 0, like 10m, 1h or 90d"},
		"an empty API":              {[]string{"key", "issue", "a", "--api", " "}, "--api is empty"},
		"no certificate":            {[]string{"key", "issue", "a", "--certificate", "missing.pem"}, "--certificate: neither a SHA-256 nor a file: open missing.pem"},
		"a file of something else":  {[]string{"key", "issue", "a", "--certificate", "doc.go"}, "--certificate: doc.go holds no certificate in PEM"},
		"a broken certificate":      {[]string{"key", "issue", "a", "--certificate", brokenCertificate(t)}, "x509: "},
		"negative overlap":          {[]string{"key", "rotate", "i", "--overlap", "-1s"}, "--overlap -1s: this is no duration above 0"},
		"unused for ever":           {[]string{"key", "list", "--unused-for", "ever"}, "--unused-for ever: this is no duration above 0"},
		"nobody's keys":             {[]string{"key", "list", "--subject", ""}, "--subject is empty"},
		"revoke nothing":            {[]string{"key", "revoke"}, "say which keys: an id, --subject, or --everyone with --issued-before"},
		"revoke a moment's":         {[]string{"key", "revoke", "--issued-before", "now"}, "say which keys"},
		"revoke two":                {[]string{"key", "revoke", "a", "b"}, "wants one id, and got 2 arguments"},
		"revoke an id and more":     {[]string{"key", "revoke", "a", "--subject", "b"}, "an id stands alone"},
		"revoke an id before":       {[]string{"key", "revoke", "a", "--issued-before", "now"}, "an id stands alone"},
		"revoke everyone's ever":    {[]string{"key", "revoke", "--everyone", "--yes"}, "--everyone wants --issued-before"},
		"revoke somebody's and all": {[]string{"key", "revoke", "--everyone", "--subject", "a", "--issued-before", "now"}, "none of the others can be"},
		"revoke some unrecorded":    {[]string{"key", "revoke", "--subject", "a", "--unrecorded"}, "--unrecorded is for an id"},
		"revoke many as JSON":       {[]string{"key", "revoke", "--subject", "a", "--json"}, "none of the others can be"},
		"revoke at no time":         {[]string{"key", "revoke", "--subject", "a", "--issued-before", "noon"}, "--issued-before noon: this is neither a time such as 2030-01-31T12:00:00Z nor now"},
		"inspect an argument":       {[]string{"key", "inspect", aToken}, "the key is read from stdin: as an argument it is seen by other users"},
		"inspect nothing":           {[]string{"key", "inspect"}, "nothing came by stdin"},
		"inspect and configure":     {[]string{"key", "inspect", "--config", "-"}, "--config -: stdin is for the key"},
		"show a key":                {[]string{"key", "show", aToken}, secret},
		"revoke a key":              {[]string{"key", "revoke", aToken}, secret},
		"revoke part of a key":      {[]string{"key", "revoke", aToken[:30]}, secret},
		"rotate a key":              {[]string{"key", "rotate", aToken}, secret},
		"a key in place of a word":  {[]string{"key", aToken}, secret},
	} {
		t.Run(name, func(t *testing.T) {
			a := newFakeAdmin(t)
			p := a.typed("", tc.args...)
			want := tc.want
			if want == secret {
				want = "this is a key itself, not its id"
			}
			require.ErrorContains(t, p.failed, want)
			require.Equal(t, "Error: "+p.failed.Error()+"\n", p.err)
			require.Empty(t, p.out)
			require.NotContains(t, p.err, aToken[:30])
			require.Empty(t, a.asked(), "nobody was asked")
		})
	}
	t.Run("nothing said", func(t *testing.T) {
		for _, args := range [][]string{{}, {"key"}, {"signing-key"}} {
			require.Contains(t, works(t, "", args...).out, "Available Commands:")
		}
	})
	t.Run("too much to inspect", func(t *testing.T) {
		a := newFakeAdmin(t)
		require.EqualError(t, a.typed(strings.Repeat("a", 1<<20), "key", "inspect").failed, "what comes by stdin is too long")
	})
}

func brokenCertificate(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "broken.pem")
	require.NoError(t, os.WriteFile(file, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), 0o600))
	return file
}

func TestWhatGatewaysRefuseIsSaid(t *testing.T) {
	for name, tc := range map[string]struct {
		args   []string
		path   string
		answer answer
		want   string
	}{
		"with the flag": {
			[]string{"key", "issue", "a"},
			"POST /mgw/keys",
			answer{400, `{"error":{"status":400,"message":"neither an address nor a CIDR","pointer":"/permittedIPs/0"}}`},
			"the gateway says: /permittedIPs/0: neither an address nor a CIDR (400): see --from",
		},
		"with a member that no flag gives": {
			[]string{"key", "issue", "a"},
			"POST /mgw/keys",
			answer{400, `{"error":{"status":400,"message":"must not be empty","pointer":"/subject"}}`},
			"the gateway says: /subject: must not be empty (400)",
		},
		"by Caddy": {
			[]string{"key", "list"},
			"GET /mgw/keys",
			answer{403, `{"error":"host not allowed: evil"}`},
			"the gateway says: host not allowed: evil (403)",
		},
		"without a word": {[]string{"key", "list"}, "GET /mgw/keys", answer{502, "<html>"}, "the gateway says: Bad Gateway (502)"},
		"what a terminal might obey": {
			[]string{"key", "show", "i"},
			"GET /mgw/keys/i",
			answer{404, `{"error":{"status":404,"message":"\u001b[2J"}}`},
			`the gateway says: \x1b[2J (404)`,
		},
		"the ledger is away": {
			[]string{"key", "revoke", "i"},
			"DELETE /mgw/keys/i",
			answer{503, `{"error":{"status":503,"message":"the ledger is away"}}`},
			"the gateway says: the ledger is away (503)",
		},
		"the time": {
			[]string{"key", "revoke", "--subject", "a", "--issued-before", "2100-01-01T00:00:00Z"},
			"POST /mgw/revocations",
			answer{400, `{"error":{"status":400,"message":"must not lie ahead","pointer":"/issued_before"}}`},
			"/issued_before: must not lie ahead (400): see --issued-before",
		},
		"another program":        {[]string{"key", "list"}, "GET /mgw/keys", answer{404, "404 page not found\n"}, "is not the admin API of caddymgw"},
		"another page":           {[]string{"key", "list"}, "GET /mgw/keys", answer{200, "<html>"}, "is not the admin API of caddymgw"},
		"an empty page":          {[]string{"key", "list"}, "GET /mgw/keys", answer{200, "{}"}, "is not the admin API of caddymgw"},
		"a list of something":    {[]string{"key", "list"}, "GET /mgw/keys", answer{200, `{"keys":[1]}`}, "is not the admin API of caddymgw"},
		"a list without end":     {[]string{"key", "list"}, "GET /mgw/keys", answer{200, `{"keys":[],"next":"a"}`}, "is not the admin API of caddymgw"},
		"half a list":            {[]string{"key", "list"}, "GET /mgw/keys", answer{200, `{"keys":[`}, "unexpected EOF"},
		"done by another":        {[]string{"signing-key", "retire", "k"}, "DELETE /mgw/signing-keys/k", answer{200, "ok"}, "is not the admin API of caddymgw"},
		"revoked by another":     {[]string{"key", "revoke", "k"}, "DELETE /mgw/keys/k", answer{200, "{}"}, "is not the admin API of caddymgw"},
		"another record":         {[]string{"key", "show", "i"}, "GET /mgw/keys/i", answer{200, `{"id":"j"}`}, "is not the admin API of caddymgw"},
		"a record of another":    {[]string{"key", "show", "i"}, "GET /mgw/keys/i", answer{200, "[]"}, "is not the admin API of caddymgw"},
		"a key of another":       {[]string{"key", "issue", "a"}, "POST /mgw/keys", answer{200, "{}"}, "is not the admin API of caddymgw"},
		"a kid of another":       {[]string{"signing-key", "rotate"}, "POST /mgw/signing-keys/rotate", answer{200, "{}"}, "is not the admin API of caddymgw"},
		"an ids with a slash":    {[]string{"key", "show", "a/../b?c"}, "GET /mgw/keys/a/../b?c", answer{418, "{}"}, "I'm a teapot"},
		"signing keys of a file": {[]string{"signing-key", "retire", "k"}, "DELETE /mgw/signing-keys/k", answer{409, `{"error":{"status":409,"message":"the signing key is a file"}}`}, "the signing key is a file (409)"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newFakeAdmin(t)
			a.answers[tc.path] = tc.answer
			p := a.typed("", tc.args...)
			require.ErrorContains(t, p.failed, tc.want)
			require.Equal(t, "Error: "+p.failed.Error()+"\n", p.err)
			require.Empty(t, p.out)
		})
	}
	t.Run("inspection by another", func(t *testing.T) {
		a := newFakeAdmin(t)
		a.answers["POST /mgw/inspect"] = answer{200, "{}"}
		require.ErrorContains(t, a.typed("x", "key", "inspect").failed, "is not the admin API of caddymgw")
	})
}

func TestNoGatewayIsSaid(t *testing.T) {
	nobody := freeAddress(t)
	t.Run("at the address", func(t *testing.T) {
		fails(t, "no gateway answers at the admin address "+nobody+" (dial tcp "+nobody+": connect: connection refused): start it, or say where it is with --address", "key", "list", "--address", nobody)
	})
	t.Run("at a socket", func(t *testing.T) {
		socket := "unix/" + filepath.Join(t.TempDir(), "admin.sock")
		fails(t, "no gateway answers at the admin address "+socket+" (dial unix ", "key", "list", "--address", socket)
	})
	t.Run("at no address", func(t *testing.T) {
		fails(t, "invalid admin address", "key", "list", "--address", "localhost:1-9")
	})
	t.Run("that stays", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 1))
				_ = c.Close()
			}
		}()
		p := typed("", "key", "issue", "a", "--address", l.Addr().String())
		require.ErrorContains(t, p.failed, "talking to the gateway at "+l.Addr().String())
		require.ErrorContains(t, p.failed, "it may have done what was asked for all the same")
	})
	t.Run("in what runs", func(t *testing.T) {
		harness.New(t, nil) // ends what runs with the test
		require.NoError(t, caddy.Load([]byte(`{"admin":{"listen":"`+nobody+`","config":{"persist":false}}}`), true))
		fails(t, "the gateway says: nothing in the configuration that runs uses the gateway (404)", "key", "list", "--address", nobody)
	})
}

// TestTheAddressIsFoundAsReloadDoes starts at the flag and ends at the default.
func TestTheAddressIsFoundAsReloadDoes(t *testing.T) {
	a := newFakeAdmin(t)
	a.answers["GET /mgw/keys"] = answer{200, `{"keys":[]}`}
	dir := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	t.Chdir(dir)
	t.Run("by a configuration file", func(t *testing.T) {
		write("a.caddyfile", "{\n\tadmin "+a.address+"\n}\n")
		write("a.json", `{"admin":{"listen":"`+a.address+`"}}`)
		write("a.txt", "{\n\tadmin "+a.address+"\n}\n")
		require.Equal(t, "no keys\n", works(t, "", "key", "list", "--config", "a.caddyfile").err, "and nothing of what Caddy logs")
		works(t, "", "key", "list", "-c", "a.json")
		works(t, "", "key", "list", "-c", "a.txt", "-a", "caddyfile")
		require.Len(t, a.asked(), 3)
	})
	t.Run("by the flag before that", func(t *testing.T) {
		write("b.json", `{"admin":{"listen":"127.0.0.1:1"}}`)
		works(t, "", "key", "list", "--config", "b.json", "--address", a.address)
	})
	t.Run("by the Caddyfile that is here", func(t *testing.T) {
		write("Caddyfile", "{\n\tadmin "+a.address+"\n}\n")
		works(t, "", "key", "list")
		require.NoError(t, os.Remove("Caddyfile"))
	})
	t.Run("by default", func(t *testing.T) {
		old := caddy.DefaultAdminListen
		caddy.DefaultAdminListen = a.address
		defer func() { caddy.DefaultAdminListen = old }()
		works(t, "", "key", "list")
	})
	t.Run("not where there is none", func(t *testing.T) {
		write("off.caddyfile", "{\n\tadmin off\n}\n")
		fails(t, "off.caddyfile turns the admin API off", "key", "list", "--config", "off.caddyfile")
		fails(t, "reading config from file", "key", "list", "--config", "missing.json")
		fails(t, "cannot adapt config without config file", "key", "list", "--adapter", "caddyfile")
		write("bad.caddyfile", "{\n\tnonsense\n}\n")
		fails(t, "unrecognized global option: nonsense", "key", "list", "--config", "bad.caddyfile")
	})
	t.Run("a socket", func(t *testing.T) {
		l, err := net.Listen("unix", filepath.Join(dir, "admin.sock"))
		require.NoError(t, err)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) })}
		go func() { _ = server.Serve(l) }()
		defer server.Close()
		works(t, "", "key", "list", "--address", "unix/"+filepath.Join(dir, "admin.sock"))
	})
}
