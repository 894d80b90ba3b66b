package throttle

import "time"

// limit is what failures of one kind cost.
type limit struct {
	free    int           // failures for which nobody waits
	most    int           // failures that are counted
	longest time.Duration // wait; the first is one second, and each twice the last
	forget  time.Duration // how long it takes to forget one failure
}

// table counts the failures of one kind.
type table struct {
	limit
	// few are counters with failures that are free still. Many have more: it
	// takes as much failing to push them out.
	few, many *lru[counter]
}

// counter counts failures, and attempts that are not judged yet.
type counter struct {
	failures  int
	last      time.Duration // when it last failed, or an attempt began
	by        uint64        // the attempt which that was
	forgotten time.Duration // until when failures were forgotten
	born      uint64        // the attempt that began it
}

// newTable counts up to where the wait is the longest, if the limit says no other.
func newTable(l limit) *table {
	if l.most == 0 {
		for l.most = l.free; time.Second<<(l.most-l.free) < l.longest; {
			l.most++
		}
	}
	return &table{limit: l, few: newLRU[counter](size), many: newLRU[counter](size)}
}

// get returns the counter of a key as it is now; nil: there is none.
func (t *table) get(k key, now time.Duration) *counter {
	c := t.many.get(k)
	if c == nil {
		c = t.few.get(k)
	}
	if c == nil {
		return nil
	}
	since := now - c.forgotten
	c.forgotten = now - since%t.forget
	c.failures = max(0, c.failures-int(since/t.forget))
	return c
}

func (t *table) failures(k key, now time.Duration) int {
	if c := t.get(k, now); c != nil {
		return c.failures
	}
	return 0
}

// wait returns how long to wait where so many failures are free.
func (t *table) wait(k key, now time.Duration, free int) time.Duration {
	c := t.get(k, now)
	if c == nil || c.failures < free {
		return 0
	}
	delay := min(time.Second<<(c.failures-free), t.longest)
	return max(0, c.last+delay-now)
}

// charge is what an attempt was charged with, to be given back.
type charge struct {
	key        key
	born       uint64 // the counter's
	counted    bool
	by         uint64 // this attempt
	lastBefore time.Duration
	byBefore   uint64
}

// charge counts an attempt as a failure.
func (t *table) charge(k key, now time.Duration, attempt uint64) charge {
	c := t.get(k, now)
	if c == nil {
		c = t.few.put(k, counter{born: attempt, forgotten: now})
	}
	if c.failures == 0 {
		c.forgotten = now
	}
	ch := charge{k, c.born, c.failures < t.most, attempt, c.last, c.by}
	if ch.counted {
		c.failures++
	}
	c.last, c.by = now, attempt
	if c.failures >= t.free && t.few.get(k) != nil {
		moved := *c
		t.few.remove(k)
		t.many.put(k, moved)
	}
	return ch
}

// confirm counts an attempt that was found wrong, which it is already, unless
// its counter was removed or pushed out meanwhile. The wait begins now.
func (t *table) confirm(ch charge, now time.Duration, attempt uint64) {
	c := t.get(ch.key, now)
	if c == nil || c.born != ch.born {
		t.charge(ch.key, now, attempt)
		return
	}
	c.last, c.by = now, attempt
}

// refund takes a charge back. The wait is again what it was before, unless there
// was an attempt since.
func (t *table) refund(ch charge, now time.Duration) {
	c := t.get(ch.key, now)
	if c == nil || c.born != ch.born {
		return
	}
	if ch.counted {
		c.failures = max(0, c.failures-1)
	}
	if c.by == ch.by {
		c.last, c.by = ch.lastBefore, ch.byBefore
	}
	if c.failures == 0 {
		t.remove(ch.key)
	}
}

func (t *table) remove(k key) {
	t.few.remove(k)
	t.many.remove(k)
}
