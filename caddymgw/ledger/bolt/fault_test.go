package bolt

import (
	"bytes"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// failingCommit gives a transaction up, as bolt does where it can't write.
func failingCommit(err error) func(*bbolt.Tx) error {
	return func(t *bbolt.Tx) error { return errors.Join(t.Rollback(), err) }
}

// allSay holds that nothing works, nothing hangs, and each says why.
func allSay(t *testing.T, l *Ledger, why string) {
	t.Helper()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, got := l.Get(t.Context(), typical(1).ID)
			errs := []error{
				got, l.Put(t.Context(), typical(2)), l.Revoke(t.Context(), byID("k1")), l.Touch(t.Context(), map[string]time.Time{typical(1).ID: start}),
				l.Replace(t.Context(), typical(4), replacedBy(typical(1).ID, typical(4).ID)),
			}
			for _, err := range l.List(t.Context(), ledger.Query{}) {
				errs = append(errs, err)
			}
			for _, err := range l.Watch(t.Context()) {
				errs = append(errs, err)
				break
			}
			for _, err := range errs {
				if err == nil || !bytes.Contains([]byte(err.Error()), []byte(why)) {
					t.Errorf("not %q: %v", why, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestAFileThatIsCutOffWhileItIsOpenIsAnError(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]func(int64) int64{
		"to nothing": func(int64) int64 { return 0 }, "to a head": func(int64) int64 { return 4096 }, "by a byte": func(size int64) int64 { return size - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := fresh(t)
			l, err := Open(path, still)
			require.NoError(t, err)
			require.NoError(t, l.Put(t.Context(), typical(1)))
			require.NoError(t, os.Truncate(path, size(l.size)))
			allSay(t, l, "ledger "+path+" is damaged (it was cut off while it was open): restore it")
			require.NoError(t, l.Close())
		})
	}
}

func TestAFileThatIsCutOffWhileItIsReadIsAnError(t *testing.T) {
	t.Parallel()
	path := fresh(t)
	l, err := Open(path, still)
	require.NoError(t, err)
	sample(t, l)
	err = l.view(func(tx *tx) error {
		if err := os.Truncate(path, 0); err != nil {
			return err
		}
		_, _, err := tx.record("large")
		return err
	})
	require.ErrorContains(t, err, "ledger "+path+" is damaged (")
	allSay(t, l, "is damaged")
	require.NoError(t, l.Close())
}

func TestAPageThatIsDamagedWhileTheFileIsOpenIsAnError(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(page []byte){
		"zeroed": func(page []byte) { clear(page) },
		"flipped": func(page []byte) {
			for i := range page {
				page[i] ^= 0x10
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := fresh(t)
			l, err := Open(path, still)
			require.NoError(t, err)
			require.NoError(t, l.Put(t.Context(), typical(1)))
			file, err := os.ReadFile(path)
			require.NoError(t, err)
			change(file[2*os.Getpagesize():])
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.WriteAt(file, 0)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			allSay(t, l, "ledger "+path+" is damaged (")
			require.NoError(t, l.Close())
			_, err = open(path, still, briefly)
			require.ErrorContains(t, err, "ledger "+path+" is damaged (")
			require.NoError(t, os.Remove(path)) // which the remedy is
			require.NoError(t, opened(t, path).Put(t.Context(), typical(1)))
		})
	}
}

func TestAPanicInACommitIsAnError(t *testing.T) {
	t.Parallel()
	path := fresh(t)
	l, err := Open(path, still)
	require.NoError(t, err)
	require.NoError(t, l.Put(t.Context(), typical(1)))
	l.commit = func(*bbolt.Tx) error { panic("page 7 already freed") } // with bolt's locks held
	require.ErrorContains(t, l.Put(t.Context(), typical(2)), "ledger "+path+" is damaged (page 7 already freed): restore it")
	allSay(t, l, "is damaged (page 7 already freed)")
	require.NoError(t, l.Close())
	require.Equal(t, []ledger.Record{typical(1)}, contentOf(t, opened(t, path)).records)
}
