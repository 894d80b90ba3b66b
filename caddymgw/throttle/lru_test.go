package throttle

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheLeastRecentlyAskedForIsDropped(t *testing.T) {
	t.Parallel()
	a, b, c, d := key{1}, key{2}, key{3}, key{4}
	l := newLRU[int](3)
	for i, k := range []key{a, b, c} {
		l.put(k, i)
	}
	*l.get(a) = 10
	l.put(d, 3)
	require.Nil(t, l.get(b))
	require.Equal(t, 10, *l.get(a), "changed in place")
	require.Equal(t, 2, *l.get(c))
	require.Equal(t, 3, *l.get(d))
	l.remove(c)
	l.remove(c)
	require.Nil(t, l.get(c))
	l.put(b, 1)
	require.NotNil(t, l.get(a), "there was room")
	require.Len(t, l.at, 3)
	require.Equal(t, 3, l.order.Len())
}
