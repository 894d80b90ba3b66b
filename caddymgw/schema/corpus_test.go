package schema

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/internal/corpus"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares lines with a file of testdata.
func golden(t testing.TB, name string, lines []string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test ./caddymgw/schema -update writes it anew")
}

// largestTwice is the size up to which documents are loaded strictly too: the
// largest take nearly all the time.
const largestTwice = 256 << 10

// found is what one document of the corpus, or all of them, gives.
type found struct {
	documents      int
	small, strict  int // that are loaded once more, and load when strict
	left           int // warnings
	operations     int
	parameters     int // that are checked
	bodies         int // media types of requests that are checked
	responses      int // media types of responses that are checked
	examples, good int // declared examples of parameters and JSON bodies
	withExamples   int // operations that have some
	allGood        int // operations whose examples all are good
	mutations      int // of good examples: a required member less, another type
	refused        int
	passed         []string // mutations that were not refused
	wrong          []string // examples that are not good
	converted      int      // parameters that kin-openapi converts from 2.0
	different      []string // and otherwise than they are read here
}

func (f *found) add(g found) {
	f.documents += g.documents
	f.small += g.small
	f.strict += g.strict
	f.left += g.left
	f.operations += g.operations
	f.parameters += g.parameters
	f.bodies += g.bodies
	f.responses += g.responses
	f.examples += g.examples
	f.good += g.good
	f.withExamples += g.withExamples
	f.allGood += g.allGood
	f.mutations += g.mutations
	f.refused += g.refused
	f.converted += g.converted
	f.passed = append(f.passed, g.passed...)
	f.wrong = append(f.wrong, g.wrong...)
	f.different = append(f.different, g.different...)
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	dir, names := corpus.Names(t)
	each := make([]found, len(names))
	patterns := patternSet{all: map[string]bool{}}
	corpus.Each(len(names), func(i int) {
		each[i] = explore(t, filepath.Join(dir, names[i]), &patterns)
	})
	var sum found
	var lines []string
	for i, f := range each {
		sum.add(f)
		lines = append(lines, fmt.Sprintf("%s\t%d operations, %d warnings, %d+%d+%d checks, %d of %d examples, %d of %d mutations refused",
			names[i], f.operations, f.left, f.parameters, f.bodies, f.responses, f.good, f.examples, f.refused, f.mutations))
	}
	re2, slow, neither := patterns.count()
	total := []string{
		fmt.Sprintf("%d of %d documents load, with %d warnings; of %d smaller ones %d load when strict", sum.documents, len(names), sum.left, sum.small, sum.strict),
		fmt.Sprintf("%d operations: %d parameters, %d media types of requests and %d of responses are checked", sum.operations, sum.parameters, sum.bodies, sum.responses),
		fmt.Sprintf("%d patterns: %d by RE2, %d by backtracking, %d by neither", re2+slow+neither, re2, slow, neither),
		fmt.Sprintf("%d operations declare examples, those of %d are all good; %d of %d examples are good", sum.withExamples, sum.allGood, sum.good, sum.examples),
		fmt.Sprintf("%d of %d mutations of good examples are refused", sum.refused, sum.mutations),
		fmt.Sprintf("%d parameters of 2.0 are read as openapi2conv converts them, %d otherwise", sum.converted-len(sum.different), len(sum.different)),
	}
	t.Log("\n" + strings.Join(total, "\n"))
	golden(t, "corpus.golden", append(total, lines...))
	golden(t, "corpus-wrong-examples.golden", sum.wrong)
	golden(t, "corpus-passed-mutations.golden", sum.passed)
	require.Empty(t, sum.different)
}

type patternSet struct {
	mu  sync.Mutex
	all map[string]bool
}

func (p *patternSet) add(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[s] = true
}

func (p *patternSet) count() (re2, slow, neither int) {
	for pattern := range p.all {
		if _, ok := toRE2(pattern); ok {
			re2++
		} else if _, err := compileSlow(pattern); err == nil {
			slow++
		} else {
			neither++
		}
	}
	return re2, slow, neither
}

// gather adds the patterns of schemas, wherever they are.
func (p *patternSet) gather(n openapi.Node) {
	for _, item := range n.Items() {
		p.gather(item)
	}
	for name, m := range n.Members() {
		switch {
		case name == "example" || name == "examples" || name == "default" || name == "enum":
		case name == "pattern" && m.Is(openapi.Text):
			p.add(m.Scalar())
		default:
			p.gather(m)
		}
	}
}

func explore(t *testing.T, file string, patterns *patternSet) (f found) {
	tree, err := openapi.OpenTree(file)
	if err != nil {
		return f // nor would openapi_auth have it
	}
	defer tree.Close()
	patterns.gather(tree.Root())
	doc, err := fromTree(tree, Options{Responses: true})
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return f
	}
	f.documents, f.left = 1, len(doc.Warnings)
	if info, err := os.Stat(file); err == nil && info.Size() <= largestTwice {
		f.small = 1
		if _, err := fromTree(tree, Options{Mode: Strict}); err == nil {
			f.strict = 1
		}
	}
	for _, op := range doc.operations {
		f.operations++
		for _, p := range op.parameters {
			if p.check != nil {
				f.parameters++
			}
		}
		f.bodies += op.body.checked()
		for _, r := range op.responses {
			f.responses += r.body.checked()
		}
	}
	version, _ := versionOf(tree.Root())
	if content, err := os.ReadFile(file); err == nil && version == "2.0" {
		f.converted, f.different = differences(content, doc)
	}
	e := explorer{reader: &reader{emitter: newEmitter(tree, version, false)}, doc: doc, name: filepath.Base(file), found: &f}
	for template, item := range tree.Root().Get("paths").Members() {
		for method, n := range e.methods(item) {
			if op := doc.Operation(method, template); op != nil {
				e.operation(op, n, item)
			}
		}
	}
	return f
}

