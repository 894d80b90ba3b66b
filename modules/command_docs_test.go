package modules_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

const commandsPage = "../docs/commands.md"

// TestThePageOfCommandsIsTheirHelp holds docs/commands.md to the help texts, of
// which it is made.
func TestThePageOfCommandsIsTheirHelp(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Commands\n\nThis page is made of the help texts: `go test ./modules -run TestThePageOfCommandsIsTheirHelp -update`.\n")
	describe(t, &b, program(time.Now).Commands()[0])
	if *update {
		require.NoError(t, os.WriteFile(commandsPage, []byte(b.String()), 0o600))
		return
	}
	page, err := os.ReadFile(commandsPage)
	require.NoError(t, err)
	require.Equal(t, string(page), b.String(), "run with -update")
}

// describe writes the help of a command and of those below it, and holds it to be
// complete.
func describe(t *testing.T, b *strings.Builder, cmd *cobra.Command) {
	t.Helper()
	require.NotEmpty(t, cmd.Short, cmd.CommandPath())
	require.NotEmpty(t, cmd.Long, cmd.CommandPath())
	require.NotContains(t, cmd.Short, ".", "it is no sentence")
	for line := range strings.Lines(cmd.Long) {
		require.LessOrEqual(t, len(line), 86, cmd.CommandPath())
	}
	fmt.Fprintf(b, "\n## `%s`\n\n%s\n", cmd.CommandPath(), strings.TrimSpace(cmd.Long))
	if cmd.HasSubCommands() {
		b.WriteString("\n| command | |\n|---|---|\n")
		for _, sub := range cmd.Commands() {
			fmt.Fprintf(b, "| [`%s`](#%s) | %s |\n", sub.Name(), strings.ReplaceAll(sub.CommandPath(), " ", "-"), sub.Short)
		}
		for _, sub := range cmd.Commands() {
			describe(t, b, sub)
		}
		return
	}
	require.NotNil(t, cmd.ValidArgsFunction, "what to complete arguments with: %s", cmd.CommandPath())
	require.NotEmpty(t, cmd.Example, cmd.CommandPath())
	for line := range strings.Lines(cmd.Example) {
		require.Contains(t, line, cmd.Root().Name()+" ", line)
	}
	fmt.Fprintf(b, "\n```\n%s\n\n%s```\n", cmd.UseLine(), cmd.LocalFlags().FlagUsagesWrapped(100))
	fmt.Fprintf(b, "\n```sh\n%s\n```\n", dedent(cmd.Example))
}

func dedent(example string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.Trim(example, "\n"), "\n") {
		lines = append(lines, strings.TrimPrefix(line, "  "))
	}
	return strings.Join(lines, "\n")
}

// TestCompletionAsksTheGateway offers ids and kids.
func TestCompletionAsksTheGateway(t *testing.T) {
	a := newFakeAdmin(t)
	a.answers["GET /mgw/keys"] = answer{200, `{"keys":[{"id":"abc","subject":"al\tice","name":"n","state":"active","issued_at":"2030-01-01T00:00:00Z"},{"id":"xyz","state":"active","issued_at":"2030-01-01T00:00:00Z"}]}`}
	a.answers["GET /mgw/signing-keys"] = answer{200, `[{"kid":"apikey-x","state":"active"}]`}
	for name, tc := range map[string]struct{ line, want string }{
		"ids":                  {"key show --address $ ", "abc\tal\\tice n\nxyz\n:4\n"},
		"ids that begin so":    {"key revoke --address $ ab", "abc\tal\\tice n\n:4\n"},
		"one id":               {"key rotate --address $ abc ", ":4\n"},
		"kids":                 {"signing-key retire --address $ ", "apikey-x\tactive\n:4\n"},
		"adapters":             {"key list --adapter caddyf", "caddyfile\nopenapi\n:4\n"},
		"nothing without any":  {"key show --address 127.0.0.1:1 ", ":4\n"},
		"commands":             {"key r", "revoke\tRevokes a key, or all that somebody was issued\nrotate\tReplaces a key by a new one\n:4\n"},
		"no files for a token": {"key inspect ", ":4\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p := typedAt(time.Now, "", append([]string{"__complete", "mgw"}, strings.Split(strings.ReplaceAll(tc.line, "$", a.address), " ")...)...)
			require.NoError(t, p.failed)
			require.Equal(t, tc.want, p.out)
		})
	}
}
