package keyring

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// disk is a Storage of files that behaves as certmagic's does: files appear
// whole, by way of a temporary one beside them, and a listing ends where one
// vanishes.
type disk string

func (d disk) file(key string) string { return filepath.Join(string(d), filepath.FromSlash(key)) }

func (d disk) Lock(ctx context.Context, name string) error {
	for {
		f, err := os.OpenFile(d.file(name+".lock"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			return f.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

func (d disk) Unlock(_ context.Context, name string) error { return os.Remove(d.file(name + ".lock")) }

func (d disk) Store(_ context.Context, key string, value []byte) error {
	dir := filepath.Dir(d.file(key))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "")
	if err != nil {
		return err
	}
	_, err = f.Write(value)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), d.file(key))
}

func (d disk) Load(_ context.Context, key string) ([]byte, error) { return os.ReadFile(d.file(key)) }

func (d disk) Delete(_ context.Context, key string) error { return os.RemoveAll(d.file(key)) }

func (d disk) Exists(_ context.Context, key string) bool {
	_, err := os.Stat(d.file(key))
	return !errors.Is(err, fs.ErrNotExist)
}

func (d disk) List(_ context.Context, prefix string, _ bool) (keys []string, err error) {
	entries, err := os.ReadDir(d.file(prefix))
	for _, entry := range entries {
		if _, err := entry.Info(); err != nil {
			return keys, err
		}
		keys = append(keys, path.Join(prefix, entry.Name()))
	}
	return keys, err
}

// TestNodesOnOneFolder has nodes at work at the same time on real files, while
// others start.
func TestNodesOnOneFolder(t *testing.T) {
	t.Parallel()
	s, h := disk(t.TempDir()), &hand{now: start}
	p := rotating("ES256", h.Now)
	p.Rotation, p.Longest = time.Hour, time.Hour
	all := make([]*Ring, 4)
	for round := range 150 {
		now := h.add(5 * time.Minute)
		var wg sync.WaitGroup
		for i := range all {
			wg.Go(func() {
				for range 3 {
					find := Maintain
					if i == round%len(all) {
						find = Open
					}
					r, err := find(t.Context(), s, p)
					if err != nil {
						t.Errorf("round %d: %v", round, err)
						return
					}
					all[i] = r
				}
			})
		}
		wg.Wait()
		require.False(t, t.Failed())
		last := maintain(t, s, p)
		waiting := 0
		for _, k := range last.Keys() {
			if last.State(k, now) == Next {
				waiting++
			}
		}
		require.LessOrEqual(t, waiting, 1)
		require.LessOrEqual(t, len(last.Keys()), 5)
		for _, r := range all {
			_, ok := last.Lookup(r.Active(now).ID)
			require.True(t, ok)
			require.Equal(t, last.Active(now).ID, r.Active(now).ID)
		}
	}
	_, err := os.Stat(s.file("mgw_keyring_apikey.lock"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
