package token

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func parsed(t testing.TB, text string) *Verified {
	t.Helper()
	tok, err := Parse(text)
	require.NoError(t, err)
	return &Verified{Token: tok, Key: "key", Derived: 1}
}

func TestCacheReturnsWhatWasPut(t *testing.T) {
	t.Parallel()
	c := NewCache(0)
	text := compact(goodHeader, goodPayload)
	want := parsed(t, text)
	c.Put(text, want)
	got, ok := c.Get(text)
	require.True(t, ok)
	require.Equal(t, want, got)
}

func TestCacheFindsNoOtherText(t *testing.T) {
	t.Parallel()
	c := NewCache(10)
	text := compact(goodHeader, goodPayload)
	c.Put(text, parsed(t, text))
	for name, other := range map[string]string{
		"another signature": compact(goodHeader, goodPayload)[:len(text)-1] + "A",
		"another payload":   compact(goodHeader, `{"sub":"admin"}`),
		"a line feed":       text + "\n",
		"less":              text[:len(text)-1],
		"nothing":           "",
	} {
		_, ok := c.Get(other)
		require.False(t, ok, name)
	}
}

func TestCacheStaysWithinItsSize(t *testing.T) {
	t.Parallel()
	const size = 100
	c := NewCache(size)
	var wg sync.WaitGroup
	for worker := range 3 {
		wg.Go(func() {
			for i := range size {
				text := compact(goodHeader, fmt.Sprintf(`{"jti":"%d-%d"}`, worker, i))
				c.Put(text, parsed(t, text))
				_, _ = c.Get(text)
			}
		})
	}
	wg.Wait()
	require.Eventually(t, func() bool { return c.Len() <= size }, 10*time.Second, 5*time.Millisecond)
	require.Positive(t, c.Len())
}

func TestCacheHoldsNothingLargerThanTheToken(t *testing.T) {
	t.Parallel()
	text := compact(goodHeader, goodPayload)
	line := "Bearer " + text + strings.Repeat(" ", 1<<10)
	presented := line[len("Bearer "):][:len(text)]
	c := NewCache(10)
	c.Put(presented, parsed(t, presented))
	got, ok := c.Get(text)
	require.True(t, ok)
	require.Equal(t, text[:len(got.signed)], got.signed)
	require.NotSame(t, unsafe.StringData(presented), unsafe.StringData(got.signed), "it would keep the line alive")
}

func BenchmarkCacheGet(b *testing.B) {
	c := NewCache(0)
	text := compact(goodHeader, goodPayload)
	c.Put(text, parsed(b, text))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, ok := c.Get(text); !ok {
				b.Error("it is lost")
				return
			}
		}
	})
}
