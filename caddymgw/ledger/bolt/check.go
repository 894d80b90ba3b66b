package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// checkContent reads a file whole that was just opened.
func (l *Ledger) checkContent() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if err := checkHeads(l.file, info.Size()); err != nil {
		return err
	}
	return l.db.View(func(t *bbolt.Tx) error {
		if err := l.checkFormat(t); err != nil {
			return err
		}
		x, err := l.begin(t)
		if err != nil {
			return err
		}
		return x.checkSum()
	})
}

func (l *Ledger) checkFormat(t *bbolt.Tx) error {
	b := bucket{t.Bucket([]byte(metaBucket)), metaBucket}
	if b.Bucket == nil {
		return damage("it is no ledger")
	}
	switch version, err := b.get(formatKey); {
	case err != nil:
		return err
	case version == nil:
		return damage("it is no ledger")
	case string(version) != format:
		return fmt.Errorf("ledger %s has format %q, and this caddymgw knows format %q only: run the one that wrote it", l.path, version, format)
	}
	return nil
}

// checkSum holds that every entry is whole, and that none is missing or back.
func (x *tx) checkSum() error {
	if err := x.loadSum(); err != nil {
		return err
	}
	var found sum
	for _, b := range []bucket{x.records, x.revocations, x.subjects, x.expiry} {
		c := b.Cursor()
		for k, kept := c.First(); k != nil; k, kept = c.Next() {
			_, crc, err := b.open(k, kept)
			if err != nil {
				return err
			}
			found.add(crc)
		}
	}
	if found != x.sum {
		return damage(fmt.Sprintf("%d entries are there, and %d were written, or others", found.entries, x.sum.entries))
	}
	return nil
}

// checkPages holds that each page is in use once, or free. Of one that is both,
// the content would be overwritten later. Bolt's own check reads in a goroutine
// where a page that is out of bounds ends the process, so checkContent comes
// first.
func (l *Ledger) checkPages() error {
	return l.db.View(func(t *bbolt.Tx) error {
		if err := l.checkSizes(t); err != nil {
			return err
		}
		var first error
		for err := range t.Check() { // to the end, since it waits for us
			if first == nil {
				first = damage(err.Error())
			}
		}
		return first
	})
}

// checkSizes holds that what is in use is as large as its content, which bolt does
// not look at.
func (l *Ledger) checkSizes(t *bbolt.Tx) error {
	pageSize, free := l.db.Info().PageSize, 0
	for id, pages := 0, int(t.Size())/pageSize; id < pages; id++ {
		page, err := t.Page(id)
		if err != nil {
			return err
		}
		if page.Type == "free" {
			if free++; id < 2 {
				return damage("a head is listed as free")
			}
			continue
		}
		if page.Type == "leaf" || page.Type == "branch" {
			large, err := overflow(l.file, int64(id)*int64(pageSize), int64(pageSize))
			if err != nil {
				return err
			}
			if large != page.OverflowCount {
				return damage(fmt.Sprintf("page %d has the wrong size", id))
			}
		}
		for range page.OverflowCount {
			if id++; id >= pages {
				return damage(fmt.Sprintf("page %d is out of bounds", id))
			}
			if rest, err := t.Page(id); err != nil || rest.Type == "free" {
				return damage(fmt.Sprintf("page %d is in use and free", id))
			}
		}
	}
	if free != l.db.Stats().FreePageN {
		return damage("its list of free pages makes no sense")
	}
	return nil
}
