package bolt

import (
	"encoding/binary"
	"fmt"
	"time"
)

// subjectPrefix starts the keys of a subject in subjectsBucket. Its length comes
// first, so that no subject's is the start of another's.
func subjectPrefix(subject string) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(subject))), subject...)
}

func subjectKey(subject, id string) []byte { return append(subjectPrefix(subject), id...) }

// What an entry of expiryBucket is about.
const (
	recordKind     = 'k'
	revocationKind = 'r'
)

// momentSize is the length of a moment in a key.
const momentSize = 12

// expiryKey names an entry that expires, soonest first. Nil: it never does.
func expiryKey(expires time.Time, kind byte, name string) []byte {
	if expires.IsZero() {
		return nil
	}
	key := binary.BigEndian.AppendUint64(nil, uint64(expires.Unix())+1<<63) // so that times before 1970 come first
	key = binary.BigEndian.AppendUint32(key, uint32(expires.Nanosecond()))
	return append(append(key, kind), name...)
}

func parseExpiryKey(key []byte) (expires time.Time, kind byte, name string, err error) {
	if len(key) <= momentSize {
		return time.Time{}, 0, "", damage(fmt.Sprintf("an entry of %s is short", expiryBucket))
	}
	seconds, nanoseconds := binary.BigEndian.Uint64(key)-1<<63, binary.BigEndian.Uint32(key[8:])
	return time.Unix(int64(seconds), int64(nanoseconds)).UTC(), key[momentSize], string(key[momentSize+1:]), nil
}
