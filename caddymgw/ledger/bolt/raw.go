package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// Where bolt keeps what, of which it lets nobody ask. Pages start with a header;
// the first two hold the heads, which are written in turn; others hold elements,
// and behind them what they point to, in their order.
const (
	headerSize  = 16
	flagsAt     = 8
	countAt     = 10
	elementSize = 16

	headAt      = headerSize
	pageSizeAt  = headAt + 8
	pagesAt     = headAt + 40
	checksumAt  = headAt + 56
	headEnd     = checksumAt + 8
	largestPage = 1 << 24

	leafFlag = 2
)

var native = binary.NativeEndian

// checkHeads refuses a file that is shorter than its heads say, and one of which
// a head is not whole. Bolt goes on with the other then, which is a transaction
// behind: what was acknowledged last would be gone without a word.
func checkHeads(file io.ReaderAt, size int64) error {
	first := make([]byte, headEnd)
	if _, err := file.ReadAt(first, 0); err != nil {
		return damage("it is cut off")
	}
	pageSize := int64(native.Uint32(first[pageSizeAt:]))
	if !wholeHead(first) || pageSize < headEnd || pageSize > largestPage {
		return damage("its first head is not whole")
	}
	second := make([]byte, headEnd)
	if _, err := file.ReadAt(second, pageSize); err != nil {
		return damage("it is cut off")
	}
	if !wholeHead(second) {
		return damage("its second head is not whole")
	}
	pages := max(native.Uint64(first[pagesAt:]), native.Uint64(second[pagesAt:]))
	if pages > uint64(size/pageSize) {
		return damage(fmt.Sprintf("it is cut off: it has %d bytes, and %d pages of %d are in use", size, pages, pageSize))
	}
	return nil
}

func wholeHead(page []byte) bool {
	h := fnv.New64a()
	_, _ = h.Write(page[headAt:checksumAt])
	return h.Sum64() == native.Uint64(page[checksumAt:])
}

// overflow returns how many pages more than one the elements of a leaf or a branch
// need.
func overflow(file io.ReaderAt, at, pageSize int64) (int, error) {
	var b [max(headerSize, elementSize)]byte
	if _, err := file.ReadAt(b[:headerSize], at); err != nil {
		return 0, err
	}
	flags, count := native.Uint16(b[flagsAt:]), int64(native.Uint16(b[countAt:]))
	if count == 0 {
		return 0, nil
	}
	last := headerSize + (count-1)*elementSize
	if _, err := file.ReadAt(b[:elementSize], at+last); err != nil {
		return 0, err
	}
	var end int64
	if flags&leafFlag != 0 { // flags, position, length of the key, of the value
		end = last + int64(native.Uint32(b[4:])) + int64(native.Uint32(b[8:])) + int64(native.Uint32(b[12:]))
	} else { // position, length of the key, page
		end = last + int64(native.Uint32(b[:])) + int64(native.Uint32(b[4:]))
	}
	return int(end / pageSize), nil
}
