package diff

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/internal/corpus"
)

// mirrored is what a change is the other way round.
var mirrored = map[Change]Change{Weaker: Stronger, Stronger: Weaker, Changed: Changed, New: Gone, Gone: New}

// requireMirrored holds that what opens one way closes the other way.
func requireMirrored(t *testing.T, a, b *openapi.Document) (there *Report) {
	t.Helper()
	there, back := Compare(a, b), Compare(b, a)
	changes := map[string]Change{}
	for _, op := range back.Operations {
		changes[op.Method+" "+shapeOf(t, op.Path)] = op.Change
	}
	for _, op := range there.Operations {
		assert.Equal(t, mirrored[op.Change], changes[op.Method+" "+shapeOf(t, op.Path)], "%s %s", op.Method, op.Path)
	}
	assert.Len(t, back.Operations, len(there.Operations))
	return there
}

func shapeOf(t *testing.T, path string) string {
	t.Helper()
	shape, err := openapi.Shape(path)
	require.NoError(t, err)
	return shape
}

func TestChangesAreTheOppositeTheOtherWayRound(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // the same each time
	seen := map[Change]int{}
	for range 200 {
		for change, n := range requireMirrored(t, someDocument(t, r), someDocument(t, r)).Counts {
			seen[change] += n
		}
	}
	for _, change := range Changes() {
		require.Greater(t, seen[change], 10, change)
	}
}

// mutation weakens a document that has been read, and says whether it found
// something to weaken.
type mutation struct {
	name string
	do   func(m *mutant) bool
}

// mutant is a document that somebody makes weaker.
type mutant struct {
	root *yaml.Node
	op   *caddymgw.Operation // not public, by one alternative of its own
	node *yaml.Node          // the operation
	api  *caddymgw.API
}

func (m *mutant) alternative() *yaml.Node { return member(m.node, "security").Content[0] }

func mutations() []mutation {
	return []mutation{
		{"a requirement less", func(m *mutant) bool {
			alt := m.alternative()
			if len(alt.Content) < 4 {
				return false
			}
			alt.Content = alt.Content[2:]
			return true
		}},
		{"a scope less", func(m *mutant) bool {
			for i := 1; i < len(m.alternative().Content); i += 2 {
				if scopes := m.alternative().Content[i]; len(scopes.Content) > 0 {
					scopes.Content = scopes.Content[1:]
					return true
				}
			}
			return false
		}},
		{"an alternative more", func(m *mutant) bool {
			for _, s := range m.api.Schemes {
				if len(s.Name) > 0 && member(m.alternative(), s.Name) == nil {
					security := member(m.node, "security")
					security.Content = append(security.Content, parsed("{"+quoted(s.Name)+": []}"))
					return true
				}
			}
			return false
		}},
		{"nobody needs anything", func(m *mutant) bool {
			security := member(m.node, "security")
			security.Content = append(security.Content, parsed("{}"))
			return true
		}},
		{"made public", func(m *mutant) bool { put(m.node, "security", parsed("[]")); return true }},
		{"disabled", func(m *mutant) bool { put(m.node, "x-wso2-disable-security", parsed("true")); return true }},
		{"left to the default", func(m *mutant) bool {
			drop(m.node, "security")
			return member(m.root, "security") == nil
		}},
		{"a scheme of another kind", func(m *mutant) bool {
			s := m.scheme()
			if s == nil || member(s, "type").Value == "mutualTLS" || member(m.root, "openapi") == nil {
				return false
			}
			s.Content = parsed("{type: mutualTLS}").Content
			return len(m.op.Alternatives[0]) == 1 && len(m.op.Alternatives[0][0].Scopes) == 0
		}},
		{"a scheme in another place", func(m *mutant) bool {
			s := m.scheme()
			if s == nil || member(s, "type").Value != "apiKey" || member(s, "in").Value == "query" {
				return false
			}
			put(s, "in", parsed("query"))
			return true
		}},
		{"a scheme by another name", func(m *mutant) bool {
			s := m.scheme()
			if s == nil || member(s, "type").Value != "apiKey" {
				return false
			}
			put(s, "name", parsed("mutant"))
			return true
		}},
	}
}

// scheme is the node of the first one that the operation asks for.
func (m *mutant) scheme() *yaml.Node {
	all := member(m.root, "securityDefinitions")
	if components := member(m.root, "components"); components != nil {
		all = member(components, "securitySchemes")
	}
	if all == nil {
		return nil
	}
	if s := member(all, m.alternative().Content[0].Value); s != nil && member(s, "type") != nil {
		return s
	}
	return nil
}

