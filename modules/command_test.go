package modules_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/command"
	"github.com/caddymgw/gateway/modules/internal/harness"
	"github.com/caddymgw/gateway/modules/mgw"
)

// printed is what a command left behind.
type printed struct {
	out, err string
	failed   error
}

// program is Caddy's root command, with ours alone.
func program(now func() time.Time) *cobra.Command {
	root := &cobra.Command{Use: "caddymgw", SilenceUsage: true}
	root.AddCommand(command.New(now))
	return root
}

// typed runs `mgw` with the arguments, as somebody would who sits at no terminal.
func typed(stdin string, args ...string) printed {
	return typedAt(time.Now, stdin, append([]string{"mgw"}, args...)...)
}

// typedAt runs the program with the arguments.
func typedAt(now func() time.Time, stdin string, args ...string) printed {
	var out, errs bytes.Buffer
	cmd := program(now)
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	err := cmd.Execute()
	return printed{out.String(), errs.String(), err}
}

// works is typed, and holds that it did.
func works(t testing.TB, stdin string, args ...string) printed {
	t.Helper()
	p := typed(stdin, args...)
	require.NoError(t, p.failed, "%s%s", p.out, p.err)
	return p
}

// fails holds that a command failed, said so and printed nothing else.
func fails(t testing.TB, want string, args ...string) {
	t.Helper()
	p := typed("", args...)
	require.ErrorContains(t, p.failed, want)
	require.Equal(t, "Error: "+p.failed.Error()+"\n", p.err)
	require.Empty(t, p.out)
}

// startWithAdmin runs the shop with Caddy's admin API, and returns its address.
func startWithAdmin(t testing.TB) (*harness.Gateway, string) {
	t.Helper()
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	address := freeAddress(t)
	require.NoError(t, g.Load(withAdmin(g, address)))
	return g, address
}

// withAdmin is the shop's Caddyfile with an admin API.
func withAdmin(g *harness.Gateway, listen string) string {
	return strings.Replace(g.Expand(shopCaddyfile), "admin off", "admin "+listen, 1)
}

