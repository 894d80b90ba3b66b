package modules_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/mgw"
)

// whyNot reads what `mgw explain --json` printed.
func whyNot(t testing.TB, p printed) mgw.Explanation {
	t.Helper()
	require.NoError(t, p.failed, p.err)
	var all explained
	require.NoError(t, json.Unmarshal([]byte(p.out), &all), p.out)
	require.Len(t, all.Explanations, 1)
	return all.Explanations[0]
}

// sites replaces the addresses of sites, which are others each time.
func sites(out string) string {
	return regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(out, "127.0.0.1:443")
}

func basicLine(line string) string { return strings.TrimPrefix(line, "Authorization: ") }

func TestADocumentAloneIsExplained(t *testing.T) {
	dir := written(t, map[string]string{"shop.yaml": shop})
	file := filepath.Join(dir, "shop.yaml")
	p := typed("a key\n", "explain", file, "GET", petPath+"?full=yes", "-H", "X-API-Key: -", "--client", "192.0.2.1")
	require.NoError(t, p.failed)
	goldenIn(t, dir, "explain_document.out", p.out)
	in80Columns(t, p.out)
	goldenIn(t, dir, "explain_document.json", works(t, "a key\n", "explain", file, "GET", petPath, "-H", "X-API-Key: -", "--json").out)
	for name, tc := range map[string]struct {
		stdin    string
		args     []string
		decision string
		last     string
	}{
		"public":                {"", []string{"GET", "/shop/v1/public/ping"}, "pass", "The request passes, as nobody."},
		"without":               {"", []string{"GET", petPath}, "denied", "401 (code 900902)"},
		"not declared":          {"", []string{"GET", "/pets"}, "denied", "404 (code 404)"},
		"another base path":     {"", []string{"GET", "/v2/public/ping", "--base-path", "/v2"}, "pass", "as nobody"},
		"another method":        {"", []string{"PATCH", petPath}, "denied", "the methods are GET, PUT"},
		"anyone":                {"", []string{"GET", "/shop/v1/optional"}, "pass", "as nobody"},
		"anyone with a key":     {"k\n", []string{"GET", "/shop/v1/optional", "-H", "x-api-key: -"}, "undecided", "not decided here"},
		"two keys":              {"k\nl\n", []string{"GET", petPath, "-H", "X-API-Key: -", "-H", "X-API-Key: -"}, "denied", "twice at one place"},
		"ambiguous":             {"k\nl\n", []string{"GET", petPath + "?apikey=-", "-H", "X-API-Key: -"}, "denied", "of which one alone may be"},
		"one in a cookie":       {"k=key\n", []string{"GET", "/shop/v1/cookie", "-H", "Cookie: -"}, "undecided", "not decided here"},
		"of another kind":       {"x\n", []string{"GET", petPath, "-H", "Authorization: Basic -"}, "denied", "900917"},
		"half of what is asked": {"x\n", []string{"GET", "/shop/v1/both", "-H", "Authorization: Basic -"}, "undecided", "not decided here"},
		"a certificate":         {"", []string{"GET", "/shop/v1/secure/mtls"}, "denied", "401"},
		"a path with a trick":   {"", []string{"GET", "/shop/v1/pets/..%2Fadmin"}, "denied", "400"},
		"a slash, allowed":      {"", []string{"GET", "/shop/v1/public/a%2Fb", "--allow-encoded-slash"}, "pass", "as nobody"},
		"a semicolon, allowed":  {"", []string{"GET", "/shop/v1/public/a;b", "--allow-semicolon"}, "pass", "as nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			x := whyNot(t, typed(tc.stdin, append([]string{"explain", file, "--json"}, tc.args...)...))
			require.Equal(t, tc.decision, x.Decision)
			require.Contains(t, x.Sentences[len(x.Sentences)-1], tc.last)
		})
	}
}

// TestNothingIsCutFromAnExplanation, however long its words are.
func TestNothingIsCutFromAnExplanation(t *testing.T) {
	long := "/" + strings.Repeat("segment/", 12) + strings.Repeat("x", 90)
	t.Chdir(written(t, map[string]string{"doc.yaml": "openapi: 3.1.0\ninfo: {title: T, version: \"1\"}\npaths: {" + long + ": {get: {security: []}}}\n"}))
	p := works(t, "", "explain", "doc.yaml", "GET", long)
	in80Columns(t, p.out)
	require.NotContains(t, p.out, "…")
	require.Contains(t, regexp.MustCompile(`\n +`).ReplaceAllString(p.out, ""), long)
}

