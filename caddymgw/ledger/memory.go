package ledger

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

type memory struct {
	mu      sync.RWMutex
	records map[string]Record
	now     func() time.Time
	sweep   int // size at which expired records are looked for
}

const firstSweep = 1024

// Memory returns a ledger that lives and dies with the process.
func Memory(now func() time.Time) Ledger {
	return &memory{records: map[string]Record{}, now: now, sweep: firstSweep}
}

func (m *memory) Put(ctx context.Context, r Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.records) >= m.sweep {
		maps.DeleteFunc(m.records, func(_ string, r Record) bool { return m.expired(r) })
		m.sweep = max(firstSweep, 2*len(m.records)) // amortised: each sweep is paid for
	}
	m.records[r.ID] = r
	return nil
}

func (m *memory) Get(ctx context.Context, id string) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	r, ok := m.records[id]
	if !ok || m.expired(r) {
		return Record{}, ErrNotFound
	}
	return r, nil
}

func (m *memory) List(ctx context.Context, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(Record{}, err)
			return
		}
		m.mu.RLock()
		ids := slices.Sorted(maps.Keys(m.records))
		m.mu.RUnlock()
		n := 0
		for _, id := range ids {
			if id <= q.After || q.Limit > 0 && n >= q.Limit {
				continue
			}
			r, err := m.Get(ctx, id)
			if err != nil {
				continue // it has expired meanwhile
			}
			n++
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (*memory) Close() error { return nil }

func (m *memory) expired(r Record) bool {
	return !r.Expires.IsZero() && !m.now().Before(r.Expires)
}
