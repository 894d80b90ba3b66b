package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/go-json-experiment/json"
	"go.etcd.io/bbolt"
)

// format is the version of what doc.go says.
const format = "1"

// The buckets. Their names go into checksums: an entry belongs to one.
const (
	metaBucket        = "meta"
	recordsBucket     = "records"
	revocationsBucket = "revocations"
	subjectsBucket    = "subjects"
	expiryBucket      = "expiry"
)

// counted are the buckets whose entries the sum is over.
var counted = [...]string{recordsBucket, revocationsBucket, subjectsBucket, expiryBucket}

// Keys in metaBucket.
var formatKey, sumKey = []byte("format"), []byte("sum")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// bucket is one of a transaction's.
type bucket struct {
	*bbolt.Bucket
	name string
}

// checksum is over a bucket's name, a key and a value.
func (b bucket) checksum(key, value []byte) uint32 {
	crc := crc32.Checksum([]byte(b.name), castagnoli)
	return crc32.Update(crc32.Update(crc, castagnoli, key), castagnoli, value)
}

// seal returns what is kept for a value.
func (b bucket) seal(key, value []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(value)), b.checksum(key, value)), value...)
}

// open returns the value of what is kept, and its checksum.
func (b bucket) open(key, kept []byte) (value []byte, crc uint32, err error) {
	if len(kept) < 4 {
		return nil, 0, damage(fmt.Sprintf("an entry of %s is no value", b.name))
	}
	crc, value = binary.BigEndian.Uint32(kept), kept[4:]
	if crc != b.checksum(key, value) {
		return nil, 0, damage(fmt.Sprintf("the checksum of an entry of %s is wrong", b.name))
	}
	return value, crc, nil
}

// get returns a value; nil if there is none.
func (b bucket) get(key []byte) ([]byte, error) {
	kept := b.Get(key)
	if kept == nil {
		return nil, nil
	}
	value, _, err := b.open(key, kept)
	return value, err
}

// sum is over the checksums of all entries that are counted.
type sum struct{ entries, checksums uint64 }

func (s *sum) add(crc uint32) { s.entries, s.checksums = s.entries+1, s.checksums+uint64(crc) }

func (s *sum) remove(crc uint32) { s.entries, s.checksums = s.entries-1, s.checksums-uint64(crc) }

func (s sum) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, s.entries), s.checksums)
}

func parseSum(value []byte) (sum, error) {
	if len(value) != 16 {
		return sum{}, damage("it has no sum")
	}
	return sum{binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:])}, nil
}

// decode reads a record or a revocation.
func decode[T any](b bucket, value []byte) (T, error) {
	var v T
	if err := json.Unmarshal(value, &v); err != nil {
		return v, damage(fmt.Sprintf("an entry of %s can't be read", b.name))
	}
	return v, nil
}

// behind moves a cursor to the first key after one.
func behind(c *bbolt.Cursor, key []byte) (k, v []byte) {
	if k, v = c.Seek(key); bytes.Equal(k, key) {
		return c.Next()
	}
	return k, v
}