// golden compares with a file of testdata/commands. What differs from run to run
// is replaced by something as long.
func golden(t testing.TB, name, got string) {
	t.Helper()
	for _, r := range []struct{ pattern, by string }{
		{`eyJ[\w-]+\.[\w-]+\.[\w-]+`, "KEY"},
		{`apikey-[a-z2-7]{26}`, "apikey-aaaaaaaaaaaaaaaaaaaaaaaaaa"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "2030-01-31T12:00:00Z"},
		{`\b\d{10}\b`, "1900000000"},
		{`now\)|\d+ seconds? ago\)`, "now)"},
		{`\b[\w-]{22}\b`, "idididididididididid22"},
	} {
		got = regexp.MustCompile(r.pattern).ReplaceAllString(got, r.by)
	}
	got = regexp.MustCompile(`\d+s ago( *)`).ReplaceAllStringFunc(got, func(s string) string {
		if !strings.HasSuffix(s, " ") {
			return "now"
		}
		return fmt.Sprintf("%-*s", len(s), "now")
	})
	file := filepath.Join("testdata", "commands", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run with -update")
	require.Equal(t, string(want), got)
}

func TestCaddyHasTheCommand(t *testing.T) {
	registered, ok := caddycmd.Commands()["mgw"]
	require.True(t, ok)
	cmd := &cobra.Command{Use: registered.Name}
	registered.CobraFunc(cmd)
	cmd.SetArgs([]string{"key", "issue", "--help"})
	var out bytes.Buffer
	cmd.SetOut(&out)
	require.NoError(t, cmd.Execute())
	require.Contains(t, out.String(), "--valid-for duration")
}

func TestKeysAreManagedByCommands(t *testing.T) {
	g, address := startWithAdmin(t)

	issued := works(t, "", "key", "issue", "ci", "--name", "deploy", "--valid-for", "24h", "--api", "Shop 1.0.0",
		"--operation", "getPet", "--scope", "chief", "--from", "127.0.0.0/8", "--address", address)
	golden(t, "issue.out", issued.out)
	golden(t, "issue.err", issued.err)
	key := strings.TrimSuffix(issued.out, "\n")
	require.Equal(t, 200, g.Get(petPath, "X-Api-Key: "+key).Status, "the key alone is what stdout has")
	id := regexp.MustCompile(`key (\S+) of ci`).FindStringSubmatch(issued.err)[1]

	t.Run("show", func(t *testing.T) {
		golden(t, "show.out", works(t, "", "key", "show", id, "--address", address).out)
		raw := works(t, "", "key", "show", id, "--json", "--address", address)
		golden(t, "show.json", raw.out)
		var k mgw.Key
		require.NoError(t, json.Unmarshal([]byte(raw.out), &k))
		require.Equal(t, id, k.ID)
		require.Empty(t, raw.err)
	})
	t.Run("inspect", func(t *testing.T) {
		p := works(t, " "+key+"\n", "key", "inspect", "--address", address)
		golden(t, "inspect.out", p.out)
		require.Empty(t, p.err)
		golden(t, "inspect.json", works(t, key, "key", "inspect", "--json", "--address", address).out)
	})
	t.Run("list", func(t *testing.T) {
		golden(t, "list.out", works(t, "", "key", "list", "--address", address).out)
		golden(t, "list.json", works(t, "", "key", "list", "--json", "--address", address).out)
		require.Equal(t, "no keys\n", works(t, "", "key", "list", "--subject", "alice", "--address", address).err)
		require.Equal(t, "{\"keys\":[]}\n", works(t, "", "key", "list", "--unused-for", "1h", "--json", "--address", address).out)
	})
	t.Run("rotate", func(t *testing.T) {
		p := works(t, "", "key", "rotate", id, "--overlap", "1h", "--address", address)
		golden(t, "rotate.err", p.err)
		require.Equal(t, 200, g.Get(petPath, "X-Api-Key: "+strings.TrimSpace(p.out)).Status)
		require.Equal(t, 200, g.Get(petPath, "X-Api-Key: "+key).Status, "the overlap")
		golden(t, "show_retiring.out", works(t, "", "key", "show", id, "--address", address).out)
		fails(t, "the gateway says: the key was replaced already: its successor is ", "key", "rotate", id, "--address", address)
	})
	t.Run("revoke", func(t *testing.T) {
		first := works(t, "", "key", "revoke", id, "--reason", "laptop stolen", "--address", address)
		golden(t, "revoke.out", first.out)
		require.Equal(t, 401, g.Get(petPath, "X-Api-Key: "+key).Status)
		again := works(t, "", "key", "revoke", id, "--json", "--address", address)
		golden(t, "revoke.json", again.out)
		refused := typed(key, "key", "inspect", "--address", address)
		require.EqualError(t, refused.failed, "the key is refused (revoked)")
		golden(t, "inspect_revoked.out", refused.out)
		p := works(t, "", "key", "list", "--address", address)
		require.NotContains(t, p.out, id)
		require.Equal(t, "1 key is revoked or expired: --all lists them too\n", p.err)
		require.Contains(t, works(t, "", "key", "list", "--all", "--address", address).out, id)
	})
	t.Run("by subject", func(t *testing.T) {
		theirs := strings.TrimSpace(works(t, "", "key", "issue", "dora", "--address", address).out)
		require.Contains(t, works(t, "", "key", "revoke", "--subject", "dora", "--address", address).out, "all keys that dora was issued before ")
		require.Equal(t, 401, g.Get(petPath, "X-Api-Key: "+theirs).Status)
	})
	t.Run("everyone", func(t *testing.T) {
		theirs := strings.TrimSpace(works(t, "", "key", "issue", "eve", "--address", address).out)
		fails(t, "nobody can be asked here whether that is meant: say so with --yes", "key", "revoke", "--everyone", "--issued-before", "now", "--address", address)
		require.Equal(t, 200, g.Get(petPath, "X-Api-Key: "+theirs).Status)
		works(t, "", "key", "revoke", "--everyone", "--issued-before", "now", "--yes", "--address", address)
		require.Equal(t, 401, g.Get(petPath, "X-Api-Key: "+theirs).Status)
	})
	t.Run("where nobody can read it", func(t *testing.T) {
		cmd := program(time.Now)
		cmd.SetArgs([]string{"mgw", "key", "issue", "frank", "--address", address})
		cmd.SetOut(full{})
		cmd.SetErr(io.Discard)
		require.ErrorContains(t, cmd.Execute(), "was issued, and is lost, since it can't be printed: revoke it: no space left")
	})
	t.Run("unrecorded", func(t *testing.T) {
		const lost = "AAAAAAAAAAAAAAAAAAAAAA"
		fails(t, "has no record of a key "+lost+", so that nothing was revoked", "key", "revoke", lost, "--address", address)
		works(t, "", "key", "revoke", lost, "--unrecorded", "--address", address)
		works(t, "", "key", "revoke", lost, "--unrecorded", "--address", address)
	})
}

// full is a disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestSigningKeysAreManagedByCommands(t *testing.T) {
	g, address := startWithAdmin(t)
	old := strings.TrimSpace(works(t, "", "key", "issue", "ci", "--address", address).out)
	time.Sleep(1100 * time.Millisecond) // keys begin to sign by the second
	first := strings.Fields(strings.Split(works(t, "", "signing-key", "list", "--address", address).out, "\n")[1])[0]

	next := works(t, "", "signing-key", "rotate", "--address", address)
	golden(t, "signing_rotate.err", next.err)
	require.Regexp(t, `^apikey-[a-z2-7]{26}\n$`, next.out)
	require.Equal(t, next.out, works(t, "", "signing-key", "rotate", "--address", address).out, "one that waits is enough")
	fails(t, "the gateway says: this key signs at present: rotate at once first", "signing-key", "retire", first, "--address", address)

	now := works(t, "", "signing-key", "rotate", "--at-once", "--json", "--address", address)
	golden(t, "signing_rotate.json", now.out)
	golden(t, "signing_rotate_at_once.err", now.err)
	golden(t, "signing_list.out", works(t, "", "signing-key", "list", "--address", address).out)
	golden(t, "signing_list.json", works(t, "", "signing-key", "list", "--json", "--address", address).out)
	require.Equal(t, 200, g.Get(petPath, "X-Api-Key: "+old).Status)

	require.Equal(t, "signing key "+first+" is retired, and what it signed is refused\n", works(t, "", "signing-key", "retire", first, "--address", address).out)
	require.Equal(t, 401, g.Get(petPath, "X-Api-Key: "+old).Status)
	require.EqualError(t, typed(old, "key", "inspect", "--address", address).failed, "the key is refused (unknown_key)")
	fails(t, "there is no such signing key (404)", "signing-key", "retire", first, "--address", address)
}
