package fault

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// declared returns the codes in the order of code.go, so that one without a
// text cannot hide.
func declared(t *testing.T) (codes []Code) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Code" {
			n, err := strconv.Atoi(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			codes = append(codes, Code(n))
		}
		return false
	})
	return codes
}

func TestEveryCodeHasItsTexts(t *testing.T) {
	t.Parallel()
	codes := declared(t)
	require.Len(t, codes, len(texts))
	for _, c := range codes {
		require.Contains(t, texts, c)
		require.NotEmpty(t, http.StatusText(c.Status()), c)
		require.GreaterOrEqual(t, c.Status(), 400, c)
		require.NotEmpty(t, c.Message(), c)
		require.NotEmpty(t, c.Description(), c)
		if c < 1000 {
			require.Equal(t, int(c), c.Status(), "a code of three digits is the status")
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		code   Code
		status int
	}{
		"a key source is not ready":  {Unclassified, http.StatusServiceUnavailable},
		"not authentic":              {InvalidCredentials, http.StatusUnauthorized},
		"nothing was presented":      {MissingCredentials, http.StatusUnauthorized},
		"a right is missing":         {AccessDenied, http.StatusForbidden},
		"wrong password":             {WrongPassword, http.StatusUnauthorized},
		"malformed Basic":            {MalformedBasic, http.StatusUnauthorized},
		"not the operation's scheme": {SchemeNotAccepted, http.StatusUnauthorized},
		"none of ours":               {Code(200), http.StatusInternalServerError},
		"zero":                       {0, http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.status, tc.code.Status())
		})
	}
}
