package bolt

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// asNobody does something as a user who may not do everything, where the tests
// are run by root. The thread is given up afterwards.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if os.Getuid() == 0 {
			_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		}
		do()
	}()
	<-done
}

func TestWhatMayNotBeReadAndWrittenIsRefused(t *testing.T) {
	t.Parallel()
	path := fresh(t)
	l, err := Open(path, still)
	require.NoError(t, err)
	sample(t, l)
	require.NoError(t, l.Close())
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	for folder := filepath.Dir(path); folder != os.TempDir(); folder = filepath.Dir(folder) {
		require.NoError(t, os.Chmod(folder, 0o755)) //nolint:gosec // so that the file's mode decides
	}
	for mode, name := range map[os.FileMode]string{0o444: "read-only", 0: "secret"} {
		require.NoError(t, os.Chmod(path, mode))
		asNobody(t, func() { _, err = Open(path, still) })
		require.ErrorContains(t, err, "ledger "+path+" can't be used: ", name)
		require.ErrorIs(t, err, os.ErrPermission, name)
		require.ErrorContains(t, err, "the gateway's user must be able to read and write it and its folder", name)
	}
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)

	require.NoError(t, os.Chmod(filepath.Dir(path), 0o555)) //nolint:gosec // so that nothing can be made in it
	another := filepath.Join(filepath.Dir(path), "another.db")
	asNobody(t, func() { _, err = Open(another, still) })
	require.ErrorContains(t, err, "ledger "+another+" can't be used: ")
	require.ErrorIs(t, err, os.ErrPermission)
}
