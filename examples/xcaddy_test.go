package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestXcaddyBuildsBothWays builds the gateway with a further plugin, once by go
// build and once by xcaddy.
func TestXcaddyBuildsBothWays(t *testing.T) {
	dir := t.TempDir()
	plugin := filepath.Join(dir, "plugin")
	require.NoError(t, os.Mkdir(plugin, 0o755))
	for name, content := range map[string]string{
		"go.mod": "module example.com/plugin\n\ngo 1.26\n\nrequire github.com/caddyserver/caddy/v2 v2.11.9\n",
		"plugin.go": `package plugin

import "github.com/caddyserver/caddy/v2"

func init() { caddy.RegisterModule(Module{}) }

type Module struct{}

func (Module) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "example_plugin", New: func() caddy.Module { return new(Module) }}
}
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(plugin, name), []byte(content), 0o644))
	}
	tools := filepath.Join(dir, "tools")
	install := exec.Command("go", "install", "github.com/caddyserver/xcaddy/cmd/xcaddy@v0.4.5")
	install.Env = append(os.Environ(), "GOBIN="+tools, "GOFLAGS=")
	out, err := install.CombinedOutput()
	require.NoError(t, err, string(out))

	for way, path := range map[string]string{"go build": os.Getenv("PATH"), "xcaddy": tools + ":" + os.Getenv("PATH")} {
		t.Run(way, func(t *testing.T) {
			c := exec.Command(filepath.Join(workspace, "xcaddy.sh"), "--with", "example.com/plugin=plugin", "--output", "gateway")
			c.Dir = dir
			c.Env = append(os.Environ(), "PATH="+path)
			out, err := c.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Contains(t, string(out), "v2.11.9")
			modules, err := exec.Command(filepath.Join(dir, "gateway"), "list-modules", "--skip-standard").Output()
			require.NoError(t, err)
			for _, m := range []string{"mgw", "http.handlers.openapi_auth", "http.handlers.apikey_issuer", "caddy.logging.encoders.filter.mgw", "example_plugin"} {
				require.Contains(t, string(modules), m+"\n")
			}
			require.NoError(t, os.Remove(filepath.Join(dir, "gateway")))
		})
	}
	t.Run("a wrong argument", func(t *testing.T) {
		out, err := exec.Command(filepath.Join(workspace, "xcaddy.sh"), "--whit", "x").CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), "unknown argument: --whit")
	})
}
