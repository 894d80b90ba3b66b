package bolt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

func TestAFullDiskRefusesAndIsUsedAgainWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	c := begin(t, "fill", fresh(t)) // since limits are a process's
	said := ""
	for c.lines.Scan() {
		said += c.lines.Text() + "\n"
	}
	require.NoError(t, c.Wait(), said)
	require.Equal(t, "the file can't grow\npages can't be written\n", said)
}

// fill makes the ledger run into a limit of the size of files.
func fill(path string) error {
	for _, limited := range []struct {
		name string
		by   func(size, used int64) int64
	}{
		{"the file can't grow", func(size, _ int64) int64 { return size }},
		{"pages can't be written", func(_, used int64) int64 { return used + 3*int64(os.Getpagesize()) }},
	} {
		if err := fillOnce(path, limited.name, limited.by); err != nil {
			return fmt.Errorf("%s: %w", limited.name, err)
		}
		fmt.Println(limited.name)
	}
	return nil
}

func fillOnce(path, prefix string, by func(size, used int64) int64) error {
	l, err := Open(path, still)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	acknowledged, refused := map[string]bool{}, map[string]error{}
	putSome := func(name string, n int) {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				r := typical(i)
				r.ID = fmt.Sprintf("%s %s %d", prefix, name, i)
				err := l.Put(context.Background(), r)
				mu.Lock()
				defer mu.Unlock()
				if acknowledged[r.ID] = err == nil; err != nil {
					refused[r.ID] = err
				}
			})
		}
		wg.Wait()
	}
	putSome("before", 100)
	if len(refused) > 0 {
		return fmt.Errorf("refused too early: %v", refused)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	head, err := readHead(file, info.Size())
	if err != nil {
		return err
	}
	if err := limit(uint64(by(info.Size(), int64(head.pages*head.pageSize)))); err != nil {
		return err
	}
	for round := 0; len(refused) < 500; round++ {
		if round > 1000 {
			return errors.New("nothing was refused")
		}
		putSome(fmt.Sprint("while ", round), 50)
	}
	for id, err := range refused {
		if !errors.Is(err, syscall.EFBIG) && !noRoom(err) {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	if _, err := l.Get(context.Background(), prefix+" before 7"); err != nil {
		return err
	}
	if err := limit(math.MaxUint64); err != nil {
		return err
	}
	before := len(refused)
	putSome("after", 100)
	if len(refused) > before {
		return errors.New("refused though there is room")
	}
	if err := l.Revoke(context.Background(), byID(prefix+" before 7")); err != nil {
		return err
	}
	if err := l.Close(); err != nil {
		return err
	}
	return compare(path, acknowledged)
}

// compare holds that a file has what was acknowledged, and nothing that was not.
func compare(path string, acknowledged map[string]bool) error {
	l, err := Open(path, still)
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := read(l)
	if err != nil {
		return err
	}
	there := map[string]ledger.Record{}
	for _, r := range c.records {
		there[r.ID] = r
	}
	for id, ok := range acknowledged {
		if r, found := there[id]; found != ok || found && r.Issued != start {
			return fmt.Errorf("%s: acknowledged %t, there %t", id, ok, found)
		}
	}
	return nil
}

func limit(size uint64) error {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &r); err != nil {
		return err
	}
	r.Cur = min(size, r.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &r)
}

func TestNothingMoreIsAcknowledgedWhenNobodyKnowsWhatIsOnTheDisk(t *testing.T) {
	t.Parallel()
	path := fresh(t)
	l, err := Open(path, still)
	require.NoError(t, err)
	require.NoError(t, l.Put(t.Context(), typical(1)))
	commit := l.commit
	l.commit = failingCommit(syscall.EIO) // as fsync says it
	err = l.Put(t.Context(), typical(2))
	require.ErrorIs(t, err, syscall.EIO)
	require.ErrorContains(t, err, "writing to ledger "+path)
	l.commit = commit
	for _, err := range []error{
		l.Put(t.Context(), typical(3)), l.Revoke(t.Context(), byID("k1")), l.Touch(t.Context(), map[string]time.Time{"k1": start}),
		l.Replace(t.Context(), typical(4), replacedBy(typical(1).ID, typical(4).ID)),
	} {
		require.ErrorIs(t, err, syscall.EIO)
		require.ErrorContains(t, err, "it takes no more until the gateway is restarted")
	}
	require.Equal(t, []ledger.Record{typical(1)}, contentOf(t, l).records)
	require.NoError(t, l.Close())
	l = opened(t, path)
	require.NoError(t, l.Put(t.Context(), typical(3)))
	require.Len(t, contentOf(t, l).records, 2)
}

func TestWritingGoesOnWhenThereWasNoRoom(t *testing.T) {
	t.Parallel()
	l := opened(t, fresh(t))
	commit := l.commit
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		l.commit = failingCommit(&os.PathError{Op: "write", Path: l.path, Err: errno})
		require.ErrorIs(t, l.Put(t.Context(), typical(int(errno))), errno)
		_, err := l.Get(t.Context(), typical(int(errno)).ID)
		require.ErrorIs(t, err, ledger.ErrNotFound)
		l.commit = commit
		require.NoError(t, l.Put(t.Context(), typical(int(errno))))
	}
}
