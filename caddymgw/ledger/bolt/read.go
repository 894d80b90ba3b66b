package bolt

import (
	"bytes"
	"context"
	"iter"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// pageSize is how many entries are read in one transaction: while one is open,
// the file can't use the room that others free.
const pageSize = 256

// Get implements ledger.Ledger.
func (l *Ledger) Get(ctx context.Context, id string) (r ledger.Record, err error) {
	if err := l.refused(ctx); err != nil {
		return ledger.Record{}, err
	}
	err = l.view(func(tx *tx) error {
		found, ok, err := tx.record(id)
		switch {
		case err != nil:
			return err
		case !ok || tx.gone(found.Expires):
			return ledger.ErrNotFound
		}
		r = found
		return nil
	})
	return r, err
}

// List implements ledger.Ledger. Each page is of its own moment.
func (l *Ledger) List(ctx context.Context, q ledger.Query) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		p := page{query: q}
		for n := 0; !p.last; {
			if err := l.read(ctx, p.read); err != nil {
				yield(ledger.Record{}, err)
				return
			}
			for _, r := range p.found {
				if err := ctx.Err(); err != nil {
					yield(ledger.Record{}, err)
					return
				}
				if n++; !yield(r, nil) || n == q.Limit {
					return
				}
			}
		}
	}
}

func (l *Ledger) read(ctx context.Context, do func(*tx) error) error {
	if err := l.refused(ctx); err != nil {
		return err
	}
	return l.view(do)
}

// page is a part of a list. Query.After says behind which id the next one starts.
type page struct {
	query ledger.Query
	found []ledger.Record
	last  bool
}

func (p *page) read(tx *tx) error {
	p.found = p.found[:0]
	b, prefix := tx.records, []byte(nil)
	if p.query.Subject != "" {
		b, prefix = tx.subjects, subjectPrefix(p.query.Subject)
	}
	c := b.Cursor()
	k, kept := behind(c, append(bytes.Clone(prefix), p.query.After...))
	for range pageSize {
		if k == nil || !bytes.HasPrefix(k, prefix) {
			p.last = true
			return nil
		}
		value, _, err := b.open(k, kept)
		if err != nil {
			return err
		}
		id := string(k[len(prefix):])
		r, err := p.record(tx, id, value)
		if err != nil {
			return err
		}
		if p.query.After = id; !tx.gone(r.Expires) && p.query.Match(r) {
			if p.found = append(p.found, r); len(p.found) == p.query.Limit {
				return nil
			}
		}
		k, kept = c.Next()
	}
	return nil
}

// record reads the one that an entry is, or stands for.
func (p *page) record(tx *tx, id string, value []byte) (ledger.Record, error) {
	if p.query.Subject == "" {
		return decode[ledger.Record](tx.records, value)
	}
	r, ok, err := tx.record(id)
	if err == nil && !ok {
		err = damage("a subject's key is not recorded")
	}
	return r, err
}

// Watch implements ledger.Ledger.
func (l *Ledger) Watch(ctx context.Context) iter.Seq2[ledger.Event, error] {
	return l.watchers.Watch(ctx, l.inForce(ctx))
}

// inForce reads all revocations that have not expired, page by page.
func (l *Ledger) inForce(ctx context.Context) iter.Seq2[ledger.Revocation, error] {
	return func(yield func(ledger.Revocation, error) bool) {
		var after []byte
		for last := false; !last; {
			var found []ledger.Revocation
			err := l.read(ctx, func(tx *tx) (err error) {
				found, after, last, err = tx.inForce(after)
				return err
			})
			if err != nil {
				yield(ledger.Revocation{}, err)
				return
			}
			for _, r := range found {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// inForce returns a page of revocations, and the key behind which the next one
// starts.
func (x *tx) inForce(after []byte) (found []ledger.Revocation, next []byte, last bool, err error) {
	c := x.revocations.Cursor()
	k, kept := behind(c, after)
	for range pageSize {
		if k == nil {
			return found, nil, true, nil
		}
		value, _, err := x.revocations.open(k, kept)
		if err != nil {
			return nil, nil, false, err
		}
		r, err := decode[ledger.Revocation](x.revocations, value)
		if err != nil {
			return nil, nil, false, err
		}
		if !x.gone(r.Expires) {
			found = append(found, r)
		}
		next = bytes.Clone(k)
		k, kept = c.Next()
	}
	return found, next, false, nil
}
