package gateway_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// literals returns the string literals of non-test Go files below a folder that
// stand where keep says.
func literals(t *testing.T, folder string, keep func(parents []ast.Node) bool) (found []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		var parents []ast.Node
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil {
				parents = parents[:len(parents)-1]
				return true
			}
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && keep(parents) {
				text, err := strconv.Unquote(l.Value)
				require.NoError(t, err)
				found = append(found, text)
			}
			parents = append(parents, n)
			return true
		})
		return nil
	}))
	slices.Sort(found)
	return slices.Compact(found)
}

func page(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(content)
}

// words returns what stands alone between backquotes on a page and fits a pattern.
func words(text, pattern string) (found []string) {
	for _, m := range regexp.MustCompile("`("+pattern+")`").FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// TestTheReferenceNamesEveryReason holds the page to the core, both ways.
func TestTheReferenceNamesEveryReason(t *testing.T) {
	t.Parallel()
	_, log, ok := strings.Cut(page(t, "docs/observability.md"), "## Access log")
	require.True(t, ok)
	log, _, ok = strings.Cut(log, "## Metrics")
	require.True(t, ok)
	inCode := literals(t, "caddymgw/denial.go", func(parents []ast.Node) bool {
		spec, ok := parents[len(parents)-1].(*ast.ValueSpec)
		return ok && strings.HasPrefix(spec.Names[0].Name, "Reason")
	})
	inCode = slices.DeleteFunc(inCode, func(s string) bool { return s == "" })
	documented := slices.DeleteFunc(words(log, "[a-z_]+"), func(s string) bool { return strings.HasPrefix(s, "mgw_") || s == "pass" || s == "would_be_refused" })
	require.Equal(t, inCode, documented)
}

// TestTheReferenceNamesEveryMetric holds the page to the code, both ways.
func TestTheReferenceNamesEveryMetric(t *testing.T) {
	t.Parallel()
	inCode := literals(t, "modules", func(parents []ast.Node) bool {
		kv, ok := parents[len(parents)-1].(*ast.KeyValueExpr)
		if ok {
			key, ok := kv.Key.(*ast.Ident)
			return ok && key.Name == "Name" && slices.ContainsFunc(parents, func(n ast.Node) bool {
				c, ok := n.(*ast.CompositeLit)
				if !ok {
					return false
				}
				s, ok := c.Type.(*ast.SelectorExpr)
				return ok && strings.HasSuffix(s.Sel.Name, "Opts")
			})
		}
		call, ok := parents[len(parents)-1].(*ast.CallExpr)
		if !ok || len(call.Args) < 2 {
			return false
		}
		name, ok := call.Fun.(*ast.Ident)
		return ok && name.Name == "gauge" && call.Args[0].Pos() == parents[len(parents)-1].(*ast.CallExpr).Args[0].Pos()
	})
	var documented []string
	for _, m := range regexp.MustCompile(`\| .caddy_mgw_([a-z_]+)`).FindAllStringSubmatch(page(t, "docs/observability.md"), -1) {
		documented = append(documented, m[1])
	}
	slices.Sort(documented)
	inCode = slices.DeleteFunc(inCode, func(s string) bool { return strings.Contains(s, " ") }) // help texts
	require.Equal(t, inCode, documented)
}

// TestTheReferenceNamesEveryFault holds the page to the codes, both ways.
func TestTheReferenceNamesEveryFault(t *testing.T) {
	t.Parallel()
	var documented []string
	for line := range strings.Lines(page(t, "docs/faults.md")) {
		if cells := strings.Split(line, "|"); len(cells) > 3 && regexp.MustCompile(`^ \d{3,6} $`).MatchString(cells[2]) {
			documented = append(documented, strings.TrimSpace(cells[2]))
		}
	}
	var inCode []string
	for _, m := range regexp.MustCompile(`Code += (\d+)`).FindAllStringSubmatch(page(t, "caddymgw/fault/code.go"), -1) {
		inCode = append(inCode, m[1])
	}
	slices.Sort(documented)
	slices.Sort(inCode)
	require.Equal(t, inCode, documented)
}

// TestEveryOptionIsDocumented holds that what a Caddyfile may say stands in the
// README or on a page.
func TestEveryOptionIsDocumented(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	for _, name := range append(pages, "README.md") {
		text.WriteString(page(t, name))
	}
	options := literals(t, "modules", func(parents []ast.Node) bool {
		_, inCase := parents[len(parents)-1].(*ast.CaseClause)
		return inCase && slices.ContainsFunc(parents, func(n ast.Node) bool {
			f, ok := n.(*ast.FuncDecl)
			return ok && (strings.HasPrefix(f.Name.Name, "parse") || f.Name.Name == "UnmarshalCaddyfile")
		})
	})
	require.Greater(t, len(options), 40)
	unsaid := slices.DeleteFunc(options, func(option string) bool {
		return regexp.MustCompile("[`\\s]" + regexp.QuoteMeta(option) + "[`\\s]").MatchString(text.String())
	})
	require.Empty(t, unsaid, "nothing says what these are")
}
