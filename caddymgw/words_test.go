package caddymgw_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

func TestSecurityInWords(t *testing.T) {
	t.Parallel()
	for security, want := range map[string]string{
		"public":                          "public",
		"key":                             "key",
		"key | oauth:write":               "key or token with write",
		"key + basic":                     "key and login",
		"key + basic | mtls":              "key and login, or certificate",
		"key + basic | mtls | oauth":      "key and login, certificate, or token",
		"key | basic | mtls":              "key or login or certificate",
		"key | {}":                        "anyone, or key",
		"key | basic | {}":                "anyone, key, or login",
		"{}":                              "anyone",
		"key | qkey":                      "key key or key qkey",
		"oauth:a,b | bearer:chief,clerk":  "token oauth with a b or token bearer with role chief clerk",
		"basic:chief":                     "login with role chief",
		"oauth:a | oauth:b":               "token with a or token with b",
		"key + oauth:a,b + mtls | qkey":   "key key and token with a b and certificate, or key qkey",
		"oidc:read":                       "token with read",
		"key + qkey | basic + mtls | {}":  "anyone, key key and key qkey, or login and certificate",
		"oauth:a + oidc:b | key | mtls:x": "token oauth with a and token oidc with b, key, or certificate with role x",
	} {
		require.Equal(t, want, newFixture(security).gateway.Router.(oneRoute).op.Words(), security)
	}
	f := newFixture("oauth:a,b")
	op := f.gateway.Router.(oneRoute).op
	op.Alternatives[0][0].AnyScope = true
	require.Equal(t, "token with any of a b", op.Words())
	require.Equal(t, "digest login", (&caddymgw.Scheme{Type: caddymgw.HTTP, HTTPScheme: "digest"}).Word())
	require.Equal(t, "anyone", op.AlternativeWords(caddymgw.Alternative{}))
}

// TestEveryReasonHasWords reads the constants where they are declared.
func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "denial.go", nil, 0)
	require.NoError(t, err)
	seen := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(v.Names[0].Name, "Reason") {
			return true
		}
		text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		words := caddymgw.Reason(text).Words()
		require.NotEmpty(t, words, v.Names[0].Name)
		require.False(t, seen[words], "%s is said twice", words)
		seen[words] = true
		return true
	})
	require.Greater(t, len(seen), 30)
}

func TestEveryOutcomeHasAWord(t *testing.T) {
	t.Parallel()
	for o := caddymgw.Refused; o <= caddymgw.Satisfied; o++ {
		require.NotEqual(t, "unknown", o.String())
	}
	require.Equal(t, "unknown", caddymgw.Outcome(99).String())
}
