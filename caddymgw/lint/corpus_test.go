package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/corpus"
)

// TestRealDocuments counts what the rules find in the corpus, and in how many of its
// documents: a rule that finds something everywhere is noise.
func TestRealDocuments(t *testing.T) {
	t.Parallel()
	dir, names := corpus.Names(t)
	var mu sync.Mutex
	findings, documents := map[string]int{}, map[string]int{}
	clean := 0
	corpus.Each(len(names), func(i int) {
		r, err := File(filepath.Join(dir, names[i]), Options{})
		if err != nil {
			t.Errorf("%s: %v", names[i], err)
			return
		}
		for _, f := range r.Findings {
			assert.Positive(t, f.Line, "%v", f)
			assert.NotEmpty(t, f.File, "%v", f)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, f := range r.Findings {
			findings[f.Rule]++
		}
		for _, id := range rules(r) {
			documents[id]++
		}
		if len(r.Findings) == 0 {
			clean++
		}
	})
	lines := []string{fmt.Sprintf("%d documents, %d without a finding", len(names), clean)}
	for _, r := range Rules() {
		lines = append(lines, fmt.Sprintf("%s\t%s\t%d findings in %d documents", r.Severity, r.ID, findings[r.ID], documents[r.ID]))
	}
	golden(t, "corpus.golden", strings.Join(lines, "\n")+"\n")
}

func golden(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o700))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run with -update")
	require.Equal(t, string(want), got)
}
