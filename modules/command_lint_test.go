package modules_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/lint"
)

// printedAs compares with a file of testdata, byte by byte.
func printedAs(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run with -update")
	require.Equal(t, string(want), got)
}

// fits holds that no line is wider than a terminal of 80 columns.
func fits(t testing.TB, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, utf8.RuneCountInString(line)-1, 80, line)
	}
}

func TestADocumentIsLinted(t *testing.T) {
	p := typed("", "lint", "testdata/lint/shop.yaml")
	require.EqualError(t, p.failed, "found 2 errors, 5 warnings, 1 note")
	require.Equal(t, "Error: found 2 errors, 5 warnings, 1 note\n", p.err)
	fits(t, p.out)
	printedAs(t, "lint/shop.out", p.out)

	t.Run("as JSON", func(t *testing.T) {
		p := typed("", "lint", "testdata/lint/shop.yaml", "--json")
		require.Error(t, p.failed)
		printedAs(t, "lint/shop.json", p.out)
		var r lint.Report
		require.NoError(t, json.Unmarshal([]byte(p.out), &r))
		require.Len(t, r.Findings, 8)
	})
	t.Run("as SARIF", func(t *testing.T) {
		p := typed("", "lint", "testdata/lint/shop.yaml", "--sarif")
		require.Error(t, p.failed)
		var log lint.SARIF
		require.NoError(t, json.Unmarshal([]byte(p.out), &log))
		require.Len(t, log.Runs[0].Results, 8)
		require.Equal(t, "testdata/lint/shop.yaml", log.Runs[0].Results[0].Locations[0].Physical.Artifact.URI)
		log.Runs[0].Tool.Driver.Rules = log.Runs[0].Tool.Driver.Rules[:1] // the page of rules is compared elsewhere
		short, err := json.MarshalIndent(log, "", "  ")
		require.NoError(t, err)
		printedAs(t, "lint/shop.sarif", string(short)+"\n")
	})
	t.Run("without some rules", func(t *testing.T) {
		p := works(t, "", "lint", "testdata/lint/shop.yaml", "--disable", "unauthenticated-write", "--disable", "oauth-over-http", "--disable", "unused-scheme")
		require.NotContains(t, p.out, "unauthenticated-write")
		require.Equal(t, "found 5 warnings\n", p.err)
	})
	t.Run("by another reading", func(t *testing.T) {
		p := works(t, "", "lint", "testdata/lint/clean.yaml", "--combine", "any", "--base-path", "/x", "--default-security", "deny")
		require.Equal(t, printed{"", "found nothing\n", nil}, p)
	})
}

func TestWhatFailsIsAsked(t *testing.T) {
	for worst, want := range map[string]string{"error": "", "warning": "", "note": "found 1 note"} {
		p := typed("", "lint", "testdata/lint/clean.yaml", "--fail-on", worst, "--default-security", "public")
		require.NoError(t, p.failed)
		file := filepath.Join(t.TempDir(), "api.yaml")
		content, err := os.ReadFile("testdata/lint/clean.yaml")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(content), "[{key: []}]", "[{key: []}]\nx-caddymgw-lint-ignore: []", 1)+"    spare: {type: mutualTLS}\n"), 0o600))
		p = typed("", "lint", file, "--fail-on", worst)
		if want == "" {
			require.NoError(t, p.failed)
			require.Equal(t, "found 1 note\n", p.err)
		} else {
			require.EqualError(t, p.failed, want)
		}
	}
}

func TestABrokenDocumentIsOneFinding(t *testing.T) {
	p := typed("", "lint", "testdata/lint/broken.yaml")
	require.EqualError(t, p.failed, "found 1 error")
	printedAs(t, "lint/broken.out", p.out)
}

func TestRulesAreListed(t *testing.T) {
	p := works(t, "", "lint", "--rules")
	fits(t, p.out)
	printedAs(t, "lint/rules.out", p.out)
	var rules []lint.Rule
	require.NoError(t, json.Unmarshal([]byte(works(t, "", "lint", "--rules", "--json").out), &rules))
	require.Len(t, rules, len(lint.Rules()))
	require.Equal(t, lint.Rules()[0].Bad, rules[0].Bad)
}

