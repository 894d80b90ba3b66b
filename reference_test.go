package gateway_test

import (
	"encoding/json"
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

	"github.com/caddymgw/gateway/caddymgw"
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

// TestTheReferenceNamesEveryReason holds the table to the core, both ways and in
// its words.
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
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (.+) \\|$").FindAllStringSubmatch(log, -1) {
		documented = append(documented, m[1])
		require.Equal(t, caddymgw.Reason(m[1]).Words(), m[2], m[1])
	}
	require.ElementsMatch(t, slices.DeleteFunc(inCode, func(s string) bool { return s == "" }), documented)
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

// TestTheReferenceNamesEveryPlaceholder holds the page to the code, both ways.
func TestTheReferenceNamesEveryPlaceholder(t *testing.T) {
	t.Parallel()
	inCode := literals(t, "modules/openapiauth/publish.go", func(parents []ast.Node) bool {
		_, inCase := parents[len(parents)-1].(*ast.CaseClause)
		return inCase
	})
	for i, name := range inCode {
		if !strings.HasPrefix(name, "mgw.") {
			inCode[i] = "http.auth.user." + name
		}
	}
	var documented []string
	for _, m := range regexp.MustCompile(`(?m)^\| .\{([a-z_.]+)\}`).FindAllStringSubmatch(page(t, "docs/observability.md"), -1) {
		documented = append(documented, m[1])
	}
	require.ElementsMatch(t, inCode, documented)
}

// TestTheReferenceNamesEveryEvent holds the page to the code, both ways.
func TestTheReferenceNamesEveryEvent(t *testing.T) {
	t.Parallel()
	inCode := literals(t, "modules/mgw/audit.go", func(parents []ast.Node) bool {
		_, constant := parents[len(parents)-1].(*ast.ValueSpec)
		return constant
	})
	events := slices.DeleteFunc(inCode, func(s string) bool { return !strings.HasPrefix(s, "mgw_") })
	require.ElementsMatch(t, events, words(page(t, "docs/observability.md"), "mgw_key_[a-z_]+"))
}

// TestTheReferenceNamesEveryRequestOfTheAdminAPI holds the page to the document
// that the API has of itself, both ways.
func TestTheReferenceNamesEveryRequestOfTheAdminAPI(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal([]byte(page(t, "modules/admin/openapi.json")), &document))
	var inDocument, documented []string
	for path, item := range document.Paths {
		for method := range item {
			if method != "parameters" {
				inDocument = append(inDocument, strings.ToUpper(method)+" "+path)
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\| .([A-Z]+ /mgw/[^\x60]+)`).FindAllStringSubmatch(page(t, "docs/admin.md"), -1) {
		documented = append(documented, m[1])
	}
	require.ElementsMatch(t, inDocument, documented)
}

// TestLinksLeadSomewhere follows the links of every page that stay here.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/*.md", "deploy/*.md"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		pages = append(pages, found...)
	}
	require.Greater(t, len(pages), 20)
	for _, name := range pages {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(page(t, name), -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, ":") {
				continue
			}
			target := name
			if file != "" {
				target = filepath.Join(filepath.Dir(name), file)
			}
			_, err := os.Stat(target)
			require.NoError(t, err, "%s: %s", name, m[1])
			if anchor != "" {
				require.Contains(t, anchors(page(t, target)), anchor, "%s: %s", name, m[1])
			}
		}
	}
}

// anchors returns what the headings of a page are called in links to them.
func anchors(text string) (found []string) {
	for line := range strings.Lines(text) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			heading = regexp.MustCompile("[^a-z0-9 _-]").ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			found = append(found, strings.ReplaceAll(heading, " ", "-"))
		}
	}
	return found
}
