package keyring

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// memory is a Storage that locks honestly: one owner a name, others wait, and
// nothing is changed in a keyring without its lock.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	locks   map[string]chan struct{}
	before  func(operation, key string) error // may be nil
}

func newMemory() *memory {
	return &memory{objects: map[string][]byte{}, locks: map[string]chan struct{}{}}
}

func (m *memory) enter(ctx context.Context, operation, key string) error {
	if m.before != nil {
		if err := m.before(operation, key); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (m *memory) lock(name string) chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[name] == nil {
		m.locks[name] = make(chan struct{}, 1)
	}
	return m.locks[name]
}

func (m *memory) Lock(ctx context.Context, name string) error {
	if err := m.enter(ctx, "Lock", name); err != nil {
		return err
	}
	select {
	case m.lock(name) <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *memory) Unlock(ctx context.Context, name string) error {
	if err := m.enter(ctx, "Unlock", name); err != nil {
		return err
	}
	select {
	case <-m.lock(name):
		return nil
	default:
		return errors.New("not locked")
	}
}

func (m *memory) Store(ctx context.Context, key string, value []byte) error {
	if err := m.enter(ctx, "Store", key); err != nil {
		return err
	}
	if err := m.changes(key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[key] = slices.Clone(value)
	return nil
}

func (m *memory) changes(key string) error {
	purpose := path.Base(path.Dir(key))
	if purpose == "keyring-needs" {
		purpose = strings.TrimSuffix(path.Base(key), ".json")
	}
	if len(m.lock("mgw_keyring_"+purpose)) == 0 {
		return errors.New("changed without the lock")
	}
	return nil
}

func (m *memory) Delete(ctx context.Context, key string) error {
	if err := m.enter(ctx, "Delete", key); err != nil {
		return err
	}
	if err := m.changes(key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	return nil
}

func (m *memory) Exists(_ context.Context, key string) bool {
	return slices.ContainsFunc(m.names(), func(name string) bool { return name == key || strings.HasPrefix(name, key+"/") })
}

func (m *memory) Load(ctx context.Context, key string) ([]byte, error) {
	if err := m.enter(ctx, "Load", key); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.objects[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(value), nil
}

func (m *memory) List(ctx context.Context, prefix string, _ bool) ([]string, error) {
	if err := m.enter(ctx, "List", prefix); err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(m.names(), func(name string) bool { return !strings.HasPrefix(name, prefix+"/") })
	if len(names) == 0 {
		return nil, fs.ErrNotExist
	}
	return names, nil
}

func (m *memory) names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.objects))
}
