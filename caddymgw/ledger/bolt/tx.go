package bolt

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"go.etcd.io/bbolt"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// tx is what a transaction can do with a ledger. Its methods check before they
// change anything, as others may share it.
type tx struct {
	meta, records, revocations, subjects, expiry bucket

	gone    func(expires time.Time) bool
	sum     sum // of the entries; only kept where they are changed
	changes int
	told    []ledger.Revocation
}

func (l *Ledger) begin(t *bbolt.Tx) (*tx, error) {
	now := l.options.Now()
	x := &tx{gone: func(expires time.Time) bool { return ledger.Gone(expires, now, l.options.Leeway) }}
	for name, b := range map[string]*bucket{
		metaBucket: &x.meta, recordsBucket: &x.records, revocationsBucket: &x.revocations, subjectsBucket: &x.subjects, expiryBucket: &x.expiry,
	} {
		*b = bucket{t.Bucket([]byte(name)), name}
		if b.Bucket == nil {
			return nil, damage("it has no " + name)
		}
	}
	return x, nil
}

// loadSum is for transactions that change something.
func (x *tx) loadSum() error {
	value, err := x.meta.get(sumKey)
	if err == nil {
		x.sum, err = parseSum(value)
	}
	return err
}

func (x *tx) saveSum() error { return x.meta.Put(sumKey, x.meta.seal(sumKey, x.sum.bytes())) }

// set writes an entry.
func (x *tx) set(b bucket, key, value []byte) error {
	if err := x.uncount(b, key); err != nil {
		return err
	}
	kept := b.seal(key, value)
	x.sum.add(b.checksum(key, value))
	return b.Put(key, kept)
}

// drop deletes an entry, which has to be there.
func (x *tx) drop(b bucket, key []byte) error {
	if b.Get(key) == nil {
		return damage(fmt.Sprintf("an entry of %s is missing", b.name))
	}
	if err := x.uncount(b, key); err != nil {
		return err
	}
	return b.Delete(key)
}

// uncount takes an entry that is about to change out of the sum.
func (x *tx) uncount(b bucket, key []byte) error {
	x.changes++
	kept := b.Get(key)
	if kept == nil {
		return nil
	}
	_, crc, err := b.open(key, kept)
	if err == nil {
		x.sum.remove(crc)
	}
	return err
}

// move replaces an entry of an index; nil keys are none.
func (x *tx) move(b bucket, from, to []byte) error {
	if bytes.Equal(from, to) {
		return nil
	}
	if from != nil {
		if err := x.drop(b, from); err != nil {
			return err
		}
	}
	if to == nil {
		return nil
	}
	return x.set(b, to, nil)
}

// record returns one that may have expired; so does revocation.
func (x *tx) record(id string) (r ledger.Record, ok bool, err error) {
	return find[ledger.Record](x.records, id)
}

func (x *tx) revocation(key string) (r ledger.Revocation, ok bool, err error) {
	return find[ledger.Revocation](x.revocations, key)
}

func find[T any](b bucket, key string) (v T, ok bool, err error) {
	value, err := b.get([]byte(key))
	if value == nil || err != nil {
		return v, false, err
	}
	v, err = decode[T](b, value)
	return v, err == nil, err
}

// put records a key, with the revocation that is there of it.
func (x *tx) put(r ledger.Record) error {
	by, ok, err := x.revocation(ledger.Revocation{ID: r.ID}.Key())
	if err != nil {
		return err
	}
	if ok && !x.gone(by.Expires) {
		r = r.WithRevocation(by)
	}
	return x.store(r)
}

// store writes a record and what finds it.
func (x *tx) store(r ledger.Record) error {
	value, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("a record can't be kept: %w", err)
	}
	old, ok, err := x.record(r.ID)
	if err != nil {
		return err
	}
	var owner, end []byte
	if ok {
		owner, end = subjectKey(old.Subject, r.ID), expiryKey(old.Expires, recordKind, r.ID)
	}
	if err := x.set(x.records, []byte(r.ID), value); err != nil {
		return err
	}
	if err := x.move(x.subjects, owner, subjectKey(r.Subject, r.ID)); err != nil {
		return err
	}
	return x.move(x.expiry, end, expiryKey(r.Expires, recordKind, r.ID))
}

// revoke records a revocation, unless one that is there supersedes it, and notes
// it in the key's record.
func (x *tx) revoke(r ledger.Revocation) error {
	key := r.Key()
	value, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("a revocation can't be kept: %w", err)
	}
	there, ok, err := x.revocation(key)
	if err != nil {
		return err
	}
	var end []byte
	if ok {
		if !x.gone(there.Expires) && !r.Supersedes(there) {
			return nil
		}
		end = expiryKey(there.Expires, revocationKind, key)
	}
	record, noted, err := x.record(r.ID)
	if err != nil {
		return err
	}
	if err := x.set(x.revocations, []byte(key), value); err != nil {
		return err
	}
	if err := x.move(x.expiry, end, expiryKey(r.Expires, revocationKind, key)); err != nil {
		return err
	}
	if noted {
		if err := x.store(record.WithRevocation(r)); err != nil {
			return err
		}
	}
	x.told = append(x.told, r)
	return nil
}
