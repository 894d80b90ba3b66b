package openapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]string{
		"/": {""}, "/a": {"a"}, "/a/": {"a", ""}, "/a%20b/%7Bx%7D": {"a b", "{x}"}, "/%2561": {"%61"},
	} {
		got, err := openapi.Canonical(path, false, false)
		require.NoError(t, err, path)
		require.Equal(t, want, got, path)
	}
	for _, path := range []string{
		"", "*", "a", "//", "//a", "/a//b", "/a//", "/.", "/../a", "/%2e%2E/a", "/.%2e", "/a%2Fb", "/a%5cb", `/a\b`, "/a;b",
		"/a%3Bb", "/a#b", "/a%23b", "/%00", "/%0d", "/%7f", "/%c0%ae", "/%ff", "/%", "/%z1", "/%252e%252e", "/%252f",
	} {
		_, err := openapi.Canonical(path, false, false)
		require.ErrorIs(t, err, openapi.ErrPath, path)
	}
	for _, path := range []string{"/..%2Fa", "/a%2F%2Fb", "/..;x", "/a%2F..;x", "/;a", "/a/;x/b", "/a%2F;x", "/a%252Fb"} {
		_, err := openapi.Canonical(path, true, true)
		require.ErrorIs(t, err, openapi.ErrPath, path)
	}
	got, err := openapi.Canonical("/a%2Fb;c", true, true)
	require.NoError(t, err)
	require.Equal(t, []string{"a/b;c"}, got)
}
