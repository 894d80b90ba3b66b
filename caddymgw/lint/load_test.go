package lint

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func TestDocumentsThatDoNotLoadAreOneFinding(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"no YAML":        {"openapi: [\n", []string{"does-not-load 1 : not valid YAML: did not find expected node content"}},
		"empty":          {"openapi", []string{"does-not-load 1 : not an OpenAPI document: must be an object, is a string"}},
		"another kind":   {"swagger: '1.2'\n", []string{`does-not-load 1 /swagger: version "1.2" is not read: OpenAPI 2.0, 3.0, 3.1 and 3.2 are`}},
		"other rules":    {"paths: {/a: {post: {security: [], x-wso2-mutual-ssl: mandatory}}}\n", []string{"does-not-load 3 /paths/~1a/post/x-wso2-mutual-ssl: x-wso2-mutual-ssl has a meaning at the top of the document only: write it there"}},
		"two misspelt":   {"paths: {/a: {get: {security: [{a: []}, {b: []}]}}}\n", []string{`undeclared-scheme 3 /paths/~1a/get/security/0/a: no security scheme "a" is declared`, `undeclared-scheme 3 /paths/~1a/get/security/1/b: no security scheme "b" is declared`}},
		"misspelt later": {"x-wso2-mutual-ssl: 1\npaths: {/a: {get: {security: [{a: []}]}}}\n", []string{"does-not-load 3 /x-wso2-mutual-ssl: must be a string, is a number", `undeclared-scheme 4 /paths/~1a/get/security/0/a: no security scheme "a" is declared`}},
		"by a URI":       {"paths: {/a: {get: {security: [{'#/c/a': []}]}}}\n", []string{"does-not-load 3 /paths/~1a/get/security/0/#~1c~1a: a requirement that names a scheme by URI is not followed: declare the scheme under components and name it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := looked(t, tc.text, Options{})
			require.Equal(t, tc.want, messages(r))
			require.Equal(t, len(tc.want), r.Count(Error))
		})
	}
	t.Run("in another file", func(t *testing.T) {
		t.Parallel()
		file := written(t, "paths: {/a: {$ref: 'missing.yaml'}}\n")
		r, err := File(file, Options{})
		require.NoError(t, err)
		require.Len(t, r.Findings, 1)
		require.Contains(t, r.Findings[0].Message, "missing.yaml")
		require.Equal(t, file, r.Findings[0].File)
		require.Equal(t, 3, r.Findings[0].Line)
	})
	t.Run("by an option", func(t *testing.T) {
		t.Parallel()
		file := written(t, secret+"paths: {/a: {get: {operationId: a}}}\n")
		r, err := File(file, Options{Options: openapi.Options{BasePath: "/{a}"}})
		require.NoError(t, err)
		require.Equal(t, []Finding{{loads, Error, file, 0, "", []string{}, `base_path "/{a}": a base path has no variables`}}, r.Findings)
	})
}

func TestFilesThatCanNotBeReadAreErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := File(filepath.Join(dir, "missing.yaml"), Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = File(dir, Options{})
	require.EqualError(t, err, "the document can't be read: "+dir+" is no file")
}

func TestWhatIsIgnored(t *testing.T) {
	t.Parallel()
	const ignore = "x-caddymgw-lint-ignore: "
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"by one operation": {
			"security: []\npaths: {/a: {post: {operationId: a, " + ignore + "[unauthenticated-write]}, put: {operationId: b}}}\n",
			[]string{`unauthenticated-write 3 /security: anybody may call PUT /a: "security" asks for nothing`},
		},
		"another rule": {
			"paths: {/a: {post: {operationId: a, security: [], " + ignore + "[unauthenticated-read]}}}\n",
			[]string{`unauthenticated-write 3 /paths/~1a/post/security: anybody may call POST /a: "security" asks for nothing`},
		},
		"by a scheme": {
			"components: {securitySchemes: {a: {type: apiKey, in: query, name: a, " + ignore + "[key-in-query]}, b: {type: apiKey, in: query, name: b}}}\npaths: {/a: {get: {operationId: a, security: [{a: []}, {b: []}]}}}\n",
			[]string{"key-in-query 3 /components/securitySchemes/b: the key of b stands in the query, as b"},
		},
		"by the operation that asks": {
			"components: {securitySchemes: {o: {type: oauth2}}}\npaths: {/a: {get: {operationId: a, security: [{o: [read, write]}], " + ignore + "[scopes-in-one-list]}}}\n", nil,
		},
		"nothing": {secret + ignore + "[]\npaths: {/a: {get: {operationId: a}}}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, messages(looked(t, tc.text, Options{})))
		})
	}
	for name, tc := range map[string]struct{ text, want string }{
		"a rule that does not exist": {ignore + "[query-key]\n", `3: /x-caddymgw-lint-ignore/0: x-caddymgw-lint-ignore: there is no rule "query-key": did you mean key-in-query?`},
		"of an operation":            {"paths: {/a: {get: {" + ignore + "[x]}}}\n", `3: /paths/~1a/get/x-caddymgw-lint-ignore/0: x-caddymgw-lint-ignore: there is no rule "x"`},
		"of a scheme":                {"components: {securitySchemes: {a: {type: mutualTLS, " + ignore + "[x]}}}\n", `/components/securitySchemes/a/x-caddymgw-lint-ignore/0: x-caddymgw-lint-ignore: there is no rule "x"`},
		"that it loads":              {ignore + "[does-not-load]\n", "the rule does-not-load can't be left out"},
		"a text":                     {ignore + "key-in-query\n", "3: /x-caddymgw-lint-ignore: x-caddymgw-lint-ignore must be a list of rules"},
		"a number":                   {ignore + "[1]\n", "3: /x-caddymgw-lint-ignore/0: x-caddymgw-lint-ignore must be a list of rules"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := File(written(t, tc.text), Options{})
			require.ErrorContains(t, err, tc.want)
		})
	}
}
