package bolt

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// good returns the bytes of a ledger in which something was done, and what it has.
func good(t testing.TB, do func(*Ledger)) ([]byte, content) {
	t.Helper()
	path := fresh(t)
	l, err := Open(path, still)
	require.NoError(t, err)
	do(l)
	want := contentOf(t, l)
	require.NoError(t, l.Close())
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	return file, want
}

// refuses holds that a file is refused with what to do about it, and left as it
// is.
func refuses(t *testing.T, file []byte, name string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	_, err := open(path, still, briefly)
	require.ErrorContains(t, err, "ledger "+path+" is damaged (", name)
	require.ErrorContains(t, err, "): restore it from a backup, or move it away: keys that were revoked in it will then work again until they expire", name)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(file, after), name)
	_, err = open(path, still, briefly)
	require.ErrorContains(t, err, "is damaged", "%s: it stays locked", name)
}

func TestADamagedFileIsRefused(t *testing.T) {
	t.Parallel()
	file, _ := good(t, func(l *Ledger) { sample(t, l) })
	page := os.Getpagesize()
	r := rand.New(rand.NewPCG(1, 2))
	garbage := make([]byte, len(file))
	for i := range garbage {
		garbage[i] = byte(r.Uint32())
	}
	refuses(t, nil, "empty")
	refuses(t, garbage, "garbage")
	refuses(t, make([]byte, len(file)), "zeroes")
	refuses(t, []byte("SQLite format 3\x00"), "something short")
	refuses(t, bytes.Repeat([]byte("ledger\n"), 10_000), "a text")
	for _, size := range []int{1, 79, 80, page - 1, page, page + 1, 2*page - 1, 2 * page, 3*page + 5, 4 * page, len(file) / 4} {
		refuses(t, file[:size], fmt.Sprint("cut off at ", size))
	}
}

// usedPages returns those that have something, and their number.
func usedPages(t testing.TB, file []byte) (pages []int, all int) {
	t.Helper()
	l := &Ledger{}
	w, err := l.checkFile(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	for id, used := range w.used {
		if used {
			pages = append(pages, id)
		}
	}
	return pages, len(w.used)
}

// refusedOrWhole holds that a file that was good once is refused, or has all it
// had and can be written to.
func refusedOrWhole(t testing.TB, path string, file []byte, want content, name string) (refused bool) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, file, 0o600))
	l, err := open(path, still, briefly)
	if err != nil {
		require.ErrorContains(t, err, path, name)
		return true
	}
	require.Equal(t, want, contentOf(t, l), name)
	l.db.NoSync = true // to be faster
	require.NoError(t, l.write(t.Context(), func(tx *tx) error {
		for i := range 20 {
			if err := tx.put(typical(1_000_000 + i)); err != nil {
				return err
			}
		}
		return nil
	}), name)
	require.NoError(t, l.Close())
	l, err = open(path, still, briefly)
	require.NoError(t, err, name)
	require.Len(t, contentOf(t, l).records, len(want.records)+20, name)
	require.NoError(t, l.Close())
	return false
}

func TestAFormatOrFileOfOthersIsRefused(t *testing.T) {
	t.Parallel()
	change := func(t *testing.T, do func(*bbolt.Tx) error) (string, error) {
		path := fresh(t)
		l, err := Open(path, still)
		require.NoError(t, err)
		require.NoError(t, l.db.Update(do))
		require.NoError(t, l.Close())
		_, err = Open(path, still)
		return path, err
	}
	path, err := change(t, func(t *bbolt.Tx) error {
		meta := bucket{t.Bucket([]byte(metaBucket)), metaBucket}
		return meta.Put(formatKey, meta.seal(formatKey, []byte("2")))
	})
	require.EqualError(t, err, "ledger "+path+` has format "2", and this caddymgw knows format "1" only: run the one that wrote it`)
	_, err = change(t, func(t *bbolt.Tx) error { return t.DeleteBucket([]byte(metaBucket)) })
	require.ErrorContains(t, err, "it is no ledger")
	_, err = change(t, func(t *bbolt.Tx) error { return t.Bucket([]byte(metaBucket)).Delete(formatKey) })
	require.ErrorContains(t, err, "it is no ledger")
	_, err = change(t, func(t *bbolt.Tx) error { return t.DeleteBucket([]byte(revocationsBucket)) })
	require.ErrorContains(t, err, "it has no revocations")
	_, err = change(t, func(t *bbolt.Tx) error {
		b := bucket{t.Bucket([]byte(revocationsBucket)), revocationsBucket}
		return b.Put([]byte("id:k1"), b.seal([]byte("id:k1"), []byte("{}")))
	})
	require.ErrorContains(t, err, "1 entries are there, and 0 were written")
}

// TestAnOlderStateOfAPageIsNoticed: a disk that has lost a write gives back what
// was there before, which looks fine by itself.
func TestAnOlderStateOfAPageIsNoticed(t *testing.T) {
	t.Parallel()
	path := fresh(t)
	l, err := Open(path, still)
	require.NoError(t, err)
	sample(t, l)
	older, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, l.Revoke(t.Context(), byID(typical(20).ID)))
	require.NoError(t, l.Close())
	newer, err := os.ReadFile(path)
	require.NoError(t, err)
	page, lost := os.Getpagesize(), 0
	pages, _ := usedPages(t, newer)
	for _, p := range pages[2:] {
		if bytes.Equal(older[p*page:(p+1)*page], newer[p*page:(p+1)*page]) {
			continue
		}
		lost++
		file := bytes.Clone(newer)
		copy(file[p*page:(p+1)*page], older[p*page:])
		refuses(t, file, fmt.Sprint("page ", p))
	}
	require.Positive(t, lost)
}

// TestPowerFailsWhileATransactionIsWritten: of one whose head was not written
// any of the pages may be on the disk, and by half.
func TestPowerFailsWhileATransactionIsWritten(t *testing.T) {
	t.Parallel()
	path := fresh(t)
	l, err := Open(path, still)
	require.NoError(t, err)
	sample(t, l)
	want := contentOf(t, l)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, l.Replace(t.Context(), ledger.Record{ID: "newer", Subject: "bob"}, replacedBy("new", "newer")))
	require.NoError(t, l.Close())
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	page := os.Getpagesize()
	r := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		file := append(bytes.Clone(before), after[len(before):]...)
		for at := 2 * page; at < len(file); at += 512 { // sectors
			if r.IntN(2) == 0 {
				copy(file[at:at+512], after[at:])
			}
		}
		path := filepath.Join(t.TempDir(), "ledger.db")
		require.NoError(t, os.WriteFile(path, file, 0o600))
		require.Equal(t, want, contentOf(t, opened(t, path)))
	}
}