// TestAConfigurationIsExplainedOffline: what needs no running gateway is decided.
func TestAConfigurationIsExplainedOffline(t *testing.T) {
	g, file := configured(t, shopCaddyfile)
	explain := func(stdin string, args ...string) mgw.Explanation {
		t.Helper()
		return whyNot(t, typed(stdin, append([]string{"explain", file, "--json"}, args...)...))
	}
	x := explain(basicLine(bob)+"\n", "GET", "/shop/v1/roles", "-H", "Authorization: -")
	require.Equal(t, "pass", x.Decision)
	require.Equal(t, "bob", x.Subject)
	x = explain(basicLine(alice)+"\n", "GET", "/shop/v1/roles", "-H", "Authorization: -")
	require.Equal(t, 403, x.Status)
	require.Equal(t, []string{"chief"}, x.Alternatives[0].Requirements[0].Missing)
	x = explain(strings.TrimPrefix(basicLine(login("bob", "wrong")), "Basic ")+"\n", "GET", "/shop/v1/roles", "-H", "Authorization: Basic -")
	require.Equal(t, "denied", x.Decision)
	require.EqualValues(t, "wrong_password", x.Reason)
	x = explain(aToken+"\n", "GET", petPath, "-H", "X-API-Key: -")
	require.Equal(t, "undecided", x.Decision, "the signing keys are those of a running gateway")
	require.EqualValues(t, "not_ready", x.Alternatives[0].Requirements[0].Reason)
	x = explain("", "POST", "/shop/v1/pets")
	require.EqualValues(t, "no_verifier", x.Alternatives[0].Requirements[0].Reason)
	p := works(t, basicLine(bob)+"\n", "explain", file, "GET", "/shop/v1/roles", "-H", "Authorization: -")
	goldenIn(t, g.Dir, "explain_config.out", sites(p.out))

	t.Run("not enforced", func(t *testing.T) {
		_, file := configured(t, reportOnly("report_only header"))
		x := whyNot(t, typed("", "explain", file, "GET", petPath, "--json"))
		require.Equal(t, "would_be_refused", x.Decision)
		require.Equal(t, 401, x.Status)
		x = whyNot(t, typed(aToken+"\n", "explain", file, "GET", petPath, "-H", "X-API-Key: -", "--json"))
		require.Equal(t, "undecided", x.Decision)
		require.Equal(t, "The request passes, whatever it is that is not decided here: that would only be reported (report_only). Ask a running gateway.", x.Sentences[len(x.Sentences)-1])
	})
	t.Run("several documents", func(t *testing.T) {
		other := strings.Replace(shop, "title: Shop", "title: Other", 1)
		two := strings.Replace(shopCaddyfile, "\topenapi_auth", "\thandle /other/* {\n\t\topenapi_auth other.yaml\n\t}\n\topenapi_auth", 1)
		g, file := configured(t, two)
		require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "other.yaml"), []byte(other), 0o600))
		p := works(t, "", "explain", file, "GET", petPath)
		require.Equal(t, 2, strings.Count(p.out, "Decision "))
		require.Equal(t, 1, strings.Count(works(t, "", "explain", file, "GET", petPath, "--api", "Other 1.0.0").out, "Decision "))
		require.Equal(t, 1, strings.Count(works(t, "", "explain", file, "GET", petPath, "--api", "Shop").out, "Decision "))
		fails(t, "no API of this name and version is served here", "explain", file, "GET", petPath, "--api", "Third")
	})
}

// TestNoIssuerIsAskedOffline: a token that only its issuer can judge stays where it is.
func TestNoIssuerIsAskedOffline(t *testing.T) {
	var asked atomic.Int32
	issuer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer issuer.Close()
	t.Setenv("MGW_TEST_SECRET", "s")
	_, file := configured(t, strings.Replace(shopCaddyfile, "\tmgw {\n", "\tmgw {\n\t\ttoken_issuer "+issuer.URL+" {\n\t\t\taudience x\n\t\t\tintrospect "+issuer.URL+"/introspect gw {env.MGW_TEST_SECRET}\n\t\t}\n", 1))
	x := whyNot(t, typed("opaque\n", "explain", file, "POST", "/shop/v1/pets", "-H", "Authorization: Bearer -", "--json"))
	require.Equal(t, "undecided", x.Decision)
	require.Equal(t, "bearer", x.Credentials[0].AuthScheme)
	require.Zero(t, asked.Load())
}

