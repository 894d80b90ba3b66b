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

// TestReadmes runs the commands of each README and of some pages, in order and in one shell, and
// compares what they print; "..." stands for anything.
func TestReadmes(t *testing.T) {
	readmes, err := filepath.Glob(filepath.Join(workspace, "examples", "*", "README.md"))
	require.NoError(t, err)
	pages := []string{"README.md", "docs/getting-started.md", "docs/keys.md", "docs/admin.md"}
	for i, page := range pages {
		pages[i] = filepath.Join(workspace, page)
	}
	for _, file := range append(pages, readmes...) {
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
				case s.command == "make test", s.command == "make build": // what runs this has built it
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
					before, program := "", s.command
					if cd, rest, found := strings.Cut(s.command, " && "); found {
						before, program = cd+" && ", rest
					}
					serve(t, command(dir, "sh", "-c", before+"exec "+program))
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
