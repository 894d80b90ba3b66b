package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/freeport"
)

// TestTheProgramRunsAloneOnAReadOnlyRoot does what the last stage of the
// Dockerfile does, without an image: the static program in a root of its own,
// nobody's, with nothing to write to but /data.
func TestTheProgramRunsAloneOnAReadOnlyRoot(t *testing.T) {
	if os.Getuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("CI runs this as root: changing the root needs it")
		}
		t.Skip("changing the root needs root")
	}
	root, err := os.MkdirTemp(workspace, "root-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(root, 0o755))
	stage := lastStage(t)
	program, err := os.ReadFile(filepath.Join(workspace, "bin", "caddymgw"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "caddymgw"), program, 0o755))
	etc, data := filepath.Join(root, "etc", "caddymgw"), filepath.Join(root, "data")
	require.NoError(t, os.MkdirAll(etc, 0o755))
	require.NoError(t, os.Mkdir(data, 0o755))
	require.NoError(t, os.Chown(data, nobody, nobody))
	document, err := os.ReadFile(filepath.Join(workspace, "examples", "cluster", "openapi.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(etc, "openapi.yaml"), document, 0o644))
	n := &node{t: t, https: freeport.Take(t), admin: freeport.Take(t), client: client}
	config := strings.NewReplacer("$HTTPS", n.https, "$HTTP", freeport.Take(t), "$ADMIN", n.admin, "$LEDGER", "bolt", "\tstorage file_system ./data\n", "").Replace(nodeCaddyfile)
	require.NoError(t, os.WriteFile(filepath.Join(etc, "Caddyfile"), []byte(config), 0o644))

	c := exec.Command(stage.entrypoint, stage.command...)
	c.Env, c.Dir = stage.environment, "/etc/caddymgw"
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	n.server = start(t, c)
	require.Eventually(t, func() bool {
		a, err := n.send("GET", "/apikey/jwks.json", "")
		return err == nil && a.status == 200
	}, time.Minute, 20*time.Millisecond, "the gateway does not serve")
	k := n.mustIssue()
	require.Equal(t, 200, n.use(k.Key).status)
	require.NoError(t, n.revoke(k.ID))
	require.Equal(t, 401, n.use(k.Key).status)
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	require.Len(t, entries, 3, "nothing was written outside of /data")
}

// stage is how the image runs the program.
type stage struct {
	entrypoint  string
	command     []string
	environment []string
}

// lastStage reads it from the Dockerfile.
func lastStage(t *testing.T) (s stage) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(workspace, "deploy", "Dockerfile"))
	require.NoError(t, err)
	_, last, ok := strings.Cut(string(content), "\nFROM scratch\n")
	require.True(t, ok)
	require.Contains(t, last, "USER 65534:65534\n")
	words := regexp.MustCompile(`"([^"]*)"`)
	for line := range strings.Lines(last) {
		switch instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " "); instruction {
		case "ENV":
			s.environment = strings.Fields(rest)
		case "ENTRYPOINT":
			s.entrypoint = words.FindStringSubmatch(rest)[1]
		case "CMD":
			for _, m := range words.FindAllStringSubmatch(rest, -1) {
				s.command = append(s.command, m[1])
			}
		}
	}
	require.NotEmpty(t, s.entrypoint)
	require.NotEmpty(t, s.command)
	return s
}

// TestTheUnitIsSound has systemd look at the unit.
func TestTheUnitIsSound(t *testing.T) {
	need(t, "systemd-analyze")
	content, err := os.ReadFile(filepath.Join(workspace, "deploy", "caddymgw.service"))
	require.NoError(t, err)
	unit := filepath.Join(t.TempDir(), "caddymgw.service")
	program := filepath.Join(workspace, "bin", "caddymgw") // which systemd wants to be there
	require.NoError(t, os.WriteFile(unit, []byte(strings.ReplaceAll(string(content), "/usr/bin/caddymgw", program)), 0o644))
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotContains(t, string(out), "caddymgw.service", "a complaint")
}