func TestARunningGatewayExplains(t *testing.T) {
	g, address := startWithAdmin(t)
	key := strings.TrimSpace(works(t, "", "key", "issue", "ci", "--address", address).out)
	p := works(t, key+"\n", "explain", "GET", petPath, "-H", "X-API-Key: -", "--address", address)
	goldenIn(t, g.Dir, "explain.out", sites(p.out))
	in80Columns(t, p.out)
	require.Empty(t, p.err)
	raw := works(t, key+"\n", "explain", "GET", petPath+"?apikey=-", "--client", "192.0.2.1", "--json", "--address", address)
	require.Equal(t, "ci", whyNot(t, raw).Subject)
	require.NotContains(t, raw.out, key)

	headers := filepath.Join(t.TempDir(), "headers.txt")
	require.NoError(t, os.WriteFile(headers, []byte("X-API-Key: "+key+"\n\nAccept: text/html\r\n"), 0o600))
	x := whyNot(t, typed("", "explain", "GET", petPath, "-H", "@"+headers, "--json", "--address", address))
	require.Equal(t, "pass", x.Decision)
	x = whyNot(t, typed("", "explain", "GET", petPath, "-H", "@"+headers, "-H", "Accept: text/plain", "--tls=false", "--json", "--address", address))
	require.Equal(t, "pass", x.Decision)

	refused := works(t, "", "explain", "GET", petPath, "--address", address)
	goldenIn(t, g.Dir, "explain_refused.out", sites(refused.out))
	fails(t, "the gateway says: /api: no API of this name and version is served here (400): see --api", "explain", "GET", petPath, "--api", "Zoo 1", "--address", address)
	fails(t, "/client: must be an address such as 192.0.2.1", "explain", "GET", petPath, "--client", "here", "--address", address)
	require.Nil(t, stateOf(t, key, address).LastUsedAt)
}

// stateOf is the record of a key.
func stateOf(t *testing.T, key, address string) (k mgw.Key) {
	t.Helper()
	id := claims(t, key)["jti"].(string)
	require.NoError(t, json.Unmarshal([]byte(works(t, "", "key", "show", id, "--json", "--address", address).out), &k))
	return k
}

// TestCredentialsAreNoArguments: they are refused, whoever would say so, and nothing
// repeats them.
func TestCredentialsAreNoArguments(t *testing.T) {
	dir := written(t, map[string]string{"shop.yaml": shop})
	file := filepath.Join(dir, "shop.yaml")
	_, address := startWithAdmin(t)
	for name, tc := range map[string]struct {
		path, header string
		want         string
	}{
		"in a header of the document": {petPath, "x-api-key: hunter2", "stands in the header X-Api-Key, and so among the arguments, which other users of the machine see and the history of the shell keeps: regard it as known to them; write -H 'X-Api-Key: -' and give it by stdin"},
		"in its spelling":             {petPath, "X_Api_Key: hunter2", "stands in the header X_api_key"},
		"in Authorization":            {petPath, "Authorization: Bearer hunter2", "write -H 'Authorization: -'"},
		"in a cookie":                 {petPath, "Cookie: k=hunter2", "write -H 'Cookie: -'"},
		"in the query":                {petPath + "?full=yes&%61pikey=hunter2", "Accept: x", "stands in the parameter apikey, and so among the arguments, which other users of the machine see and the history of the shell keeps: regard it as known to them; write apikey=- and give it by stdin"},
		"a token anywhere":            {petPath, "Some-Header: " + aToken, "stands in the header Some-Header"},
		"a token in any query":        {petPath + "?x=" + aToken, "Accept: x", "stands in the parameter x"},
	} {
		for where, args := range map[string][]string{
			"a document": {"explain", file, "GET", tc.path, "-H", tc.header},
			"a gateway":  {"explain", "GET", tc.path, "-H", tc.header, "--address", address},
		} {
			t.Run(name+" of "+where, func(t *testing.T) {
				fails(t, tc.want, args...)
				p := typed("", args...)
				require.NotContains(t, p.err, "hunter2")
				require.NotContains(t, p.err, aToken)
			})
		}
	}
	works(t, "", "explain", file, "GET", petPath+"?full=yes", "-H", "Accept: text/html")
}

