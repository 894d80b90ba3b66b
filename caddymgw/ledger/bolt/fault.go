package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"syscall"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// damage says what is wrong with the content of a file.
type damage string

func (d damage) Error() string { return string(d) }

// damaged is what is said of such a file.
func damaged(path string, what error) error {
	return fmt.Errorf("ledger %s is damaged (%w): restore it from a backup, or move it away: "+
		"keys that were revoked in it will then work again until they expire", path, what)
}

// fault is why a ledger does no more until it is opened anew.
type fault struct {
	err      error
	readable bool // only writing is over
}

// fail notes a fault. The first one stays, as the others may follow from it.
func (l *Ledger) fail(f fault) error {
	l.fault.CompareAndSwap(nil, &f)
	return f.err
}

// guarded does something with the file. Bolt panics where pages make no sense to
// it, and the file being mapped, its memory ends where somebody has truncated it:
// both become errors. Bolt's locks may then be held for good, so that it is left
// alone from then on.
func (l *Ledger) guarded(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = damage(fmt.Sprint(p))
		}
		var d damage
		switch {
		case errors.As(err, &d):
			err = l.fail(fault{err: damaged(l.path, d)})
		case errors.Is(err, berrors.ErrDatabaseNotOpen):
			err = ledger.ErrClosed
		}
	}()
	return do()
}

// failedCommit judges a transaction that bolt gave up. Where there was no room,
// none of it was written, and the next one may find room. After anything else
// nobody knows what is on the disk, a failed fsync being forgotten by the next,
// so that nothing more is acknowledged.
func (l *Ledger) failedCommit(err error) error {
	err = fmt.Errorf("writing to ledger %s: %w", l.path, err)
	if noRoom(err) {
		return err
	}
	return l.fail(fault{err: fmt.Errorf("%w: it takes no more until the gateway is restarted", err), readable: true})
}

func noRoom(err error) bool {
	if errors.Is(err, berrors.ErrMaxSizeReached) || strings.Contains(err.Error(), "file resize error") { // the latter before anything is written
		return true
	}
	var write *fs.PathError // that of fsync is none
	return errors.As(err, &write) && (errors.Is(write, syscall.ENOSPC) || errors.Is(write, syscall.EDQUOT) || errors.Is(write, syscall.EFBIG))
}

// release closes the file. Where bolt is left alone it is unlocked at least, for
// whoever has restored it.
func (l *Ledger) release() error {
	if f := l.fault.Load(); f != nil && !f.readable {
		if l.file != nil {
			unlock(l.file)
			_ = l.file.Close() // it may be already
		}
		return nil
	}
	if l.db == nil {
		return nil
	}
	return l.db.Close()
}

// view reads the file.
func (l *Ledger) view(do func(*tx) error) error {
	if f := l.fault.Load(); f != nil && !f.readable {
		return f.err
	}
	return l.guarded(func() error {
		if err := l.uncut(); err != nil {
			return err
		}
		return l.db.View(func(t *bbolt.Tx) error {
			tx, err := l.begin(t)
			if err != nil {
				return err
			}
			return do(tx)
		})
	})
}

// uncut holds that nobody has cut the file off since it was opened, as bolt would
// find out in the middle of something.
func (l *Ledger) uncut() error {
	info, err := l.file.Stat()
	switch {
	case errors.Is(err, fs.ErrClosed):
		return ledger.ErrClosed
	case err != nil:
		return fmt.Errorf("ledger %s can't be read: %w", l.path, err)
	case info.Size() < l.size:
		return damage("it was cut off while it was open")
	}
	return nil
}
