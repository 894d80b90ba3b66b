package lint

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

const head = "openapi: 3.1.0\ninfo: {title: Shop, version: 1.0.0}\n"

// looked lints a document; without a head of its own it gets one of 3.1.
func looked(t testing.TB, text string, options Options) *Report {
	t.Helper()
	r, err := File(written(t, text), options)
	require.NoError(t, err)
	return r
}

func written(t testing.TB, text string) string {
	t.Helper()
	text = strings.TrimPrefix(text, "\n")
	if !strings.HasPrefix(text, "openapi") && !strings.HasPrefix(text, "swagger") {
		text = head + text
	}
	file := filepath.Join(t.TempDir(), "api.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// rules are those that found something, each once.
func rules(r *Report) (ids []string) {
	for _, f := range r.Findings {
		ids = append(ids, f.Rule)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