func TestExplainRefuses(t *testing.T) {
	dir := written(t, map[string]string{"shop.yaml": shop, "bad.txt": "no header\n", "long.txt": strings.Repeat("a: b\n", 20_000)})
	file := filepath.Join(dir, "shop.yaml")
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"nothing":                      {nil, "wants a method and a path, and got 0 arguments"},
		"too much":                     {[]string{"a", "b", "c", "d"}, "wants a method and a path, and got 4 arguments"},
		"a file and a gateway":         {[]string{file, "GET", "/", "--address", "localhost:1"}, "--address and --config name a running gateway"},
		"a flag of files":              {[]string{"GET", "/", "--base-path", "/"}, "--base-path is for an OpenAPI document: name it before the method"},
		"a header that is none":        {[]string{file, "GET", "/", "-H", "hunter2"}, `-H wants "Name: value"`},
		"no line by stdin":             {[]string{file, "GET", "/", "-H", "A: -"}, "no line came by stdin for A"},
		"no file of headers":           {[]string{file, "GET", "/", "-H", "@" + filepath.Join(dir, "none.txt")}, "no such file"},
		"a file of none":               {[]string{file, "GET", "/", "-H", "@" + filepath.Join(dir, "bad.txt")}, `a line is not like "Name: value"`},
		"a file too long":              {[]string{file, "GET", "/", "-H", "@" + filepath.Join(dir, "long.txt")}, "longer than 64 KiB"},
		"no path":                      {[]string{file, "GET", "pets"}, "path: no server can read this"},
		"no method":                    {[]string{file, "G T", "/"}, "method: must be a method such as GET"},
		"no client":                    {[]string{file, "GET", "/", "--client", "x"}, "client: must be an address"},
		"an empty API":                 {[]string{file, "GET", "/", "--api", " "}, "--api is empty"},
		"another API":                  {[]string{file, "GET", "/", "--api", "Zoo"}, "no API of this name and version is served here"},
		"stdin for both":               {[]string{"GET", "/", "-H", "A: -", "--config", "-"}, "--config -: stdin is for the credentials"},
		"no document":                  {[]string{filepath.Join(dir, "none.yaml"), "GET", "/"}, "no such file"},
		"nobody at the address":        {[]string{"GET", "/", "--address", "127.0.0.1:1"}, "no gateway answers at the admin address 127.0.0.1:1"},
		"a header with a line end":     {[]string{file, "GET", "/", "-H", "A: b\nC: d"}, "a value holds control characters"},
		"a key in place of the method": {[]string{file, aToken, "/"}, "this is a key itself"},
	} {
		t.Run(name, func(t *testing.T) { fails(t, tc.want, append([]string{"explain"}, tc.args...)...) })
	}
	t.Run("an answer of somebody else", func(t *testing.T) {
		a := newFakeAdmin(t)
		a.answers["POST /mgw/explain"] = answer{200, `{"explanations":[]}`}
		require.ErrorContains(t, a.typed("", "explain", "GET", "/").failed, "is not the admin API of caddymgw")
	})
	t.Run("what tricks a terminal", func(t *testing.T) {
		a := newFakeAdmin(t)
		a.answers["POST /mgw/explain"] = answer{200, `{"explanations":[{"api":{"name":"\u001b[2J","version":"\u202e"},"document":"\u001b[2J","decision":"denied","reason":"\u001b[2J","sentences":["\u001b[2J is \u0007","` + strings.Repeat("long ", 40) + `"],"reads":[]}]}`}
		p := a.typed("", "explain", "GET", "/")
		require.NoError(t, p.failed)
		in80Columns(t, p.out)
		require.NotContains(t, p.out, "\x1b")
		require.NotContains(t, p.out, "\x07")
		require.JSONEq(t, `{"method":"GET","path":"/","tls":true}`, a.body("POST /mgw/explain"))
	})
	t.Run("a line of stdin that is too long", func(t *testing.T) {
		require.ErrorContains(t, typed(strings.Repeat("a", 1<<19), "explain", file, "GET", "/", "-H", "A: -").failed, "a line of stdin is too long")
	})
}
