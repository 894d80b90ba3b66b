package bearer

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

func TestPlacesForQuestionsAreSharedByNetworks(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr
	var s slots
	for i := range maxOfNetwork {
		require.True(t, s.take(addr(fmt.Sprintf("192.0.2.%d", i))))
		require.True(t, s.take(addr(fmt.Sprintf("2001:db8::%d", i))))
	}
	for _, full := range []string{"192.0.2.255", "::ffff:192.0.2.1", "2001:db8::ffff"} {
		require.False(t, s.take(addr(full)), full)
	}
	for _, free := range []string{"192.0.3.1", "2001:db8:0:1::1"} {
		require.True(t, s.take(addr(free)), free)
	}
	s.free(addr("192.0.2.77"))
	require.True(t, s.take(addr("192.0.2.78")))
	require.False(t, s.take(addr("192.0.2.79")))
	for s.taken < maxFlights {
		require.True(t, s.take(netip.Addr{}), "who is not known is not bounded by himself")
	}
	require.False(t, s.take(addr("198.51.100.1")))
	for range maxFlights - 2*maxOfNetwork - 2 {
		s.free(netip.Addr{})
	}
	for range maxOfNetwork {
		s.free(addr("192.0.2.1"))
		s.free(addr("2001:db8::1"))
	}
	s.free(addr("192.0.3.1"))
	s.free(addr("2001:db8:0:1::1"))
	require.Zero(t, s.taken)
	require.Empty(t, s.of)
}

func TestGarbageOfOneNetworkLeavesOthersTheirAnswers(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	hold := make(chan struct{})
	o.hold = hold
	from := func(client string) *caddymgw.Request {
		r := request()
		r.Client = netip.MustParseAddr(client)
		return r
	}
	var wg sync.WaitGroup
	for i := range 5 * maxOfNetwork {
		wg.Go(func() { d.judge(t, fmt.Sprint("garbage", i), from("192.0.2.1")) })
	}
	require.Eventually(t, func() bool { return o.count() == maxOfNetwork }, 5*time.Second, time.Millisecond)
	require.Equal(t, caddymgw.UnavailableFor(caddymgw.ReasonBusy), d.judge(t, "mine", from("192.0.2.2")))
	o.mu.Lock()
	o.hold = nil
	o.mu.Unlock()
	require.Equal(t, caddymgw.Satisfied, d.judge(t, "good", from("198.51.100.1")).Outcome)
	close(hold)
	wg.Wait()
}
