package conformance

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/internal/corpus"
)

// Fewer would mean that the corpus, or what is walked of it, has shrunk
// unnoticed.
const (
	leastDocuments    = 225
	leastOperations   = 12_000
	leastAlternatives = 16_000
	leastRequests     = 190_000
	leastLetIn        = 25_000
)

// TestCorpus walks every operation of every document that loads. Package openapi
// has a golden list of the others.
func TestCorpus(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	dir, names := corpus.Names(t)
	tallies := make([]*tally, len(names))
	corpus.Each(len(names), func(i int) {
		tallies[i] = newTally()
		doc, err := openapi.Load(filepath.Join(dir, names[i]), openapi.Options{})
		if err != nil {
			return
		}
		tallies[i] = h.open(t, doc).walk(t, names[i])
	})
	all := newTally()
	for _, y := range tallies {
		all.add(y)
	}
	all.log(t)
	require.GreaterOrEqual(t, all.documents, leastDocuments)
	require.GreaterOrEqual(t, all.operations, leastOperations)
	require.GreaterOrEqual(t, all.alternatives, leastAlternatives)
	require.GreaterOrEqual(t, all.requests, leastRequests)
	require.GreaterOrEqual(t, all.outcomes["let in"], leastLetIn)
}
