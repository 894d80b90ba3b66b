package conformance

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// versions of OpenAPI, in the order of sentence.at.
var versions = [...]string{"2.0", "3.0.4", "3.1.1", "3.2.0"}

// sections are those of each version, as spec.openapis.org numbers them; "" if
// the version does not say so.
type sections [len(versions)]string

// sentence is one thing that OpenAPI says about security, in our words.
type sentence struct {
	name string // of its test
	at   sections
	says string
	does string
	// why the gateway does something else than is said; "": it does not.
	why string
	// examples prove it in both directions: in each version that says it,
	// somebody is let in and somebody or something is refused.
	examples []example
	// held names tests elsewhere: the folder, a dot, and the function.
	held []string
}

// example is a small document with requests and what comes of them.
type example struct {
	only    []string // versions; nil: all that say it
	schemes string   // lines "NAME: {...}"; "": the usual ones
	body    string   // the rest of the document
	files   map[string]string
	options openapi.Options
	// requests are lines such as "GET /a?key={key} | X-Key: {key} -> q + k". On
	// the right are the schemes of the principals, the subject first, or
	// anonymous, or a status and a fault code.
	requests string
	refused  string // instead of requests: a part of the error of the load
	warned   string // a part of a warning of the load
}

// usual are the schemes of most examples.
var usual = [...]string{
	`  k: {type: apiKey, in: header, name: X-Key}
  q: {type: apiKey, in: query, name: key}
  b: {type: basic}
  o: {type: oauth2, flow: accessCode, authorizationUrl: "https://idp.test/authorize", tokenUrl: "https://idp.test/token", scopes: {read: r, write: w}}
`, `  k: {type: apiKey, in: header, name: X-Key}
  q: {type: apiKey, in: query, name: key}
  c: {type: apiKey, in: cookie, name: key}
  b: {type: http, scheme: basic}
  t: {type: http, scheme: bearer}
  d: {type: http, scheme: digest}
  o: {type: oauth2, flows: {authorizationCode: {authorizationUrl: "https://idp.test/authorize", tokenUrl: "https://idp.test/token", scopes: {read: r, write: w}}}}
  i: {type: openIdConnect, openIdConnectUrl: "https://idp.test/.well-known/openid-configuration"}
`, `  m: {type: mutualTLS}
`,
}

func (e example) document(version string) string {
	schemes := e.schemes
	if schemes != "" {
		schemes = "  " + strings.ReplaceAll(strings.TrimSpace(schemes), "\n", "\n  ") + "\n"
	}
	info := "info: {title: Petstore, version: '1'}\n"
	switch {
	case version == "2.0":
		if schemes == "" {
			schemes = usual[0]
		}
		return "swagger: '2.0'\n" + info + "securityDefinitions:\n" + schemes + e.body
	case schemes == "":
		schemes = usual[1]
		if version >= "3.1" {
			schemes += usual[2]
		}
	}
	return "openapi: " + version + "\n" + info + "components:\n  securitySchemes:\n  " + strings.ReplaceAll(strings.TrimRight(schemes, "\n"), "\n", "\n  ") + "\n" + e.body
}

// proof counts what the examples of a sentence show.
type proof struct{ requests, admitted, refused int }

func TestSentences(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	names := map[string]bool{}
	for _, chapter := range chapters {
		for _, s := range chapter.sentences {
			require.False(t, names[s.name], "%s stands twice", s.name)
			names[s.name] = true
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				s.prove(t, h)
			})
		}
	}
}

func (s sentence) prove(t *testing.T, h *house) {
	require.NotEmpty(t, append(s.held, make([]string, len(s.examples))...), "nothing holds this sentence")
	for v, version := range versions {
		if s.at[v] == "" || len(s.examples) == 0 {
			continue
		}
		var p proof
		for _, e := range s.examples {
			if e.only == nil || slices.Contains(e.only, version) {
				e.run(t, h, version, &p)
			}
		}
		require.Positive(t, p.admitted, "%s: nobody is let in", version)
		require.Positive(t, p.refused, "%s: nobody is refused", version)
	}
}

// run loads the document in one version and sends its requests.
func (e example) run(t *testing.T, h *house, version string, p *proof) {
	t.Helper()
	dir := t.TempDir()
	document := e.document(version)
	files := map[string]string{"api.yaml": document}
	for name, content := range e.files {
		files[name] = content
	}
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	doc, err := openapi.Load(filepath.Join(dir, "api.yaml"), e.options)
	if e.refused != "" {
		require.ErrorContains(t, err, e.refused, document)
		p.refused++
		return
	}
	require.NoError(t, err, document)
	if e.warned != "" {
		require.Contains(t, strings.Join(doc.Warnings, "\n"), e.warned, document)
	}
	s := h.open(t, doc, []string{"read"}, []string{"admin"})
	for line := range strings.Lines(e.requests) {
		request, want, found := strings.Cut(strings.TrimSpace(line), "->")
		if !found {
			continue
		}
		d := s.gateway.Decide(t.Context(), s.request(t, strings.TrimSpace(request)))
		got := told(d).String()
		require.Equal(t, strings.TrimSpace(want), got, "%s\n%s", request, document)
		p.requests++
		if d.Denial == nil {
			p.admitted++
		} else {
			p.refused++
		}
	}
}

var made = regexp.MustCompile(`\{(key|token|password)([^}]*)\}`)

// request reads "METHOD TARGET | HEADER: VALUE | ...". A credential such as
// {token scope:read role:admin expired} is made; "Certificate: expired" is that
// of the connection.
func (s *site) request(t *testing.T, text string) *http.Request {
	t.Helper()
	text = made.ReplaceAllStringFunc(text, func(m string) string {
		words := strings.Fields(strings.Trim(m, "{}"))
		c := sent{kind: kind(words[0]), api: s.doc.API}
		for _, word := range words[1:] {
			if right, ok := strings.CutPrefix(word, "scope:"); ok {
				c.scopes = append(c.scopes, right)
			} else if right, ok := strings.CutPrefix(word, "role:"); ok {
				c.roles = append(c.roles, right)
			} else {
				c.flaw = flaw(word)
				require.Contains(t, []flaw{forged, expired, malformed}, c.flaw)
			}
		}
		return s.text(t, c)
	})
	parts := strings.Split(text, " | ")
	method, target, _ := strings.Cut(parts[0], " ")
	u, err := url.Parse(target)
	require.NoError(t, err)
	r := &http.Request{Method: method, URL: u, Header: http.Header{}, RemoteAddr: "192.0.2.1:1234"}
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, ": ")
		if name == "Certificate" {
			r.TLS = s.states[flaw(strings.TrimPrefix(value, "partner"))]
			require.NotNil(t, r.TLS, value)
			continue
		}
		r.Header.Add(name, value)
	}
	return r
}

// TestWhatIsHeldElsewhereIsThere reads the tests that sentences name.
func TestWhatIsHeldElsewhereIsThere(t *testing.T) {
	t.Parallel()
	functions := map[string][]string{} // by folder
	for _, chapter := range chapters {
		for _, s := range chapter.sentences {
			for _, name := range s.held {
				folder, function, _ := strings.Cut(name, ".")
				if functions[folder] == nil {
					functions[folder] = testsOf(t, filepath.Join("..", "..", folder))
				}
				require.Contains(t, functions[folder], function, "%s: no such test: %s", s.name, name)
			}
		}
	}
}

func testsOf(t *testing.T, folder string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, folder)
	for _, file := range files {
		parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}
