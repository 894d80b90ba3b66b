package examples_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/redistest"
)

// TestEveryGatewayLearnsOfARevocation revokes keys on one of three gateways in
// turn: that one refuses the very next call, and the others are asked until they
// do. It prints how long that took.
func TestEveryGatewayLearnsOfARevocation(t *testing.T) {
	redis := redistest.Start(t)
	dir := newFleet(t)
	var nodes []*node
	for range 3 {
		nodes = append(nodes, newNode(t, dir, "redis "+redis.URL()+"/0"))
	}
	var mu sync.Mutex
	var took []time.Duration
	for i := range often(60, 1000) {
		k := nodes[i%3].mustIssue()
		for _, n := range nodes {
			require.Equal(t, 200, n.use(k.Key).status, "a key works everywhere at once")
		}
		require.NoError(t, nodes[(i+1)%3].revoke(k.ID))
		acknowledged := time.Now()
		require.Equal(t, 401, nodes[(i+1)%3].use(k.Key).status, "the gateway that acknowledged it")
		var others sync.WaitGroup
		for _, n := range []*node{nodes[i%3], nodes[(i+2)%3]} {
			others.Go(func() {
				for deadline := acknowledged.Add(10 * time.Second); time.Now().Before(deadline); {
					if a, err := n.send("GET", "/hello", "", k.Key); err == nil && a.status == 401 {
						mu.Lock()
						took = append(took, time.Since(acknowledged))
						mu.Unlock()
						return
					}
				}
			})
		}
		others.Wait()
		require.Len(t, took, 2*(i+1), "a gateway goes on to accept a revoked key")
	}
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(10 * time.Microsecond) }
	t.Logf("%d revocations, refused by the others after: median %v, 90%% %v, 99%% %v, worst %v",
		len(took)/2, at(0.5), at(0.9), at(0.99), at(1))
}

// TestAGatewayThatComesLaterKnowsAll starts one after revocations were made, and
// one that was away while they were.
func TestAGatewayThatComesLaterKnowsAll(t *testing.T) {
	redis := redistest.Start(t)
	dir := newFleet(t)
	first := newNode(t, dir, "redis "+redis.URL()+"/0")
	second := newNode(t, dir, "redis "+redis.URL()+"/0")
	k, kept := first.mustIssue(), first.mustIssue()
	second.kill()
	require.NoError(t, first.revoke(k.ID))
	second.start()
	third := newNode(t, dir, "redis "+redis.URL()+"/0")
	for _, n := range []*node{second, third} {
		require.Equal(t, 401, n.use(k.Key).status)
		require.Equal(t, 200, n.use(kept.Key).status)
	}
}
