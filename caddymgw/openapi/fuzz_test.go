package openapi

import (
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		"/", "/a", "/a/b/", "//", "/a//b", "/.", "/a/../b", "/%2e%2e/a", "/a%2Fb", "/a%5Cb", "/a;b", "/;a/b", "/a%3bb", "/a#b", "/%00", "/%c0%ae", "/é", "/%C3%A9",
		"/%", "/%4", "/%zz", "/%252e%252e", "/%25252e", "/a%252fb", "/..%2Fb", "/..;x/b", "/a%2F..;x", "/{id}", "*", "", "http://h/a",
	} {
		for flags := range 4 {
			f.Add(seed, flags&1 > 0, flags&2 > 0)
		}
	}
	f.Fuzz(func(t *testing.T, escaped string, slash, semicolon bool) {
		segments, err := Canonical(escaped, slash, semicolon)
		if err != nil {
			require.ErrorIs(t, err, ErrPath)
			require.Nil(t, segments)
			return
		}
		raw := strings.Split(escaped, "/")[1:]
		require.Len(t, segments, len(raw))
		var again strings.Builder
		for i, s := range segments {
			once, err := url.PathUnescape(raw[i])
			require.NoError(t, err)
			require.Equal(t, once, s, "decoded once")
			require.True(t, utf8.ValidString(s))
			require.False(t, strings.ContainsFunc(s, unicode.IsControl) || strings.ContainsAny(s, `\#`), "%q", s)
			require.True(t, s != "" || i == len(segments)-1, "an empty segment")
			require.True(t, slash || !strings.Contains(s, "/"))
			require.True(t, semicolon || !strings.Contains(s, ";"))
			for _, escape := range []string{"%2f", "%5c", "%2e", "%3b"} {
				require.NotContains(t, strings.ToLower(s), escape, "an upstream may decode twice")
			}
			again.WriteString("/" + url.PathEscape(s))
		}
		// Whether an upstream decodes before it splits, and takes parameters
		// off, must not matter.
		seen := pathParameters(strings.Join(segments, "/"))
		require.Equal(t, path.Clean("/"+seen), "/"+strings.TrimSuffix(seen, "/"))
		same, err := Canonical(again.String(), slash, semicolon)
		require.NoError(t, err)
		require.Equal(t, segments, same, "idempotent")
		lax, err := Canonical(escaped, true, true)
		require.NoError(t, err)
		require.Equal(t, segments, lax, "an option only lifts a rule")
	})
}

// pathParameters takes ";..." off each segment, as Tomcat does.
func pathParameters(p string) string {
	parts := strings.Split(p, "/")
	for i := range parts {
		parts[i], _, _ = strings.Cut(parts[i], ";")
	}
	return strings.Join(parts, "/")
}

func FuzzLoad(f *testing.F) {
	for _, document := range versions {
		f.Add([]byte(document), false)
		f.Add([]byte(toJSON(f, document)), true)
	}
	for _, document := range []string{
		head + schemes + "security: [{}, {k: [r], o: []}]\nx-wso2-disable-security: false\n" + rest,
		head + "servers: [{url: 'https://{h}/{v}', variables: {v: {default: a, enum: [b]}}}]\npaths: {'/{a}.{b}': {put: {x-wso2-disable-security: true}}}\n",
		head + "x: &x {get: {}}\npaths: {/a: {<<: [*x], $ref: '#/x'}, '/b?c=1': *x, '/b#d': *x}\n",
		"openapi: 3.2.0\ninfo: {title: T, version: 1}\nx-wso2-basePath: /a/{version}\npaths: {/a: {additionalOperations: {COPY: {}}, query: {}}}\n",
	} {
		f.Add([]byte(document), false)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte, json bool) {
		file := filepath.Join(dir, "api.yaml")
		if json {
			file = filepath.Join(dir, "api.json")
		}
		require.NoError(t, os.WriteFile(file, content, 0o600))
		start := time.Now()
		doc, err := Load(file, Options{})
		require.Less(t, time.Since(start), 2*time.Second)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e, err)
			require.Nil(t, doc)
			return
		}
		for _, op := range doc.API.Operations {
			require.True(t, op.Public() || op.Alternatives != nil)
			for i, alt := range op.Alternatives {
				require.True(t, len(alt) > 0 || i > 0 && i == len(op.Alternatives)-1, "only the last may be anonymous, and not alone")
				for _, r := range alt {
					require.True(t, slices.Contains(doc.API.Schemes, r.Scheme))
				}
			}
			for _, base := range doc.API.BasePaths {
				found, _ := doc.Route(&http.Request{Method: op.Method, URL: &url.URL{Path: base + op.Template}})
				require.True(t, found == nil || found.Method == op.Method && slices.Contains(doc.API.Operations, found))
			}
		}
	})
}
