package bolt

import (
	"fmt"
	"io"
)

// check reads the file whole, before anything is written to it.
func (l *Ledger) check() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	l.size = info.Size()
	_, err = l.checkFile(l.file, l.size)
	return err
}

func (l *Ledger) checkFile(file io.ReaderAt, size int64) (*walk, error) {
	w, err := newWalk(file, size)
	if err != nil {
		return nil, err
	}
	buckets, err := w.buckets()
	if err != nil {
		return nil, err
	}
	want, err := l.checkMeta(w, buckets[metaBucket])
	if err != nil {
		return nil, err
	}
	delete(buckets, metaBucket)
	found := sum{}
	for _, name := range counted {
		value, ok := buckets[name]
		if !ok {
			return nil, damage("it has no " + name)
		}
		delete(buckets, name)
		b := bucket{name: name}
		if err := w.bucket(value, func(key, kept []byte) error {
			_, crc, err := b.open(key, kept)
			found.add(crc)
			return err
		}); err != nil {
			return nil, err
		}
	}
	switch {
	case len(buckets) > 0:
		return nil, damage("somebody else's content is in it")
	case found != want:
		return nil, damage(fmt.Sprintf("%d entries are there, and %d were written, or others", found.entries, want.entries))
	}
	return w, w.free()
}

// checkMeta returns what the sum ought to be.
func (l *Ledger) checkMeta(w *walk, meta []byte) (sum, error) {
	if meta == nil {
		return sum{}, damage("it is no ledger")
	}
	b, values := bucket{name: metaBucket}, map[string]string{}
	if err := w.bucket(meta, func(key, kept []byte) error {
		value, _, err := b.open(key, kept)
		values[string(key)] = string(value)
		return err
	}); err != nil {
		return sum{}, err
	}
	switch version, ok := values[string(formatKey)]; {
	case !ok:
		return sum{}, damage("it is no ledger")
	case version != format:
		return sum{}, fmt.Errorf("ledger %s has format %q, and this caddymgw knows format %q only: run the one that wrote it", l.path, version, format)
	}
	return parseSum([]byte(values[string(sumKey)]))
}
