package gateway_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/caddymgw/gateway"

// may lists what each package of the core may import of this module. Adapters
// are held to a rule below.
var may = map[string][]string{
	"caddymgw":                   {"caddymgw/credential", "caddymgw/fault"},
	"caddymgw/credential":        {},
	"caddymgw/fault":             {},
	"caddymgw/token":             {},
	"caddymgw/keyring":           {},
	"caddymgw/jwks":              {"caddymgw/token"},
	"caddymgw/ledger":            {},
	"caddymgw/ledger/bolt":       {"caddymgw/ledger"},
	"caddymgw/ledger/ledgertest": {"caddymgw/ledger"},
	"caddymgw/ledger/redis":      {"caddymgw/ledger"},
	"caddymgw/revocation":        {"caddymgw", "caddymgw/ledger"},
	"caddymgw/diff":              {"caddymgw", "caddymgw/credential", "caddymgw/openapi"},
	"caddymgw/lint":              {"caddymgw", "caddymgw/credential", "caddymgw/openapi"},
	"caddymgw/schema":            {"caddymgw/openapi"},
	"caddymgw/throttle":          {},
	"caddymgw/usage":             {"caddymgw/ledger"},
	"caddymgw/openapi":           {"caddymgw", "caddymgw/credential", "caddymgw/fault"},
	"caddymgw/basic":             {"caddymgw", "caddymgw/credential", "caddymgw/fault"},
	"caddymgw/mtls":              {"caddymgw", "caddymgw/credential", "caddymgw/fault"},
	"caddymgw/mtls/mtlstest":     {},
	"caddymgw/bearer":            {"caddymgw", "caddymgw/credential", "caddymgw/fault", "caddymgw/token"},
	"caddymgw/apikey":            {"caddymgw", "caddymgw/credential", "caddymgw/fault", "caddymgw/token", "caddymgw/keyring", "caddymgw/ledger"},
	"caddymgw/backendjwt":        {"caddymgw", "caddymgw/token", "caddymgw/keyring"},
	"caddymgw/conformance":       {},
	"internal/authserver":        {},
	"internal/corpus":            {"internal/shared"},
	"internal/redistest":         {},
	"internal/freeport":          {},
	"internal/shared":            {},
	"modules":                    {},
	"modules/internal/harness":   {"internal/freeport"},
	"examples":                   {"internal/freeport", "internal/redistest"},
	"examples/oauth2/authserver": {"internal/authserver"},
}

// only lists who may import what is kept in one place, tests aside.
var only = map[string]string{
	"github.com/golang-jwt/jwt/v5":  "caddymgw/token",
	"github.com/getkin/kin-openapi": "caddymgw/schema",
}

// TestArrows holds that imports point one way: imports.go, modules/*,
// modules/mgw, caddymgw/*.
func TestArrows(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	require.NoError(t, err)
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(strings.TrimPrefix(fields[0], module), "/")
		seen++
		for _, imported := range fields[1:] {
			for prefix, owner := range only {
				if strings.HasPrefix(imported, prefix) {
					require.Equal(t, owner, name, "imports %s", imported)
				}
			}
			if strings.HasPrefix(name, "caddymgw") {
				require.NotContains(t, imported, "caddyserver", name)
				require.NotContains(t, imported, "go.uber.org/zap", name)
			}
			local, ours := strings.CutPrefix(imported, module+"/")
			if !ours || name == "" {
				continue
			}
			allowed, known := may[name]
			switch {
			case known:
				require.Contains(t, allowed, local, name)
			case strings.HasPrefix(name, "modules/"):
				require.True(t, strings.HasPrefix(local, "caddymgw") || local == "modules/mgw" && name != "modules/mgw", "%s imports %s", name, local)
			default:
				require.Fail(t, "which arrows may this package have?", name)
			}
		}
	}
	require.GreaterOrEqual(t, seen, 15)
}

// TestTheCoreIsFreeOfCaddy looks behind the direct imports too.
func TestTheCoreIsFreeOfCaddy(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "./caddymgw/...").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		require.NotContains(t, line, "caddyserver")
		require.NotContains(t, line, "go.uber.org/zap")
	}
}

// TestEachPackageSaysWhatItIs wants a doc.go, and files that hold one concept.
func TestEachPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	var folders []string
	require.NoError(t, filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == "bin" || d.Name() == "run") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		if dir := filepath.Dir(path); dir != "." && !slices.Contains(folders, dir) {
			folders = append(folders, dir)
		}
		content, err := os.ReadFile(path)
		require.LessOrEqual(t, strings.Count(string(content), "\n"), 400, path)
		return err
	}))
	for _, dir := range folders {
		content, err := os.ReadFile(filepath.Join(dir, "doc.go"))
		require.NoError(t, err)
		require.Contains(t, string(content), "// Package "+strings.ReplaceAll(filepath.Base(dir), "-", "")+" ")
	}
}
