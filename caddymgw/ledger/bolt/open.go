package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// lockWait is how long the file may be another's, as one gateway gives way to the
// next.
const lockWait = 5 * time.Second

// Open opens the ledger in a file, which is made with its folder if there is
// none, for nobody else to read. It reads it whole. A file that is damaged, of
// an unknown format, or in use is refused.
func Open(path string, o ledger.Options) (*Ledger, error) { return open(path, o, lockWait) }

func open(path string, o ledger.Options, wait time.Duration) (*Ledger, error) {
	if err := prepare(path); err != nil {
		return nil, err
	}
	l := &Ledger{
		options: o.WithDefaults(), path: path, commit: (*bbolt.Tx).Commit,
		writes: make(chan *write), stop: make(chan struct{}),
	}
	if err := l.guarded(func() error { return l.load(wait) }); err != nil {
		return nil, errors.Join(err, l.release())
	}
	l.running.Go(l.serve)
	l.running.Go(l.tidy)
	return l, nil
}

// load opens the file twice: first to read it, and when it is in order, to write.
func (l *Ledger) load(wait time.Duration) error {
	if err := l.lock(wait, true); err != nil {
		return err
	}
	switch err := errors.Join(l.check(), l.db.Close()); {
	case refusedBySystem(err):
		return unusable(l.path, err)
	case err != nil:
		return err
	}
	return l.lock(wait, false)
}

// lock opens the file for nobody else to write.
func (l *Ledger) lock(wait time.Duration, readOnly bool) error {
	db, err := bbolt.Open(l.path, 0o600, &bbolt.Options{
		ReadOnly: readOnly, Timeout: wait, FreelistType: bbolt.FreelistMapType, NoFreelistSync: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			f, err = os.OpenFile(name, flag&^os.O_CREATE, mode) //nolint:gosec // the operator names it
			l.file = f
			return f, err
		},
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf(`ledger %s is in use by another caddymgw; use "caddymgw reload", another "storage", or "ledger redis"`, l.path)
	case refusedBySystem(err):
		return unusable(l.path, err)
	case err != nil:
		return damage(err.Error())
	}
	l.db = db
	return nil
}

// refusedBySystem reports whether an error is not about what is in a file.
func refusedBySystem(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno)
}

func unusable(path string, err error) error {
	err = fmt.Errorf("ledger %s can't be used: %w", path, err)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		err = fmt.Errorf("%w: the gateway's user must be able to read and write it and its folder", err)
	}
	return err
}

// prepare sees to it that there is a file that can be opened.
func prepare(path string) error {
	info, err := os.Stat(path) //nolint:gosec // the operator names it
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := create(path); err != nil {
			return unusable(path, err)
		}
		return nil
	case err != nil:
		return unusable(path, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("ledger %s is no file: move it away, or name another", path)
	case info.Size() == 0:
		return damaged(path, damage("it is empty"))
	}
	return nil
}

// create makes a new file elsewhere and moves it where it belongs when it is on
// the disk: an empty file is always one that has lost something. Of two that
// create it at once, one comes too late and takes the other's.
func create(path string) error {
	folder := filepath.Dir(path)
	_, err := os.Stat(folder) //nolint:gosec // the operator names it
	isNew := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(folder, 0o700); err != nil { //nolint:gosec // the operator names it
		return err
	}
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+".new-") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() //nolint:gosec // we made it
	if err := f.Close(); err != nil {
		return err
	}
	if err := initialize(f.Name()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if isNew {
		if err := syncFolder(filepath.Dir(folder)); err != nil {
			return err
		}
	}
	return syncFolder(folder)
}

func initialize(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true})
	if err != nil {
		return err
	}
	err = db.Update(func(t *bbolt.Tx) error {
		b, err := t.CreateBucket([]byte(metaBucket))
		if err != nil {
			return err
		}
		for _, name := range counted {
			if _, err := t.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		meta := bucket{b, metaBucket}
		if err := meta.Put(formatKey, meta.seal(formatKey, []byte(format))); err != nil {
			return err
		}
		return meta.Put(sumKey, meta.seal(sumKey, sum{}.bytes()))
	})
	return errors.Join(err, db.Close())
}

// syncFolder makes a new name last.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // it can't, and need not
	}
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
