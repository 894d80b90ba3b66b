package ledger

import (
	"context"
	"errors"
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
	subjects    map[string]map[string]bool // the ids of each
	revocations map[string]Revocation      // by Key
	sweep       int                        // size at which expired entries are looked for
	closed      bool
	watchers    Broadcast
}

const firstSweep = 1024

// Memory returns a ledger that lives and dies with the process.
func Memory(o Options) Ledger {
	return &memory{
		Options: o.WithDefaults(), records: map[string]Record{}, subjects: map[string]map[string]bool{},
		revocations: map[string]Revocation{}, sweep: firstSweep,
	}
}

// refused returns why nothing can be done. It is asked with mu held.
func (m *memory) refused(ctx context.Context) error {
	if m.closed {
		return ErrClosed
	}
	return ctx.Err()
}

// write does something with the ledger locked.
func (m *memory) write(ctx context.Context, do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.refused(ctx); err != nil {
		return err
	}
	return do()
}

func (m *memory) Put(ctx context.Context, r Record) error {
	return m.write(ctx, func() error {
		if err := r.Check(); err != nil {
			return err
		}
		m.put(r.Clone())
		return nil
	})
}

func (m *memory) put(r Record) {
	m.prune()
	if by, ok := m.revocation("id:" + r.ID); ok {
		r = r.WithRevocation(by)
	}
	m.forget(r.ID)
	m.records[r.ID] = r
	if m.subjects[r.Subject] == nil {
		m.subjects[r.Subject] = map[string]bool{}
	}
	m.subjects[r.Subject][r.ID] = true
}

// forget drops a record, if it is there.
func (m *memory) forget(id string) {
	r, ok := m.records[id]
	if !ok {
		return
	}
	delete(m.records, id)
	delete(m.subjects[r.Subject], id)
	if len(m.subjects[r.Subject]) == 0 {
		delete(m.subjects, r.Subject)
	}
}

// prune forgets what has expired, now and then: each sweep is paid for by as many
// writes.
func (m *memory) prune() {
	if len(m.records)+len(m.revocations) < m.sweep {
		return
	}
	for id, r := range m.records {
		if m.gone(r.Expires) {
			m.forget(id)
		}
	}
	maps.DeleteFunc(m.revocations, func(_ string, r Revocation) bool { return m.gone(r.Expires) })
	m.sweep = max(firstSweep, 2*(len(m.records)+len(m.revocations)))
}

func (m *memory) Replace(ctx context.Context, successor Record, old Revocation) error {
	return m.write(ctx, func() error {
		if err := successor.Check(); err != nil {
			return err
		}
		r, ok := m.record(old.ID)
		switch {
		case !ok:
			return ErrNotFound
		case !r.Revoked.IsZero():
			return ErrReplaced
		}
		if err := m.revoke(old); err != nil {
			return err
		}
		m.put(successor.Clone())
		return nil
	})
}

func (m *memory) Revoke(ctx context.Context, r Revocation) error {
	return m.write(ctx, func() error { return m.revoke(r) })
}

func (m *memory) revoke(r Revocation) error {
	if err := r.Check(); err != nil {
		return err
	}
	r = r.UTC()
	if there, ok := m.revocation(r.Key()); ok && !r.Supersedes(there) {
		return nil
	}
	m.prune()
	m.revocations[r.Key()] = r
	if record, ok := m.records[r.ID]; ok {
		m.records[r.ID] = record.WithRevocation(r)
	}
	m.watchers.Tell(r)
	return nil
}

// record returns one that has not expired; so does revocation.
func (m *memory) record(id string) (Record, bool) {
	r, ok := m.records[id]
	return r, ok && !m.gone(r.Expires)
}

func (m *memory) revocation(key string) (Revocation, bool) {
	r, ok := m.revocations[key]
	return r, ok && !m.gone(r.Expires)
}

func (m *memory) Get(ctx context.Context, id string) (Record, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.refused(ctx); err != nil {
		return Record{}, err
	}
	r, ok := m.record(id)
	if !ok {
		return Record{}, ErrNotFound
	}
	return r.Clone(), nil
}

func (m *memory) List(ctx context.Context, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		ids, err := m.ids(ctx, q)
		if err != nil {
			yield(Record{}, err)
			return
		}
		n := 0
		for _, id := range ids {
			r, err := m.Get(ctx, id)
			switch {
			case errors.Is(err, ErrNotFound), err == nil && !q.Match(r):
				continue // one that has expired meanwhile, among them
			case err != nil:
				yield(Record{}, err)
				return
			}
			n++
			if !yield(r, nil) || n == q.Limit {
				return
			}
		}
	}
}

// ids returns those that a list has to look at, in order.
func (m *memory) ids(ctx context.Context, q Query) ([]string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.refused(ctx); err != nil {
		return nil, err
	}
	all := maps.Keys(m.records)
	if q.Subject != "" {
		all = maps.Keys(m.subjects[q.Subject])
	}
	var ids []string
	for id := range all {
		if id > q.After {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
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
	return m.write(ctx, func() error {
		for id, at := range used {
			if r, ok := m.records[id]; ok && at.After(r.LastUsed) {
				r.LastUsed = at.UTC()
				m.records[id] = r
			}
		}
		return nil
	})
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.watchers.Close()
	return nil
}

func (m *memory) gone(expires time.Time) bool { return Gone(expires, m.Now(), m.Leeway) }
