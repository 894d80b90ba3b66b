package bolt

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

const (
	// pruneEvery is how often what has expired is looked for.
	pruneEvery = time.Minute
	// pruneAtMost is how much is forgotten in one transaction, others waiting.
	pruneAtMost = 256
)

// tidy forgets what has expired, now and then. Where that fails, those who write
// are told as well, and the next time may do.
func (l *Ledger) tidy() {
	each := time.NewTicker(pruneEvery)
	defer each.Stop()
	for {
		for n, err := pruneAtMost, error(nil); n == pruneAtMost && err == nil; {
			n, err = l.prune()
		}
		select {
		case <-each.C:
		case <-l.stop:
			return
		}
	}
}

// prune forgets some of what has expired, and returns how much.
func (l *Ledger) prune() (n int, err error) {
	err = l.write(context.Background(), func(tx *tx) error {
		n, err = tx.prune()
		return err
	})
	return n, err
}

func (x *tx) prune() (int, error) {
	var over [][]byte
	c := x.expiry.Cursor()
	for k, _ := c.First(); k != nil && len(over) < pruneAtMost; k, _ = c.Next() {
		expires, _, _, err := parseExpiryKey(k)
		if err != nil {
			return 0, err
		}
		if !x.gone(expires) {
			break
		}
		over = append(over, bytes.Clone(k))
	}
	for _, k := range over {
		if err := x.forget(k); err != nil {
			return 0, err
		}
	}
	return len(over), nil
}

// forget drops an entry of expiryBucket and what it is about.
func (x *tx) forget(key []byte) error {
	_, kind, name, err := parseExpiryKey(key)
	if err != nil {
		return err
	}
	switch kind {
	case recordKind:
		r, _, err := x.record(name)
		if err != nil {
			return err
		}
		if err := x.drop(x.subjects, subjectKey(r.Subject, name)); err != nil {
			return err
		}
		err = x.drop(x.records, []byte(name))
		if err != nil {
			return err
		}
	case revocationKind:
		if err := x.drop(x.revocations, []byte(name)); err != nil {
			return err
		}
	default:
		return damage(fmt.Sprintf("an entry of %s is of an unknown kind", expiryBucket))
	}
	return x.drop(x.expiry, key)
}
