package diff

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// TestNoRequestIsOpenedInSilence makes documents by chance and tries requests with
// every set of credentials: where one passes that did not, the report has said so of
// the way that it takes now, or took.
func TestNoRequestIsOpenedInSilence(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same each time
	opened, moved := 0, 0
	for range 150 {
		before, after := someDocument(t, r), someDocument(t, r)
		report := Compare(before, after)
		opens := map[string]bool{}
		for _, op := range report.Operations {
			if op.Opens {
				shape, err := openapi.Shape(op.Path)
				require.NoError(t, err)
				opens[op.Method+" "+shape] = true
			}
		}
		was, now := shapes(before), shapes(after)
		for _, path := range requests() {
			for _, method := range []string{"GET", "PUT"} {
				req := &http.Request{Method: method, URL: &url.URL{Path: path}}
				x, _ := before.Route(req)
				y, _ := after.Route(req)
				if y == nil {
					continue
				}
				isOpened := x == nil && everybody(y)
				if x != nil {
					isOpened, _ = tried(x, y)
				}
				if !isOpened {
					continue
				}
				opened++
				if was[x] != now[y] {
					moved++
				}
				require.True(t, opens[was[x]] || opens[now[y]], "%s %s\n%s\n%s\n%v", method, path, list(before), list(after), lines(report))
			}
		}
	}
	require.Greater(t, opened, 1000)
	require.Greater(t, moved, 200)
}

func someDocument(t testing.TB, r *rand.Rand) *openapi.Document {
	t.Helper()
	var paths strings.Builder
	seen := map[string]bool{}
	for range 2 + r.IntN(5) {
		var template strings.Builder
		for range 1 + r.IntN(2) {
			template.WriteString("/" + choose(r, "a", "b", "a.j", "{x}", "{x}", "{x}.j", "a{x}"))
		}
		path := template.String()
		if strings.Count(path, "{x}") == 2 {
			path = strings.Replace(path, "{x}", "{w}", 1)
		}
		shape, err := openapi.Shape(path)
		require.NoError(t, err)
		if seen[shape] {
			continue
		}
		seen[shape] = true
		fmt.Fprintf(&paths, "  %s: {%s: {security: %s}}\n", path, choose(r, "get", "put"), someSecurity(r))
	}
	return document(t, openapi.Options{}, paths.String())
}

func requests() (paths []string) {
	segments := []string{"a", "b", "c", "a.j", "b.j", "ab", "ab.j"}
	for _, first := range segments {
		paths = append(paths, "/"+first)
		for _, second := range segments {
			paths = append(paths, "/"+first+"/"+second)
		}
	}
	return paths
}

func shapes(doc *openapi.Document) map[*caddymgw.Operation]string {
	all := map[*caddymgw.Operation]string{}
	for _, w := range doc.Ways() {
		all[w.Operation] = w.Method + " " + w.Shape
	}
	return all
}

func list(doc *openapi.Document) (all []string) {
	for _, w := range doc.Ways() {
		all = append(all, fmt.Sprintf("%s %s: %s", w.Method, w.Shape, securityOf(w.Operation)))
	}
	return all
}