func (b *body) checked() int {
	n := 0
	if b != nil {
		for _, m := range b.media {
			if m.check != nil {
				n++
			}
		}
	}
	return n
}

// explorer asks operations about their own examples.
type explorer struct {
	*reader
	doc  *Document
	name string
	*found
}

func (e *explorer) operation(op *Operation, n, item openapi.Node) {
	before, good := e.examples, e.good
	n, ok := e.follow(n)
	if !ok {
		return
	}
	for _, p := range e.declared(n, item) {
		if own := op.parameterNamed(&openapi3.Parameter{In: p.Get("in").Scalar(), Name: p.Get("name").Scalar()}); own != nil && own.check != nil && !own.json {
			for _, example := range e.examplesOf(p) {
				e.ownParameter(op, own, example)
			}
		}
		if p.Get("in").Scalar() == "body" {
			e.ownBody(op, "application/json", p)
		}
	}
	if b, ok := e.follow(n.Get("requestBody")); ok {
		for mediaType, m := range b.Get("content").Members() {
			if kindOf(mediaType) == jsonKind {
				e.ownBody(op, mediaType, m)
			}
		}
	}
	if e.examples > before {
		e.withExamples++
		if e.examples-before == e.good-good {
			e.allGood++
		}
	}
}

func (e *explorer) declared(n, item openapi.Node) []openapi.Node { return e.reader.parameters(n, item) }

// examplesOf returns what a parameter or media type, or its schema, says.
func (e *explorer) examplesOf(n openapi.Node) (all []openapi.Node) {
	add := func(n openapi.Node) {
		if !n.IsZero() {
			all = append(all, n)
		}
	}
	add(n.Get("example"))
	for _, x := range n.Get("examples").Members() {
		if x, ok := e.follow(x); ok {
			add(x.Get("value"))
		}
	}
	if s, ok := e.follow(n.Get("schema")); ok {
		add(s.Get("example"))
		for _, x := range s.Get("examples").Items() {
			add(x)
		}
	}
	return all
}

func (e *explorer) judged(op *Operation, what string, problems []Problem, example openapi.Node) bool {
	e.examples++
	if len(problems) == 0 {
		e.good++
		return true
	}
	e.wrong = append(e.wrong, fmt.Sprintf("%s\t%s %s %s\t%s", e.name, op.method, op.template, what, problems[0]))
	return false
}

func (e *explorer) ownParameter(op *Operation, p *parameter, example openapi.Node) {
	ask := func(v any) []Problem {
		j := op.judge(request)
		switch v := v.(type) {
		case []any, map[string]any:
			j.any(p.in, pointer(p.name), p.check, []any{v})
		default:
			text := fmt.Sprint(v)
			j.parameter(p, pieces{text: &text, list: []string{text}}, true, nil)
		}
		return j.list
	}
	v := value(example)
	if n, ok := v.(json.Number); ok && p.check.types.has(aString) {
		v = n.String()
	}
	if !e.judged(op, string(p.in)+" "+p.name, ask(plainNumbers(v)), example) || p.check.types.has(aString|anArray) {
		return
	}
	e.mutated(op, string(p.in)+" "+p.name, len(ask("no such value")) > 0)
}

// plainNumbers makes of a value what the reader of JSON would.
func plainNumbers(v any) any {
	content, err := json.Marshal(v)
	if err != nil {
		return v
	}
	read, _, err := parseJSON(content)
	if err != nil {
		return v
	}
	return read
}

func (e *explorer) mutated(op *Operation, what string, refused bool) {
	e.mutations++
	if refused {
		e.refused++
		return
	}
	e.passed = append(e.passed, fmt.Sprintf("%s\t%s %s %s", e.name, op.method, op.template, what))
}

func (e *explorer) ownBody(op *Operation, mediaType string, n openapi.Node) {
	m, k, err := op.body.find(http.Header{"Content-Type": {mediaType}})
	if err != nil || m == nil || k != jsonKind {
		return
	}
	ask := func(v any) []Problem {
		content, err := json.Marshal(v)
		if err != nil {
			return []Problem{{Body, "", err.Error()}}
		}
		j := op.judge(request)
		j.body(m, k, nil, content)
		return j.list
	}
	for _, example := range e.examplesOf(n) {
		v := value(example)
		if !e.judged(op, mediaType, ask(v), example) {
			continue
		}
		object, ok := v.(map[string]any)
		if !ok {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if required(m.check.schema, name, 0) {
				less := maps.Clone(object)
				delete(less, name)
				e.mutated(op, mediaType+" without "+name, len(ask(less)) > 0)
			}
			if t := typesOf(property(m.check.schema, name)); t != anyType {
				other := maps.Clone(object)
				other[name] = anotherType(t)
				e.mutated(op, mediaType+" with another type of "+name, len(ask(other)) > 0)
			}
		}
	}
}

// required reports whether a member must be there, whatever alternative is taken.
func required(s *openapi3.Schema, name string, depth int) bool {
	if s == nil || depth > 16 {
		return false
	}
	if slices.Contains(s.Required, name) {
		return true
	}
	return slices.ContainsFunc(s.AllOf, func(one *openapi3.SchemaRef) bool { return required(one.Value, name, depth+1) })
}

func anotherType(t types) any {
	for _, other := range []struct {
		t types
		v any
	}{{aBoolean, true}, {anObject, map[string]any{"mgw": 1}}, {anArray, []any{1}}, {aString, "mgw"}, {aNumber, 1}} {
		if !t.has(other.t) {
			return other.v
		}
	}
	return nil
}
