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
	Options
	mu          sync.RWMutex
	records     map[string]Record
	revocations map[string]Revocation // by Key
	sweep       int                   // size at which expired entries are looked for
	watchers    Broadcast
}

const firstSweep = 1024

// Memory returns a ledger that lives and dies with the process.
func Memory(o Options) Ledger {
	return &memory{Options: o.WithDefaults(), records: map[string]Record{}, revocations: map[string]Revocation{}, sweep: firstSweep}
}

func (m *memory) Put(ctx context.Context, r Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(r)
	return nil
}

func (m *memory) put(r Record) {
	m.prune()
	m.records[r.ID] = r
}

// prune forgets what has expired, now and then: each sweep is paid for by as many
// writes.
func (m *memory) prune() {
	if len(m.records)+len(m.revocations) < m.sweep {
		return
	}
	maps.DeleteFunc(m.records, func(_ string, r Record) bool { return m.gone(r.Expires) })
	maps.DeleteFunc(m.revocations, func(_ string, r Revocation) bool { return m.gone(r.Expires) })
	m.sweep = max(firstSweep, 2*(len(m.records)+len(m.revocations)))
}

func (m *memory) Replace(ctx context.Context, successor Record, old Revocation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.records[old.ID]
	switch {
	case !ok || m.gone(r.Expires):
		return ErrNotFound
	case !r.Revoked.IsZero():
		return ErrReplaced
	}
	if err := m.revoke(old); err != nil {
		return err
	}
	m.put(successor)
	return nil
}

func (m *memory) Revoke(ctx context.Context, r Revocation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.revoke(r)
}

func (m *memory) revoke(r Revocation) error {
	if err := r.Check(); err != nil {
		return err
	}
	if there, ok := m.revocations[r.Key()]; ok && !r.Supersedes(there) {
		return nil
	}
	m.prune()
	m.revocations[r.Key()] = r
	if record, ok := m.records[r.ID]; ok && r.ID != "" {
		m.records[r.ID] = record.WithRevocation(r)
	}
	m.watchers.Tell(r)
	return nil
}

func (m *memory) Get(ctx context.Context, id string) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	r, ok := m.records[id]
	if !ok || m.gone(r.Expires) {
		return Record{}, ErrNotFound
	}
	return r, nil
}

func (m *memory) List(ctx context.Context, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		m.mu.RLock()
		ids := slices.Sorted(maps.Keys(m.records))
		m.mu.RUnlock()
		n := 0
		for _, id := range ids {
			if err := ctx.Err(); err != nil {
				yield(Record{}, err)
				return
			}
			if id <= q.After {
				continue
			}
			if q.Limit > 0 && n >= q.Limit {
				return
			}
			r, err := m.Get(ctx, id)
			if err != nil || !q.Match(r) {
				continue // one that has expired meanwhile, among them
			}
			n++
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (m *memory) Watch(ctx context.Context) iter.Seq2[Event, error] {
	return m.watchers.Watch(ctx, func(yield func(Revocation, error) bool) {
		m.mu.RLock()
		all := slices.Collect(maps.Values(m.revocations))
		m.mu.RUnlock()
		for _, r := range all {
			if !m.gone(r.Expires) && !yield(r, nil) {
				return
			}
		}
	})
}

func (m *memory) Touch(ctx context.Context, used map[string]time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, at := range used {
		if r, ok := m.records[id]; ok && at.After(r.LastUsed) {
			r.LastUsed = at
			m.records[id] = r
		}
	}
	return nil
}

func (m *memory) Close() error {
	m.watchers.Close()
	return nil
}

func (m *memory) gone(expires time.Time) bool { return Gone(expires, m.Now(), m.Leeway) }