// TestNoWeakerDocumentPasses weakens operations of real documents, each way that is
// known, and asks as somebody does who lets a build fail.
func TestNoWeakerDocumentPasses(t *testing.T) {
	t.Parallel()
	dir, names := corpus.Names(t)
	var mu sync.Mutex
	done := map[string]int{}
	corpus.Each(len(names), func(i int) {
		content, err := os.ReadFile(filepath.Join(dir, names[i]))
		if err != nil || len(content) > 200<<10 {
			return
		}
		root := parsed(string(content))
		prune(root)
		before, err := openapi.Load(written(t, root), openapi.Options{})
		if err != nil {
			return // refers to what is not here
		}
		r := rand.New(rand.NewPCG(7, uint64(i))) //nolint:gosec // the same each time
		for _, how := range mutations() {
			m, ok := someMutant(r, before, clone(root))
			if !ok || !how.do(m) {
				continue
			}
			after, err := openapi.Load(written(t, m.root), openapi.Options{})
			if err != nil {
				continue // it is no document any more
			}
			report := requireMirrored(t, before, after)
			assert.Positive(t, report.Count(FailOnWeaker), "%s: %s: %s %s", names[i], how.name, m.op.Method, m.op.Template)
			found := slices.ContainsFunc(report.Operations, func(op Operation) bool {
				return op.Opens && op.Method == m.op.Method && strings.HasSuffix(op.Path, m.op.Template)
			})
			assert.True(t, found, "%s: %s: %s %s: %v", names[i], how.name, m.op.Method, m.op.Template, lines(report))
			mu.Lock()
			done[how.name]++
			mu.Unlock()
		}
	})
	for _, how := range mutations() {
		assert.Greater(t, done[how.name], 1, how.name)
	}
}

// someMutant chooses an operation that only one alternative opens, and writes that
// into it where it stands elsewhere.
func someMutant(r *rand.Rand, doc *openapi.Document, root *yaml.Node) (*mutant, bool) {
	m := &mutant{root: root, api: doc.API}
	paths := member(m.root, "paths")
	for _, i := range r.Perm(len(doc.API.Operations)) {
		op := doc.API.Operations[i]
		item := member(paths, op.Template)
		if strings.ContainsAny(op.Template, "?#") { // where operations may coincide, the security of all holds
			continue
		}
		if op.Public() || len(op.Alternatives) != 1 || len(op.Alternatives[0]) == 0 || op.Alternatives[0][0].Scheme.Type == "" || item == nil {
			continue
		}
		m.op, m.node = op, member(item, strings.ToLower(op.Method))
		if m.node == nil || m.node.Kind != yaml.MappingNode {
			continue
		}
		security := member(m.node, "security")
		if security == nil {
			if security = member(m.root, "security"); security == nil {
				continue
			}
			put(m.node, "security", clone(security))
			security = member(m.node, "security")
		}
		if security.Kind == yaml.SequenceNode && len(security.Content) == 1 && len(security.Content[0].Content) > 0 {
			return m, true
		}
	}
	return nil, false
}

// prune leaves of a document what decides on security.
func prune(root *yaml.Node) {
	keep(root, "openapi", "swagger", "info", "servers", "host", "basePath", "schemes", "security", "securityDefinitions", "components", "paths")
	keep(member(root, "components"), "securitySchemes")
	for _, item := range values(member(root, "paths")) {
		for _, op := range values(item) {
			keep(op, "security", "servers", "operationId")
		}
	}
}

// TestAWeakerDefaultIsWeaker is about documents that say nothing.
func TestAWeakerDefaultIsWeaker(t *testing.T) {
	t.Parallel()
	one := func(mode openapi.DefaultMode) *openapi.Document {
		return document(t, openapi.Options{DefaultSecurity: openapi.DefaultSecurity{Mode: mode}}, "  /a: {get: {}}\n")
	}
	order := []openapi.DefaultMode{openapi.DefaultDeny, openapi.DefaultOAuth2, openapi.DefaultPublic}
	for i := range order {
		for j := range i {
			report := requireMirrored(t, one(order[j]), one(order[i]))
			require.Equal(t, 1, report.Counts[Weaker])
			require.Equal(t, 1, report.Count(FailOnWeaker))
			require.Zero(t, Compare(one(order[i]), one(order[j])).Count(FailOnWeaker))
		}
	}
}

func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// values are those of the members of an object.
func values(n *yaml.Node) (all []*yaml.Node) {
	for i := 1; n != nil && n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		all = append(all, n.Content[i])
	}
	return all
}

func keep(n *yaml.Node, names ...string) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := len(n.Content) - 2; i >= 0; i -= 2 {
		if !slices.Contains(names, n.Content[i].Value) {
			n.Content = slices.Delete(n.Content, i, i+2)
		}
	}
}

func drop(n *yaml.Node, name string) {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

func put(n *yaml.Node, name string, value *yaml.Node) {
	drop(n, name)
	n.Content = append(n.Content, parsed(quoted(name)), value)
}

func clone(n *yaml.Node) *yaml.Node {
	text, _ := yaml.Marshal(n) // it was read before
	return parsed(string(text))
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func parsed(text string) *yaml.Node {
	var file yaml.Node
	_ = yaml.Unmarshal([]byte(text), &file) // what a test has written
	return file.Content[0]
}

func written(t *testing.T, root *yaml.Node) string {
	t.Helper()
	text, err := yaml.Marshal(root)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "mutant.yaml")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}
