package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// How bolt fills a file, of which it checks little. Pages start with a header. The
// first two hold the heads, which are written in turn. Leaves and branches hold
// elements, and behind them, in their order and without a gap, their content.
const (
	headerSize  = 16 // id, flags, count, how many pages more belong to it
	flagsAt     = 8
	countAt     = 10
	overflowAt  = 12
	elementSize = 16

	headAt     = headerSize
	pageSizeAt = headAt + 8
	rootAt     = headAt + 16
	freelistAt = headAt + 32
	pagesAt    = headAt + 40
	txAt       = headAt + 48
	checksumAt = headAt + 56
	headEnd    = checksumAt + 8

	branchPage   = 1
	leafPage     = 2
	freelistPage = 16

	smallestPage, largestPage = 1 << 10, 1 << 24
)

var native = binary.NativeEndian

// head says where things are.
type head struct {
	pageSize, pages, root uint64
	freelist              uint64 // noFreelist as we write it
	tx                    uint64
}

const noFreelist = 1<<64 - 1

// readHead returns the newer head. A file that is shorter than it says is refused,
// and so is one of which a head is not whole: bolt goes on with the other then,
// which is a transaction behind, and what was acknowledged last would be gone
// without a word.
func readHead(file io.ReaderAt, size int64) (head, error) {
	first, err := parseHead(file, 0)
	if err != nil {
		return head{}, err
	}
	h, err := parseHead(file, int64(first.pageSize))
	if err != nil {
		return head{}, err
	}
	if first.tx > h.tx {
		h = first
	}
	if h.pageSize != first.pageSize || h.pages > uint64(size)/h.pageSize {
		return head{}, damage(fmt.Sprintf("it is cut off: it has %d bytes, and %d pages of %d are in use", size, h.pages, h.pageSize))
	}
	return h, nil
}

func parseHead(file io.ReaderAt, at int64) (head, error) {
	page := make([]byte, headEnd)
	switch _, err := file.ReadAt(page, at); {
	case errors.Is(err, io.EOF):
		return head{}, damage("it is cut off, or no ledger")
	case err != nil:
		return head{}, err
	}
	sum := fnv.New64a()
	_, _ = sum.Write(page[headAt:checksumAt])
	h := head{
		pageSize: uint64(native.Uint32(page[pageSizeAt:])), pages: native.Uint64(page[pagesAt:]), root: native.Uint64(page[rootAt:]),
		freelist: native.Uint64(page[freelistAt:]), tx: native.Uint64(page[txAt:]),
	}
	if sum.Sum64() != native.Uint64(page[checksumAt:]) || h.pageSize < smallestPage || h.pageSize > largestPage {
		return head{}, damage("one of its two heads is not whole")
	}
	return h, nil
}

// element is one of a leaf or a branch.
type element struct {
	key, value []byte
	bucket     bool   // the value is one
	child      uint64 // of a branch
}

var errTorn = damage("a page makes no sense")

// elements visits those of a page. It returns what they fill.
func elements(page []byte, visit func(element) error) (size int, err error) {
	leaf, count := native.Uint16(page[flagsAt:]) == leafPage, int(native.Uint16(page[countAt:]))
	end := headerSize + count*elementSize
	if end > len(page) {
		return 0, errTorn
	}
	for at := headerSize; at < headerSize+count*elementSize; at += elementSize {
		raw := page[at : at+elementSize]
		var e element
		var position, key, value uint32
		if leaf { // flags, position, length of the key, of the value
			flags := native.Uint32(raw)
			if e.bucket = flags == 1; flags > 1 {
				return 0, errTorn
			}
			position, key, value = native.Uint32(raw[4:]), native.Uint32(raw[8:]), native.Uint32(raw[12:])
		} else { // position, length of the key, page
			position, key, e.child = native.Uint32(raw), native.Uint32(raw[4:]), native.Uint64(raw[8:])
		}
		if uint64(at)+uint64(position) != uint64(end) || key == 0 || uint64(end)+uint64(key)+uint64(value) > uint64(len(page)) {
			return 0, errTorn
		}
		e.key = page[end : end+int(key)]
		end += int(key)
		e.value = page[end : end+int(value)]
		end += int(value)
		if err := visit(e); err != nil {
			return 0, err
		}
	}
	return end, nil
}
