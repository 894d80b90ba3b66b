package gateway_test

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// reference says which files read what a page documents.
var reference = map[string][]string{
	"docs/mgw.md":              {"modules/mgw/caddyfile.go", "modules/mgw/tokenissuer_caddyfile.go", "modules/mgw/app.go", "modules/mgw/authority.go", "modules/mgw/users.go", "modules/mgw/tokenissuer.go"},
	"docs/ledgers.md":          {"modules/ledgers/bolt.go", "modules/ledgers/redis.go", "modules/ledgers/redis_caddyfile.go"},
	"docs/openapi_auth.md":     {"modules/openapiauth/caddyfile.go", "modules/openapiauth/backendjwt.go", "modules/openapiauth/report.go", "modules/openapiauth/handler.go", "modules/verifiers/jwt.go", "modules/verifiers/caddy.go"},
	"docs/mutual-tls.md":       {"modules/verifiers/mtls.go", "modules/verifiers/mtls_caddyfile.go"},
	"docs/apikey_issuer.md":    {"modules/apikeyissuer/caddyfile.go", "modules/apikeyissuer/handler.go"},
	"docs/openapi_cors.md":     {"modules/openapicors/caddyfile.go", "modules/openapicors/handler.go"},
	"docs/openapi_validate.md": {"modules/openapivalidate/caddyfile.go", "modules/openapivalidate/handler.go"},
	"docs/openapi_gateway.md":  {"modules/openapigateway/caddyfile.go", "modules/openapigateway/endpoint.go"},
}

// moduleNames stand in JSON where a module is chosen: by which member, and some
// of its values.
var moduleNames = []string{"ledger", "bolt", "redis", "none", "verifier", "provider"}

// TestEveryOptionIsDocumented holds the tables of each page to the parsers of the
// Caddyfile and to the members of JSON, both ways.
func TestEveryOptionIsDocumented(t *testing.T) {
	t.Parallel()
	var read []string
	for name, files := range reference {
		var options, members []string
		for _, file := range files {
			options = append(options, literals(t, file, namesAnOption)...)
			members = append(members, jsonMembers(t, file)...)
		}
		text := page(t, name)
		require.ElementsMatch(t, unique(options), column(text, "option"), name)
		written, _ := partition(members, func(m string) bool { return strings.HasSuffix(m, "fingerprint") || strings.HasSuffix(m, "_stamp") })
		for _, member := range written {
			require.Contains(t, text, "`"+member+"`", "%s: what the adapter writes", name)
		}
		require.ElementsMatch(t, unique(subtract(members, append(written, moduleNames...))), subtract(column(text, "JSON"), moduleNames), "%s: JSON", name)
		read = append(read, options...)
	}
	require.Empty(t, subtract(literals(t, "modules", namesAnOption), append(read, "")), "no page is responsible for these options")
}

// namesAnOption finds the words that parsers of a Caddyfile compare d.Val() with.
func namesAnOption(parents []ast.Node) bool {
	inParser := slices.ContainsFunc(parents, func(n ast.Node) bool {
		f, ok := n.(*ast.FuncDecl)
		return ok && (strings.HasPrefix(f.Name.Name, "parse") || f.Name.Name == "UnmarshalCaddyfile" || f.Name.Name == "readBlock")
	})
	if !inParser {
		return false
	}
	switch parent := parents[len(parents)-1].(type) {
	case *ast.CaseClause:
		return true
	case *ast.KeyValueExpr: // of options and the lists that they fill
		_, list := parent.Value.(*ast.UnaryExpr)
		return list
	case *ast.BinaryExpr:
		if call, ok := parent.X.(*ast.CallExpr); ok {
			method, ok := call.Fun.(*ast.SelectorExpr)
			return ok && method.Sel.Name == "Val"
		}
		word, ok := parent.X.(*ast.Ident)
		return ok && (word.Name == "option" || word.Name == "name")
	}
	return false
}

// jsonMembers returns the names that the structs of a file have in JSON.
func jsonMembers(t *testing.T, file string) (names []string) {
	t.Helper()
	for _, m := range regexp.MustCompile("`json:\"([a-z_]+)").FindAllStringSubmatch(page(t, file), -1) {
		names = append(names, m[1])
	}
	return unique(names)
}

// column returns the first words between backquotes below a heading, or its
// plural, in all tables of a page.
func column(text, heading string) (found []string) {
	at := -1
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		switch {
		case len(cells) < 3:
			at = -1
		case at < 0:
			at = max(-1, slices.IndexFunc(cells, func(c string) bool { return strings.TrimSuffix(strings.TrimSpace(c), "s") == heading }))
			if at < 0 {
				at = len(cells) // of another table
			}
		case at < len(cells):
			for _, m := range regexp.MustCompile("`([a-z][a-z_]*)[^`]*`").FindAllStringSubmatch(cells[at], -1) {
				found = append(found, m[1])
			}
		}
	}
	return unique(found)
}

func unique(words []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(words)))
}

// subtract returns the words that are none of others.
func subtract(words, others []string) []string {
	_, rest := partition(words, func(w string) bool { return slices.Contains(others, w) })
	return rest
}

func partition(words []string, is func(string) bool) (yes, no []string) {
	for _, w := range words {
		if is(w) {
			yes = append(yes, w)
		} else {
			no = append(no, w)
		}
	}
	return yes, no
}
