package bolt

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

var still = ledger.Options{Now: func() time.Time { return start }}

// roleVariable makes a process of this test another one of a gateway.
const roleVariable = "LEDGER_TEST_ROLE"

func TestMain(m *testing.M) {
	roles := map[string]func(path string) error{"hold": hold, "write": writeForever, "fill": fill}
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		if err := role(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child is such a process.
type child struct {
	*exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner // what it says
}

func begin(t *testing.T, role, path string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0], path)}
	c.Env = append(os.Environ(), roleVariable+"="+role)
	c.Stderr = os.Stderr
	var err error
	c.in, err = c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	c.lines = bufio.NewScanner(out)
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill() })
	return c
}

func fresh(t testing.TB) string { return filepath.Join(t.TempDir(), "mgw", "ledger.db") }

// opened opens a ledger until the test ends.
func opened(t testing.TB, path string) *Ledger {
	t.Helper()
	l, err := Open(path, still)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// content is all that a ledger has.
type content struct {
	records     []ledger.Record
	revocations map[string]ledger.Revocation
}

func read(l ledger.Ledger) (c content, err error) {
	for r, err := range l.List(context.Background(), ledger.Query{}) {
		if err != nil {
			return c, err
		}
		c.records = append(c.records, r)
	}
	c.revocations = map[string]ledger.Revocation{}
	for e, err := range l.Watch(context.Background()) {
		if err != nil {
			return c, err
		}
		if e.Synced {
			break
		}
		c.revocations[e.Revocation.Key()] = e.Revocation
	}
	return c, nil
}

func contentOf(t testing.TB, l ledger.Ledger) content {
	t.Helper()
	c, err := read(l)
	require.NoError(t, err)
	return c
}

func byID(id string) ledger.Revocation {
	return ledger.Revocation{ID: id, Made: start, Effective: start, Reason: "lost"}
}

func replacedBy(id, successor string) ledger.Revocation {
	return ledger.Revocation{ID: id, Made: start, Effective: start.Add(time.Hour), Reason: "replaced", ReplacedBy: successor}
}
