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
// nothing is stored in a keyring without its lock.
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
	if len(m.lock("mgw_keyring_"+path.Base(path.Dir(key)))) == 0 {
		return errors.New("stored without the lock")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[key] = slices.Clone(value)
	return nil
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
