package usage

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

func recorder() *Recorder {
	return New(func() time.Time { return start.Add(time.Hour) })
}

// at is so many minutes after the start.
func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func TestLast(t *testing.T) {
	t.Parallel()
	type step struct {
		hand, settle, failed bool
		used                 int // minute; 0: none
	}
	used := func(minute int) step { return step{used: minute} }
	hand, taken, failed := step{hand: true}, step{settle: true}, step{settle: true, failed: true}
	for name, tc := range map[string]struct {
		steps []step
		want  int // minute; 0: unknown
	}{
		"never used":                              {nil, 0},
		"used":                                    {[]step{used(1)}, 1},
		"used again":                              {[]step{used(1), used(2)}, 2},
		"used before, but told after":             {[]step{used(2), used(1)}, 2},
		"being handed over":                       {[]step{used(1), hand}, 1},
		"handed over":                             {[]step{used(1), hand, taken}, 0},
		"used meanwhile":                          {[]step{used(1), hand, used(2)}, 2},
		"used before, but told meanwhile":         {[]step{used(2), hand, used(1)}, 2},
		"used meanwhile, then handed over":        {[]step{used(1), hand, used(2), taken}, 2},
		"not taken":                               {[]step{used(1), hand, failed}, 1},
		"not taken, and used meanwhile":           {[]step{used(1), hand, used(2), failed}, 2},
		"not taken, and used before it":           {[]step{used(2), hand, used(1), failed}, 2},
		"not taken at first":                      {[]step{used(1), hand, failed, hand, taken}, 0},
		"a clock that was set back by two hours":  {[]step{used(180), hand}, 60},
		"and once more, where it was not taken":   {[]step{used(180), hand, failed, used(70), hand, failed}, 60},
		"nothing to hand over twice in a row":     {[]step{used(1), hand, taken, hand, taken}, 0},
		"not taken, twice, and used in between":   {[]step{used(1), hand, failed, used(3), hand, used(2), failed}, 3},
		"used again after it was handed over":     {[]step{used(1), hand, taken, used(2)}, 2},
		"of another, handed over, and none since": {[]step{hand, taken}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := recorder()
			r.Used("other", at(9))
			for _, s := range tc.steps {
				switch {
				case s.hand:
					r.hand()
				case s.settle:
					r.settle(s.failed)
				default:
					r.Used("k", at(s.used))
				}
			}
			last, ok := r.Last("k")
			require.Equal(t, tc.want > 0, ok)
			if tc.want > 0 {
				require.Equal(t, at(tc.want), last)
			} else {
				require.Zero(t, last)
			}
		})
	}
}

func TestNoMoreIsHeldThanTheBound(t *testing.T) {
	t.Parallel()
	r := recorder()
	fill := func(prefix string, n int) {
		for i := range n {
			r.Used(prefix+strconv.Itoa(i), at(1))
		}
	}
	fill("a", maxHeld+10)
	require.Len(t, r.waiting, maxHeld)
	r.Used("a0", at(2))
	last, _ := r.Last("a0")
	require.Equal(t, at(2), last, "those that are held go on")

	r.hand()
	fill("b", 10)
	fill("a", 10)
	require.Empty(t, r.waiting, "what is being handed over counts")
	r.settle(true)
	require.Len(t, r.waiting, maxHeld)

	r.hand()
	r.settle(false)
	fill("b", 10)
	require.Len(t, r.waiting, 10, "there is room again")
	r.hand()
	fill("c", maxHeld)
	r.settle(true)
	require.Len(t, r.waiting, maxHeld)
}

func TestTheTextAroundAnIDIsNotHeld(t *testing.T) {
	t.Parallel()
	r := recorder()
	text := "id" + strings.Repeat("x", 1<<10)
	r.Used(text[:2], at(1))
	for id := range r.hand() {
		require.Equal(t, "id", id)
		require.NotSame(t, unsafe.StringData(text), unsafe.StringData(id))
	}
}

func TestManyMayUseAtOnce(t *testing.T) {
	t.Parallel()
	r := recorder()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 2000 {
				r.Used(strconv.Itoa(i%100), at(1+i/100))
				_, _ = r.Last("7")
			}
		})
	}
	wg.Go(func() {
		for i := range 100 {
			if r.hand() != nil {
				r.settle(i%2 == 0)
			}
		}
	})
	wg.Wait()
	r.Used("7", at(30))
	last, ok := r.Last("7")
	require.True(t, ok)
	require.Equal(t, at(30), last)
}

func BenchmarkUsed(b *testing.B) {
	r := recorder()
	ids := make([]string, 1<<12)
	for i := range ids {
		ids[i] = strconv.Itoa(i)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			r.Used(ids[i%len(ids)], at(i%50))
		}
	})
}
