package bolt

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

const briefly = 60 * time.Millisecond

func inUse(path string) string {
	return "ledger " + path + ` is in use by another caddymgw; use "caddymgw reload", another "storage", or "ledger redis"`
}

func TestANewLedgerIsForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := fresh(t)
	opened(t, path)
	for name, mode := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), name)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "something was left behind")
}

func TestAFileInUseIsRefused(t *testing.T) {
	t.Parallel()
	t.Run("by this process", func(t *testing.T) {
		t.Parallel()
		path := fresh(t)
		l, err := Open(path, still)
		require.NoError(t, err)
		require.NoError(t, l.Put(t.Context(), typical(1)))
		_, err = open(path, still, briefly)
		require.EqualError(t, err, inUse(path))
		require.NoError(t, l.Put(t.Context(), typical(2)))
		require.NoError(t, l.Close())
		require.Len(t, contentOf(t, opened(t, path)).records, 2)
	})
	t.Run("by another process, until it ends", func(t *testing.T) {
		t.Parallel()
		path := fresh(t)
		other := begin(t, "hold", path)
		require.True(t, other.lines.Scan())
		_, err := open(path, still, briefly)
		require.EqualError(t, err, inUse(path))
		time.AfterFunc(briefly, func() { _ = other.in.Close() })
		opened(t, path) // waits for it
		require.NoError(t, other.Wait())
	})
	t.Run("by one of many that make it at once", func(t *testing.T) {
		t.Parallel()
		path := fresh(t)
		var got atomic.Pointer[Ledger]
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				l, err := open(path, still, 2*briefly)
				switch {
				case err == nil && !got.CompareAndSwap(nil, l):
					t.Error("two have it")
				case err != nil && err.Error() != inUse(path):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.NotNil(t, got.Load())
		require.NoError(t, got.Load().Close())
	})
}

// hold keeps a ledger open until its input ends.
func hold(path string) error {
	l, err := Open(path, ledger.Options{})
	if err != nil {
		return err
	}
	_, _ = os.Stdout.WriteString("held\n")
	_, _ = os.Stdin.Read(make([]byte, 1))
	return l.Close()
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.Mkdir(folder, 0o700))
	fifo := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	for _, path := range []string{folder, fifo, os.DevNull} {
		_, err := Open(path, still)
		require.EqualError(t, err, "ledger "+path+" is no file: move it away, or name another")
	}
	below := filepath.Join(os.DevNull, "ledger.db")
	_, err := Open(below, still)
	require.ErrorContains(t, err, "ledger "+below+" can't be used: ")
}
