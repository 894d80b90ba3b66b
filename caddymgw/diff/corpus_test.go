package diff

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/internal/corpus"
)

// TestARealDocumentIsTheSameAsItself walks the corpus, and moves every fifth document
// to another base path, where everything is new and gone and nothing else.
func TestARealDocumentIsTheSameAsItself(t *testing.T) {
	t.Parallel()
	dir, names := corpus.Names(t)
	corpus.Each(len(names), func(i int) {
		file := filepath.Join(dir, names[i])
		doc, err := openapi.Load(file, openapi.Options{BasePath: "/old"})
		if err != nil {
			return
		}
		n := len(doc.Ways())
		r := Compare(doc, doc)
		assert.Empty(t, r.Operations, names[i])
		assert.Equal(t, n, r.Counts[Same], names[i])
		if i%5 != 0 {
			return
		}
		moved, err := openapi.Load(file, openapi.Options{BasePath: "/new"})
		if err != nil {
			t.Errorf("%s: %v", names[i], err)
			return
		}
		r = Compare(doc, moved)
		assert.Len(t, r.Operations, 2*n, names[i])
		assert.Equal(t, n, r.Counts[New], names[i])
		assert.Equal(t, n, r.Counts[Gone], names[i])
	})
}
