package throttle

import "container/list"

// lru keeps as many values as fit, and drops the one that was not asked for the
// longest: exactly, and at once. A cache that evicts in the background, or by
// what it guesses of the future, would make counters forget at random.
type lru[V any] struct {
	size  int
	order *list.List // of *entry[V], the latest in front
	at    map[key]*list.Element
}

type entry[V any] struct {
	key   key
	value V
}

func newLRU[V any](size int) *lru[V] {
	return &lru[V]{size: size, order: list.New(), at: map[key]*list.Element{}}
}

// get returns the value of a key, to be changed in place; nil: there is none.
func (l *lru[V]) get(k key) *V {
	e, ok := l.at[k]
	if !ok {
		return nil
	}
	l.order.MoveToFront(e)
	return &e.Value.(*entry[V]).value
}

// put adds a key that is not there.
func (l *lru[V]) put(k key, v V) *V {
	if len(l.at) >= l.size {
		l.remove(l.order.Back().Value.(*entry[V]).key)
	}
	e := &entry[V]{k, v}
	l.at[k] = l.order.PushFront(e)
	return &e.value
}

func (l *lru[V]) remove(k key) {
	if e, ok := l.at[k]; ok {
		l.order.Remove(e)
		delete(l.at, k)
	}
}
