package openapi

import (
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/internal/corpus"
)

var update = flag.Bool("update", false, "write the golden files anew")

// loaded is a document of the corpus and what Load says to it.
type loaded struct {
	name string
	file string
	doc  *Document
	err  error
}

var corpusLoaded struct {
	once sync.Once
	all  []loaded
}

// loadCorpus loads every document, once for all tests.
func loadCorpus(t testing.TB) []loaded {
	t.Helper()
	dir, names := corpus.Names(t)
	corpusLoaded.once.Do(func() {
		corpusLoaded.all = make([]loaded, len(names))
		corpus.Each(len(names), func(i int) {
			file := filepath.Join(dir, names[i])
			doc, err := Load(file, Options{})
			corpusLoaded.all[i] = loaded{names[i], file, doc, err}
		})
	})
	return corpusLoaded.all
}

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
	require.Equal(t, string(want), got, "go test ./caddymgw/openapi -update writes it anew")
}

func TestCorpusLoadsOrIsRefusedWithAPointer(t *testing.T) {
	t.Parallel()
	documents := loadCorpus(t)
	var refused, coincide []string
	operations, matched := 0, 0
	for _, d := range documents {
		name, doc, err := d.name, d.doc, d.err
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e, "%s: %v", name, err)
			refused = append(refused, fmt.Sprintf("%s:%d\t%s\t%s", name, e.Line, e.Pointer, e.Message))
			continue
		}
		for _, w := range doc.Warnings {
			if strings.Contains(w, "are one to a request") {
				coincide = append(coincide, name+"\t"+w)
			}
		}
		for _, op := range doc.API.Operations {
			operations++
			if reached(t, doc, op) {
				matched++
			} else {
				t.Errorf("%s: %s %s is not reached by its own URL", name, op.Method, op.Template)
			}
			if strings.HasPrefix(op.Template, "/") && slices.ContainsFunc(coincide, func(l string) bool { return strings.HasPrefix(l, name+"\t"+op.Method+" "+op.Template+" and") }) {
				coincide = append(coincide, fmt.Sprintf("%s\t%s %s: %s", name, op.Method, op.Template, describe(op)))
			}
		}
	}
	t.Logf("%d documents: %d load, %d are refused; %d operations, %d reached by their own URL",
		len(documents), len(documents)-len(refused), len(refused), operations, matched)
	golden(t, "corpus-refused.golden", refused)
	golden(t, "corpus-coincide.golden", coincide)
}

// reached asks for an operation by sample URLs below each base path.
func reached(t *testing.T, doc *Document, op *caddymgw.Operation) bool {
	t.Helper()
	path := corpus.Path(t, op.Template)
	return slices.ContainsFunc(doc.API.BasePaths, func(base string) bool {
		u, err := url.Parse(base + path)
		require.NoError(t, err)
		got, _ := doc.Route(&http.Request{Method: op.Method, URL: u})
		return got == op
	})
}

// describe writes the security of an operation as one line.
func describe(op *caddymgw.Operation) string {
	if op.Public() {
		return "public"
	}
	var alternatives []string
	for _, alt := range op.Alternatives {
		var requirements []string
		for _, r := range alt {
			scopes := strings.Join(slices.Sorted(slices.Values(r.Scopes)), " ")
			if r.AnyScope {
				scopes = "any of " + scopes
			}
			requirements = append(requirements, r.Scheme.Name+"["+scopes+"]")
		}
		slices.Sort(requirements)
		alternatives = append(alternatives, "("+strings.Join(requirements, " and ")+")")
	}
	return strings.Join(alternatives, " or ")
}
