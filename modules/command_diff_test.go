package modules_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/diff"
)

// TestAsAProgram is the program, for exitStatus.
func TestAsAProgram(*testing.T) {
	if args, ok := os.LookupEnv("MGW_TEST_ARGUMENTS"); ok {
		os.Args = append([]string{"caddymgw"}, strings.Split(args, "\n")...)
		caddycmd.Main()
		os.Exit(0)
	}
}

// exitStatus is that of the program with these arguments.
func exitStatus(t testing.TB, args ...string) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAsAProgram$")
	cmd.Env = append(os.Environ(), "MGW_TEST_ARGUMENTS="+strings.Join(args, "\n"))
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	require.NoError(t, err)
	return 0
}

const (
	oldDocument = "testdata/diff/old.yaml"
	newDocument = "testdata/diff/new.yaml"
)

func TestDocumentsAreCompared(t *testing.T) {
	p := works(t, "", "diff", oldDocument, newDocument)
	require.Equal(t, "Shop 1.0.0 is now Shop 1.1.0: keys that are limited to one of them don't open the other\noperations: 1 weaker, 2 changed, 2 stronger, 2 new, 1 gone, 1 same\n", p.err)
	fits(t, p.out)
	printedAs(t, "diff/shop.out", p.out)

	t.Run("as JSON", func(t *testing.T) {
		p := works(t, "", "diff", oldDocument, newDocument, "--json")
		printedAs(t, "diff/shop.json", p.out)
		var r diff.Report
		require.NoError(t, json.Unmarshal([]byte(p.out), &r))
		require.Len(t, r.Operations, 8)
	})
	t.Run("with itself", func(t *testing.T) {
		p := works(t, "", "diff", oldDocument, oldDocument, "--fail-on", "any")
		require.Equal(t, printed{"", "operations: 7 same\n", nil}, p)
	})
	t.Run("by another reading", func(t *testing.T) {
		p := works(t, "", "diff", oldDocument, newDocument, "--combine", "any", "--json")
		require.Contains(t, p.out, `"stronger": 3`, "any scope of two was enough")
		p = works(t, "", "diff", oldDocument, newDocument, "--base-path", "/")
		require.Contains(t, p.out, "\nPOST /pets\n")
	})
}

func TestDifferencesOfAKindFail(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after, on string
		want              string
		status            int
	}{
		"weaker":               {oldDocument, newDocument, "weaker", `4 differences of the kind "weaker"`, 1},
		"changed":              {oldDocument, newDocument, "changed", `6 differences of the kind "changed"`, 1},
		"any":                  {oldDocument, newDocument, "any", `10 differences of the kind "any"`, 1},
		"nothing":              {oldDocument, oldDocument, "any", "", 0},
		"a kind of none":       {oldDocument, newDocument, "stronger", `--fail-on: "stronger" is no kind of differences: there are weaker, changed, any`, 2},
		"an empty kind":        {oldDocument, newDocument, "", `--fail-on: "" is no kind of differences`, 2},
		"no document":          {oldDocument, "missing.yaml", "any", "missing.yaml: the file can't be read: no such file or directory", 2},
		"one that is not read": {"testdata/lint/broken.yaml", newDocument, "any", "testdata/lint/broken.yaml:6: /paths/~1pets/get/security: must be a list, is an object", 2},
	} {
		t.Run(name, func(t *testing.T) {
			p := typed("", "diff", tc.before, tc.after, "--fail-on", tc.on)
			if tc.want == "" {
				require.NoError(t, p.failed)
			} else {
				require.ErrorContains(t, p.failed, tc.want)
				require.Contains(t, p.err, "Error: "+tc.want)
			}
			require.Equal(t, tc.status, exitStatus(t, "mgw", "diff", tc.before, tc.after, "--fail-on", tc.on))
		})
	}
	require.Equal(t, 0, exitStatus(t, "mgw", "diff", oldDocument, newDocument), "nothing is said to be unwanted")
	require.Equal(t, 2, exitStatus(t, "mgw", "diff", oldDocument))
	fails(t, "caddymgw mgw diff wants an old document and a new one, and got 1 arguments", "diff", oldDocument)
	fails(t, "--combine all: must be openapi or any", "diff", oldDocument, newDocument, "--combine", "all")
}
