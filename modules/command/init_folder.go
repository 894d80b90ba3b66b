package command

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// newFolder is a folder that is to be made.
type newFolder struct {
	path  string // absolute, links followed
	empty bool   // there is one, with nothing in it
}

// checkFolder holds that nothing is at a path, or an empty folder.
func checkFolder(name string) (f newFolder, err error) {
	if f.path, err = filepath.Abs(name); err != nil {
		return f, err
	}
	if target, err := filepath.EvalSymlinks(f.path); err == nil {
		f.path = target
	}
	entries, err := os.ReadDir(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return f, fmt.Errorf("the folder %s: %w", plain(name), err)
	case len(entries) > 0:
		return f, fmt.Errorf("the folder %s is not empty: nothing is overwritten, name a new one", plain(name))
	}
	f.empty = true
	if here, err := os.Getwd(); err == nil {
		if a, err := os.Stat(here); err == nil {
			if b, err := os.Stat(f.path); err == nil && os.SameFile(a, b) {
				return f, errors.New("this is the working directory, which would be replaced: name a folder that is not there yet")
			}
		}
	}
	return f, nil
}

// make writes the files beside the folder, and puts them in its place when all are
// there.
func (f newFolder) make(files map[string][]byte) (err error) {
	parent, base := filepath.Split(f.path)
	if parent != "" {
		if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // the service's user may be another one, and reads what is no secret
			return fmt.Errorf("making the folder: %w", err)
		}
	}
	draft := filepath.Join(parent, "."+base+"-"+strings.ToLower(rand.Text()[:8]))
	if err := os.Mkdir(draft, 0o755); err != nil { //nolint:gosec // as above
		return fmt.Errorf("making the folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(draft))
		}
	}()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		to := filepath.Join(draft, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // as above
			return err
		}
		if err := os.WriteFile(to, files[name], 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	if f.empty {
		if err := os.Remove(f.path); err != nil { // it refuses one that is not empty any more
			return err
		}
	} else if _, err := os.Lstat(f.path); err == nil {
		return fmt.Errorf("%s was made by somebody else meanwhile", plain(f.path))
	}
	return os.Rename(draft, f.path)
}
