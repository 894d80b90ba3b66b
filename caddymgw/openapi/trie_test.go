package openapi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

func TestTrieFind(t *testing.T) {
	t.Parallel()
	root := &node{}
	for _, r := range [][3]string{{"GET", "me", "text"}, {"GET", "{id}.json", "pattern"}, {"GET", "{id}", "any"}, {"PUT", "{x}", "put"}} {
		p, ok := parseSegment(r[1])
		require.True(t, ok)
		n := root.child(p)
		if n.methods == nil {
			n.methods = map[string]*caddymgw.Operation{}
		}
		n.methods[r[0]] = &caddymgw.Operation{ID: r[2]}
	}
	for _, c := range [][3]string{{"GET", "me", "text"}, {"GET", "1.json", "pattern"}, {"GET", ".json", "any"}, {"GET", "1", "any"}, {"PUT", "me", "put"}, {"GET", "", ""}, {"DELETE", "me", ""}} {
		got := ""
		if op := root.find([]string{c[1]}, c[0]); op != nil {
			got = op.ID
		}
		require.Equal(t, c[2], got, c)
	}
}