// TestLintThatCouldNot has the status 2, which Caddy reads from an error below.
func TestLintThatCouldNot(t *testing.T) {
	ignoring := filepath.Join(t.TempDir(), "api.yaml")
	require.NoError(t, os.WriteFile(ignoring, []byte("openapi: 3.1.0\nx-caddymgw-lint-ignore: [\"\\e[2J\"]\n"), 0o600))
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no file":             {[]string{}, "caddymgw mgw lint wants a document, and got 0 arguments"},
		"two files":           {[]string{"a", "b"}, "caddymgw mgw lint wants a document, and got 2 arguments"},
		"a file for --rules":  {[]string{"--rules", "a"}, "caddymgw mgw lint takes no argument"},
		"a missing file":      {[]string{"missing.yaml"}, "the document can't be read: open missing.yaml: no such file or directory"},
		"a folder":            {[]string{"testdata"}, "the document can't be read: testdata is no file"},
		"an unknown rule":     {[]string{"x", "--disable", "query-key"}, `there is no rule "query-key": did you mean key-in-query?`},
		"the one that loads":  {[]string{"x", "--disable", "does-not-load"}, "the rule does-not-load can't be left out"},
		"ignored, unknown":    {[]string{ignoring}, `x-caddymgw-lint-ignore: there is no rule "\x1b[2J"`},
		"an unknown severity": {[]string{"x", "--fail-on", "fatal"}, `--fail-on: "fatal" is no severity: there are error, warning, note`},
		"an unknown flag":     {[]string{"x", "--rule"}, "unknown flag: --rule"},
		"two formats":         {[]string{"x", "--json", "--sarif"}, "--json and --sarif exclude each other"},
		"rules as SARIF":      {[]string{"--rules", "--sarif"}, "--rules and --sarif exclude each other"},
		"another combination": {[]string{"x", "--combine", "all"}, "--combine all: must be openapi or any"},
		"another default":     {[]string{"x", "--default-security", "scheme"}, "--default-security scheme: must be oauth2, deny, public, or scheme and names"},
		"a key":               {[]string{aToken}, "this is a key itself"},
	} {
		t.Run(name, func(t *testing.T) {
			p := typed("", append([]string{"lint"}, tc.args...)...)
			require.ErrorContains(t, p.failed, tc.want)
			require.Empty(t, p.out)
			require.Equal(t, "Error: "+p.failed.Error()+"\n", p.err)
			require.Equal(t, 2, exitStatus(t, append([]string{"mgw", "lint"}, tc.args...)...))
		})
	}
	require.Equal(t, 0, exitStatus(t, "mgw", "lint", "testdata/lint/clean.yaml"))
	require.Equal(t, 1, exitStatus(t, "mgw", "lint", "testdata/lint/shop.yaml"))
	require.Equal(t, 1, exitStatus(t, "mgw", "lint", "testdata/lint/broken.yaml"))
}

// TestNoDocumentTricksATerminal prints what a document chose.
func TestNoDocumentTricksATerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "api.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`openapi: 3.1.0
info: {title: T, version: '1'}
paths: {/pets: {get: {operationId: "\e[2J", security: [{"\e[2J\u202E": ["\e[1A"]}]}}}
components: {securitySchemes: {"\e[2J\u202E": {type: apiKey, in: query, name: "\e]0;owned\a"}}}
`), 0o600))
	closed := filepath.Join(t.TempDir(), "closed.yaml")
	require.NoError(t, os.WriteFile(closed, []byte(`openapi: 3.1.0
info: {title: "T\e[2J", version: '1'}
paths: {"/pets\u202E": {get: {operationId: "\e[2J", security: [{"\e[2J\u202E": []}]}}}
components: {securitySchemes: {"\e[2J\u202E": {type: http, scheme: basic}}}
`), 0o600))
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	t.Cleanup(refusing.Close)
	opening := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(opening.Close)
	for _, args := range [][]string{
		{"test", closed, "--gateway", refusing.URL},
		{"test", closed, "--gateway", refusing.URL, "--json"},
		{"test", closed, "--gateway", opening.URL},
		{"lint", file},
		{"lint", file, "--json"},
		{"lint", file, "--sarif"},
		{"diff", "testdata/diff/old.yaml", file},
		{"diff", file, "testdata/diff/old.yaml", "--json"},
	} {
		p := typed("", args...)
		require.NotEmpty(t, p.out)
		for _, r := range p.out + p.err {
			require.False(t, r < ' ' && r != '\n' || r == '\u202e', "%q in %q", r, p.out)
		}
	}
}

func TestDocumentsAndRulesAreCompleted(t *testing.T) {
	for line, want := range map[string]string{
		"lint ":                  "yaml\nyml\njson\n:8\n",
		"lint a.yaml ":           ":4\n",
		"diff a.yaml ":           "yaml\nyml\njson\n:8\n",
		"diff a.yaml b.yaml ":    ":4\n",
		"lint --disable key-in-": "key-in-query\tThe key stands in the query\nkey-in-cookie-write\tA cookie is enough to write\nkey-in-authorization\tThe key stands in Authorization\n:4\n",
		"lint --fail-on ":        "error\nwarning\nnote\n:4\n",
		"diff --fail-on ":        "weaker\nchanged\nany\n:4\n",
		"diff --combine ":        "openapi\nany\n:4\n",
		"test ":                  "yaml\nyml\njson\n:8\n",
		"test a.yaml ":           ":4\n",
		"test --combine ":        "openapi\nany\n:4\n",
	} {
		p := typedAt(time.Now, "", append([]string{"__complete", "mgw"}, strings.Split(line, " ")...)...)
		require.NoError(t, p.failed)
		require.Equal(t, want, p.out, line)
	}
}
