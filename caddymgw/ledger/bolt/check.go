package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// check reads a file whole that was just opened, before anything is written to
// it.
func (l *Ledger) check() error {
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
		if err := x.checkSum(); err != nil {
			return err
		}
		return checkPages(t, l.db.Info().PageSize, l.db.Stats().FreePageN)
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

// checkPages holds that each page is in use once, or free. Of one that is both
// the content would be overwritten later. Bolt's own check reads in a goroutine
// where a page that is out of bounds ends the process, so checkSum comes first.
func checkPages(t *bbolt.Tx, pageSize, free int) error {
	found := 0
	for id, pages := 0, int(t.Size())/pageSize; id < pages; id++ {
		page, err := t.Page(id)
		if err != nil {
			return err
		}
		if page.Type == "free" {
			if found++; id < 2 {
				return damage("a head is listed as free")
			}
			continue
		}
		for range page.OverflowCount { // the rest of a large one
			if id++; id >= pages {
				return damage(fmt.Sprintf("page %d is out of bounds", id))
			}
			if rest, err := t.Page(id); err != nil || rest.Type == "free" {
				return damage(fmt.Sprintf("page %d is in use and free", id))
			}
		}
	}
	if found != free {
		return damage("its list of free pages makes no sense")
	}
	var first error
	for err := range t.Check() { // to the end, since it waits for us
		if first == nil {
			first = damage(err.Error())
		}
	}
	return first
}
