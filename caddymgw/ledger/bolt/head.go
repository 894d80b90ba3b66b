package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// Where things are in a head, which bolt keeps in its first two pages and writes
// in turn.
const (
	headAt       = 16 // behind the header of the page
	pageSizeAt   = headAt + 8
	pagesAt      = headAt + 40
	checksumAt   = headAt + 56
	headEnd      = checksumAt + 8
	largestPages = 1 << 24
)

// checkHeads refuses a file that is shorter than its heads say, and one of which
// a head is not whole. Bolt goes on with the other then, which is a transaction
// behind: what was acknowledged last would be gone without a word.
func checkHeads(file io.ReaderAt, size int64) error {
	first := make([]byte, headEnd)
	if _, err := file.ReadAt(first, 0); err != nil {
		return damage("it is cut off")
	}
	pageSize := int64(binary.NativeEndian.Uint32(first[pageSizeAt:]))
	if !wholeHead(first) || pageSize < headEnd || pageSize > largestPages {
		return damage("its first head is not whole")
	}
	second := make([]byte, headEnd)
	if _, err := file.ReadAt(second, pageSize); err != nil {
		return damage("it is cut off")
	}
	if !wholeHead(second) {
		return damage("its second head is not whole")
	}
	pages := max(binary.NativeEndian.Uint64(first[pagesAt:]), binary.NativeEndian.Uint64(second[pagesAt:]))
	if pages > uint64(size/pageSize) {
		return damage(fmt.Sprintf("it is cut off: it has %d bytes, and %d pages of %d are in use", size, pages, pageSize))
	}
	return nil
}

func wholeHead(page []byte) bool {
	h := fnv.New64a()
	_, _ = h.Write(page[headAt:checksumAt])
	return h.Sum64() == binary.NativeEndian.Uint64(page[checksumAt:])
}
