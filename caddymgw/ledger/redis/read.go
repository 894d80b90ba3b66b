package redis

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// pageSize is how many keys are read at once, others waiting.
const pageSize = 256

// Get implements ledger.Ledger.
func (l *Ledger) Get(ctx context.Context, id string) (ledger.Record, error) {
	found, err := ask(ctx, l, func(ctx context.Context) ([]any, error) {
		return l.scripts.get.Run(ctx, l.client, l.keys.shared, id).Slice()
	})
	if err != nil {
		return ledger.Record{}, err
	}
	r, ok, err := l.record(id, found)
	if err != nil {
		return ledger.Record{}, err
	}
	if !ok {
		return ledger.Record{}, ledger.ErrNotFound
	}
	return r, nil
}

// record returns one that has not expired.
func (l *Ledger) record(id string, found []any) (ledger.Record, bool, error) {
	if len(found) != 4 {
		return ledger.Record{}, false, fmt.Errorf("ledger %s: a script returns %d values", l.name, len(found))
	}
	r, ok, err := stored{found[0], found[1], found[2], found[3]}.decode()
	if err != nil {
		return r, false, fmt.Errorf("ledger %s: the record of key %q can't be read: %w", l.name, id, err)
	}
	return r, ok && !l.gone(r.Expires), nil
}

// List implements ledger.Ledger. Each page is of its own moment.
func (l *Ledger) List(ctx context.Context, q ledger.Query) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		q := q // of this reading
		for n, last := 0, false; !last; {
			var page []ledger.Record
			var err error
			if page, last, err = l.page(ctx, &q); err != nil {
				yield(ledger.Record{}, err)
				return
			}
			for _, r := range page {
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

// page reads on from q.After, which it moves. Last says that nothing follows.
func (l *Ledger) page(ctx context.Context, q *ledger.Query) (page []ledger.Record, last bool, err error) {
	size := pageSize
	if q.Limit > 0 && q.UnusedSince.IsZero() {
		size = min(size, q.Limit)
	}
	before, from, to := bounds(*q)
	found, err := ask(ctx, l, func(ctx context.Context) ([]any, error) {
		return l.scripts.page.Run(ctx, l.client, l.keys.shared, strconv.Itoa(before), from, to, strconv.Itoa(size)).Slice()
	})
	if err != nil {
		return nil, false, err
	}
	const width = 5 // the id and what a record is made of
	for ; len(found) >= width; found, size = found[width:], size-1 {
		id, ok := found[0].(string)
		if !ok {
			return nil, false, fmt.Errorf("ledger %s: a script returns no id", l.name)
		}
		r, ok, err := l.record(id, found[1:width])
		if err != nil {
			return nil, false, err
		}
		if q.After = id; ok && q.Match(r) {
			page = append(page, r)
		}
	}
	return page, size > 0, nil
}

// bounds returns where a page starts and must end, and how many bytes stand before
// each id there. A subject's keys start with its length, so that no other's do.
func bounds(q ledger.Query) (before int, from, to string) {
	if q.Subject == "" {
		if q.After == "" {
			return 0, "-", "+"
		}
		return 0, "(" + q.After, "+"
	}
	subject := strconv.Itoa(len(q.Subject)) + ":" + q.Subject
	return len(subject) + 1, "(" + subject + ":" + q.After, "(" + subject + ";" // which follows :
}
