package examples_test

import (
	"bytes"
	"crypto/tls"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/freeport"
	"github.com/caddymgw/gateway/internal/shared"
)

// program is the real one in a folder, with an admin API at a port of its own.
func program(dir, admin string, args ...string) *exec.Cmd {
	c := command(dir, filepath.Join(workspace, "bin", "caddymgw"), args...)
	c.Env = append(c.Env, "CADDY_ADMIN=127.0.0.1:"+admin)
	return c
}

// folder makes one in the workspace, for who runs the program.
func folder(t *testing.T, files map[string]string) (rel string) {
	t.Helper()
	dir, err := os.MkdirTemp(workspace, "init-")
	require.NoError(t, err)
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	if os.Getuid() == 0 {
		require.NoError(t, os.Chown(dir, nobody, nobody))
	}
	return filepath.Base(dir)
}

// TestInitMakesGatewaysThatRun makes a folder for real documents, runs it, and
// types what its README says.
func TestInitMakesGatewaysThatRun(t *testing.T) {
	need(t, "bash", "curl")
	corpus := shared.Dir(t, "corpus")
	for _, name := range []string{
		"apis-guru/nasa.gov__apod.json",                    // a key in the query
		"apis-guru/import.io__data.json",                   // a parameter of the path
		"apis-guru/simplivpn.net.json",                     // a key in Authorization, and POST
		"jentic/zapier.com__nla__1.0.0__openapi.yaml",      // alternatives, some of which nobody has
		"petstore-31/petstore-3.1-official-codefirst.yaml", // a header with "_"
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			document, err := os.ReadFile(filepath.Join(corpus, name))
			require.NoError(t, err)
			dir := folder(t, map[string]string{filepath.Base(name): string(document)})
			https, admin := freeport.Take(t), freeport.Take(t)
			made := program(dir, admin, "mgw", "init", "gateway", "--openapi", filepath.Base(name), "--site", "https://localhost:"+https)
			var said bytes.Buffer
			made.Stderr = &said
			password, err := made.Output()
			require.NoError(t, err, said.String())

			dir = filepath.Join(dir, "gateway")
			running := start(t, program(dir, admin, "run"))
			waitFor(t, running, https)
			readme := filepath.Join(workspace, dir, "README.md")
			sh := newShell(t, dir)
			statuses := typeCalls(t, sh, readme, strings.TrimSpace(string(password)))
			require.GreaterOrEqual(t, len(statuses), 2)
			require.Equal(t, []string{"401", "200"}, statuses[:2], "the first operation, without a key and with one")

			matrix := regexp.MustCompile(`(?m)^caddymgw (mgw test .*)$`).FindStringSubmatch(read(t, readme))
			require.Len(t, matrix, 2)
			test := program(dir, admin, append(strings.Fields(matrix[1]), "--unsafe")...)
			test.Stdin = strings.NewReader(string(password))
			out, err := test.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Contains(t, string(out), " pass      200 ")
		})
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(content)
}

// typeCalls runs the calls of a README and holds that they are answered as it says.
func typeCalls(t *testing.T, sh *shell, readme, password string) (statuses []string) {
	t.Helper()
	for _, block := range fences(t, readme, "sh") {
		for line := range strings.Lines(block) {
			line = strings.ReplaceAll(strings.TrimSpace(line), "-u admin", "-u admin:"+password)
			call, status, ok := strings.Cut(line, " # ")
			switch {
			case strings.HasPrefix(line, "KEY="):
				sh.run(t, line)
			case ok && strings.HasPrefix(line, "curl "):
				got := sh.run(t, "curl -s -o /dev/null -w '%{http_code}' "+strings.NewReplacer("curl -ik ", "-k ", "curl -Ik ", "-Ik ").Replace(call))
				require.Equal(t, status, got, line)
				statuses = append(statuses, got)
			}
		}
	}
	return statuses
}

// waitFor waits until a program serves TLS at a port.
func waitFor(t *testing.T, s *server, port string) {
	t.Helper()
	require.Eventually(t, func() bool {
		select {
		case <-s.done:
			require.Fail(t, "the gateway has ended", s.log.String())
		default:
		}
		conn, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"})
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, time.Minute, 50*time.Millisecond, "the gateway does not serve")
}
