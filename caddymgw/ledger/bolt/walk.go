package bolt

import (
	"bytes"
	"io"
	"slices"
)

// walk reads a file without bolt, which believes what it reads: where pages make
// no sense it panics, in a goroutine of its own sometimes, and where they don't
// fit together it reads on, and loses something when it writes.
type walk struct {
	head
	file   io.ReaderAt
	used   []bool   // by page
	levels [][]byte // a page of each, on the way down
	last   []byte   // the key that came last, of one bucket
}

func newWalk(file io.ReaderAt, size int64) (*walk, error) {
	h, err := readHead(file, size)
	if err != nil {
		return nil, err
	}
	w := &walk{head: h, file: file, used: make([]bool, h.pages)}
	return w, w.use(0, 2)
}

// use notes that pages are in use. Each is once: the content of one that is twice,
// or free as well, would be overwritten later.
func (w *walk) use(id, n uint64) error {
	if id >= w.pages || n > w.pages-id {
		return damage("a page is out of bounds")
	}
	for i := id; i < id+n; i++ {
		if w.used[i] {
			return damage("a page is in use twice")
		}
		w.used[i] = true
	}
	return nil
}

// read returns a page with those that belong to it. It is good until the next one
// of its level is read.
func (w *walk) read(id uint64, level int) ([]byte, error) {
	if id >= w.pages {
		return nil, damage("a page is out of bounds")
	}
	if level == len(w.levels) {
		w.levels = append(w.levels, nil)
	}
	page := slices.Grow(w.levels[level][:0], int(w.pageSize))[:w.pageSize]
	if err := w.fill(page, id); err != nil {
		return nil, err
	}
	n := 1 + uint64(native.Uint32(page[overflowAt:]))
	if native.Uint64(page) != id {
		return nil, errTorn
	}
	if err := w.use(id, n); err != nil {
		return nil, err
	}
	if n > 1 {
		page = slices.Grow(page[:0], int(n*w.pageSize))[:n*w.pageSize]
		if err := w.fill(page, id); err != nil {
			return nil, err
		}
	}
	w.levels[level] = page
	return page, nil
}

func (w *walk) fill(page []byte, id uint64) error {
	_, err := w.file.ReadAt(page, int64(id*w.pageSize))
	return err
}

// buckets returns the values of the root.
func (w *walk) buckets() (map[string][]byte, error) {
	all := map[string][]byte{}
	err := w.tree(w.root, 0, nil, func(e element) error {
		if !e.bucket {
			return errTorn
		}
		all[string(e.key)] = bytes.Clone(e.value)
		return nil
	})
	return all, err
}

// bucket visits what is in one, in order. Small ones have no page of their own.
func (w *walk) bucket(value []byte, visit func(key, value []byte) error) error {
	const size = 16 // of the root and of a sequence
	entry := func(e element) error {
		if e.bucket {
			return errTorn
		}
		return visit(e.key, e.value)
	}
	if len(value) < size {
		return errTorn
	}
	if w.last = w.last[:0]; native.Uint64(value) != 0 {
		return w.tree(native.Uint64(value), 0, nil, entry)
	}
	page := value[size:]
	if len(page) < headerSize || native.Uint64(page) != 0 || native.Uint16(page[flagsAt:]) != leafPage || native.Uint32(page[overflowAt:]) != 0 {
		return errTorn
	}
	end, err := elements(page, w.ordered(entry))
	if err == nil && end != len(page) {
		err = errTorn
	}
	return err
}

// ordered holds that keys come in order.
func (w *walk) ordered(visit func(element) error) func(element) error {
	return func(e element) error {
		if len(w.last) > 0 && bytes.Compare(w.last, e.key) >= 0 {
			return damage("its keys are out of order")
		}
		w.last = append(w.last[:0], e.key...)
		return visit(e)
	}
}

// tree visits the leaves below a page, whose first key is known unless it is nil.
func (w *walk) tree(id uint64, level int, first []byte, visit func(element) error) error {
	page, err := w.read(id, level)
	if err != nil {
		return err
	}
	do := w.ordered(visit)
	switch flags, count := native.Uint16(page[flagsAt:]), native.Uint16(page[countAt:]); {
	case flags == branchPage && count > 0:
		do = func(e element) error { return w.tree(e.child, level+1, e.key, visit) }
	case flags != leafPage, count == 0 && first != nil:
		return errTorn
	}
	at := 0
	end, err := elements(page, func(e element) error {
		if at++; at == 1 && first != nil && !bytes.Equal(first, e.key) {
			return errTorn
		}
		return do(e)
	})
	if err == nil && end/int(w.pageSize) != len(page)/int(w.pageSize)-1 {
		err = errTorn // larger or smaller than its content
	}
	return err
}

// free reads the list of free pages. We leave none, but bolt's own tools do.
func (w *walk) free() error {
	if w.freelist == noFreelist {
		return nil
	}
	page, err := w.read(w.freelist, 0)
	if err != nil {
		return err
	}
	count, at := uint64(native.Uint16(page[countAt:])), headerSize
	if native.Uint16(page[flagsAt:]) != freelistPage {
		return errTorn
	}
	if count == 0xffff { // it does not fit, and comes first
		count = native.Uint64(page[at:])
		at += 8
	}
	if count > uint64(len(page)-at)/8 {
		return errTorn
	}
	for i := range int(count) {
		if err := w.use(native.Uint64(page[at+8*i:]), 1); err != nil {
			return err
		}
	}
	return nil
}
