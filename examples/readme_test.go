package examples_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadmes runs the commands of each README, in order and in one shell, and
// compares what they print; "..." stands for anything.
func TestReadmes(t *testing.T) {
	readmes, err := filepath.Glob(filepath.Join(workspace, "examples", "*", "README.md"))
	require.NoError(t, err)
	for _, file := range append([]string{filepath.Join(workspace, "README.md"), filepath.Join(workspace, "docs", "keys.md")}, readmes...) {
		dir, err := filepath.Rel(workspace, filepath.Dir(file))
		require.NoError(t, err)
		name := dir
		if dir == "docs" { // whose commands are for the root
			dir, name = ".", filepath.Base(file)
		}
		t.Run(name, func(t *testing.T) {
			need(t, "bash", "curl", "openssl")
			if dir == "examples/cluster" {
				need(t, "redis-server")
			}
			steps := readSteps(t, file)
			require.NotEmpty(t, steps)
			var sh *shell
			for _, s := range steps {
				switch {
				case s.command == "make test": // is what runs this
				case s.command == "make run": // what it builds is built already
					serve(t, command(dir, "make", "-o", "build", "run"))
				case strings.Contains(s.command, buildCustom):
					out, err := customProgram()
					require.NoError(t, err, out)
				case strings.HasPrefix(s.command, "go run "):
					serveGo(t, dir, s)
				case strings.HasPrefix(s.command, "go "): // not by nobody, who has no modules
					require.Regexp(t, s.output, developer(t, dir, s.command), s.command)
				case strings.Contains(s.command, "caddymgw run "):
					serve(t, command(dir, "sh", "-c", "exec "+s.command))
				default:
					if sh == nil {
						sh = newShell(t, dir)
					}
					require.Regexp(t, s.output, sh.run(t, s.command), s.command)
				}
			}
		})
	}
}

type step struct {
	command string
	output  *regexp.Regexp
}

func readSteps(t *testing.T, file string) (steps []step) {
	t.Helper()
	for _, block := range fences(t, file, "console") {
		require.True(t, strings.HasPrefix(block, "$ "), "a console block begins with a command: %s", block)
		for _, part := range strings.Split("\n"+block, "\n$ ")[1:] {
			command, output, _ := strings.Cut(part, "\n")
			pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(output)), `\.\.\.`, ".*")
			steps = append(steps, step{command, regexp.MustCompile("^" + pattern + "$")})
		}
	}
	return steps
}

// fences returns the fenced blocks of a language.
func fences(t *testing.T, file, language string) (blocks []string) {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	parts := strings.Split("\n"+string(content), "\n```")
	for i := 1; i < len(parts); i += 2 {
		if block, ok := strings.CutPrefix(parts[i], language+"\n"); ok {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// shell is one bash that runs command after command.
type shell struct {
	in  io.Writer
	out *bufio.Reader
}

func newShell(t *testing.T, dir string) *shell {
	t.Helper()
	c := command(dir, "bash")
	in, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	c.Stderr = c.Stdout
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = in.Close(); _ = c.Wait() })
	return &shell{in, bufio.NewReader(out)}
}

const endMark = "-- end of the command --"

func (s *shell) run(t *testing.T, command string) string {
	t.Helper()
	_, err := fmt.Fprintf(s.in, "%s\necho; echo '%s'\n", command, endMark)
	require.NoError(t, err)
	var printed strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		require.NoError(t, err, "the shell has gone: %s", printed.String())
		if strings.TrimSpace(line) == endMark {
			return strings.TrimSpace(printed.String())
		}
		printed.WriteString(line)
	}
}

// TestCaddyfileBlocks adapts each Caddyfile that the README or a page shows.
func TestCaddyfileBlocks(t *testing.T) {
	var blocks []string
	for _, page := range []string{"README.md", "docs/load-balancer.md"} {
		blocks = append(blocks, fences(t, filepath.Join(workspace, page), "caddyfile")...)
	}
	require.NotEmpty(t, blocks)
	for i, block := range blocks {
		file := filepath.Join(workspace, fmt.Sprintf("block%d.caddyfile", i))
		require.NoError(t, os.WriteFile(file, []byte(block+"\n"), 0o644))
		out, err := caddymgw(".", "adapt", "--config", file, "--adapter", "caddyfile")
		require.NoError(t, err, "%s\n%s", block, out)
		require.NotContains(t, out, "not formatted", block)
	}
}
