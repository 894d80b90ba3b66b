package openapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShapesForgetWhatRequestsDoNotSee(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"/":                "/",
		"/a/":              "/a/",
		"/a/{id}":          "/a/{}",
		"/a/{x}.{y}":       "/a/{}.{}",
		"/a/{id}:cancel":   "/a/{}:cancel",
		"/a b/é":           "/a%20b/%C3%A9",
		"/a%20b":           "/a%20b",
		"/%7Bid%7D":        "/%7Bid%7D",
		"/a%2Fb":           "/a%2Fb",
		"/a?b={c}":         "/a",
		"/a/{id}#fragment": "/a/{}",
	} {
		got, err := Shape(template)
		require.NoError(t, err, template)
		require.Equal(t, want, got, template)
	}
	for _, template := range []string{"", "a", "/{", "/{}", "/a}", "/%zz"} {
		_, err := Shape(template)
		require.Error(t, err, template)
	}
}

func TestWaysAreThoseOfEachBasePath(t *testing.T) {
	t.Parallel()
	doc := load(t, `openapi: 3.0.0
info: {title: T, version: "1"}
servers: [{url: /v1}, {url: /v2}]
paths:
  /b/{x}: {get: {operationId: x}}
  /b/{y}: {put: {operationId: y}}
  /a: {get: {operationId: a, servers: [{url: /}]}}
`, Options{})
	var got []string
	for _, w := range doc.Ways() {
		got = append(got, w.Method+" "+w.Shape+" "+w.Operation.ID)
	}
	require.Equal(t, []string{
		"GET /a a", "GET /v1/b/{} x", "PUT /v1/b/{} y", "GET /v2/b/{} x", "PUT /v2/b/{} y",
	}, got)
}

// TestShapesAreThoseOfTheTrie holds Shape to Ways, over the corpus.
func TestShapesAreThoseOfTheTrie(t *testing.T) {
	t.Parallel()
	for _, d := range loadCorpus(t) {
		if d.err != nil {
			continue
		}
		for _, w := range d.doc.Ways() {
			shape, err := Shape(w.Operation.Template)
			require.NoError(t, err)
			below := false
			for _, base := range d.doc.API.BasePaths {
				prefix, err := Shape(base + "/")
				require.NoError(t, err)
				below = below || prefix[:len(prefix)-1]+shape == w.Shape
			}
			require.True(t, below, "%s: %s %s", d.name, w.Method, w.Shape)
		}
	}
}
