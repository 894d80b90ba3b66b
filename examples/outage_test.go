package examples_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/redistest"
)

// TestWithoutRedis stops Redis under load, for a minute in a soak, and looks at
// what holds, what is answered with 503, and how it returns.
func TestWithoutRedis(t *testing.T) {
	for name, outage := range map[string]struct{ begin, end func(*redistest.Server) }{
		"killed": {(*redistest.Server).Kill, (*redistest.Server).Restart},
		"hangs":  {(*redistest.Server).Pause, (*redistest.Server).Resume},
	} {
		t.Run(name, func(t *testing.T) {
			redis := redistest.Start(t)
			dir := newFleet(t)
			ledger := "redis " + redis.URL() + "/0"
			n, other := newNode(t, dir, ledger), newNode(t, dir, ledger)
			good, lost := n.mustIssue(), n.mustIssue()
			require.NoError(t, n.revoke(lost.ID))
			require.Eventually(t, func() bool { return other.use(lost.Key).status == 401 }, 10*time.Second, time.Millisecond)
			require.InDelta(t, 1, n.metric("caddy_mgw_ledger_up"), 0)

			stop := make(chan struct{})
			var calls, wrong, unavailable atomic.Int64
			var load sync.WaitGroup
			for range 2 {
				load.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						calls.Add(2)
						if a, err := n.send("GET", "/hello", "", good.Key); err != nil || a.status != 200 {
							wrong.Add(1)
						}
						if a, err := other.send("GET", "/hello", "", lost.Key); err != nil || a.status != 401 {
							wrong.Add(1)
						}
					}
				})
			}
			outage.begin(redis)
			for began := time.Now(); time.Since(began) < time.Duration(often(8, 60))*time.Second; {
				a, err := n.send("POST", "/apikey", "")
				require.NoError(t, err)
				require.Equal(t, 503, a.status, a.body)
				require.NotEmpty(t, a.header.Get("Retry-After"))
				require.Error(t, n.revoke(good.ID))
				unavailable.Add(2)
			}
			require.Zero(t, n.metric("caddy_mgw_ledger_up"))
			require.Contains(t, n.server.log.String(), "the ledger is away")
			outage.end(redis)
			returned := time.Now()
			var k issuedKey
			require.Eventually(t, func() bool {
				var err error
				k, err = n.issue()
				return err == nil
			}, 30*time.Second, 10*time.Millisecond)
			t.Logf("issuing again %v after Redis was back", time.Since(returned).Round(time.Millisecond))
			require.Eventually(t, func() bool { return n.metric("caddy_mgw_ledger_up") == 1 }, 30*time.Second, 50*time.Millisecond)
			require.NoError(t, n.revoke(k.ID))
			require.Eventually(t, func() bool { return other.use(k.Key).status == 401 }, 30*time.Second, 10*time.Millisecond)
			close(stop)
			load.Wait()
			require.Zero(t, wrong.Load())
			t.Logf("%d calls with keys during it, none answered wrongly; %d issues and revocations got 503", calls.Load(), unavailable.Load())
		})
	}
}

// TestWhatWasAcknowledgedSurvives kills the gateway, and Redis, at random moments
// while keys are issued and revoked, and asks afterwards for every key.
func TestWhatWasAcknowledgedSurvives(t *testing.T) {
	for name, kept := range map[string]string{"in a file": "bolt", "in Redis": "redis"} {
		t.Run(name, func(t *testing.T) {
			ledger := "bolt"
			var redis *redistest.Server
			if kept == "redis" {
				redis = redistest.Start(t)
				ledger = "redis " + redis.URL() + "/0"
			}
			n := newNode(t, newFleet(t), ledger)
			diary := &diary{want: map[string]string{}}
			done := 0
			for kills := 0; done < often(600, 10_000); kills++ {
				stop := make(chan struct{})
				var writers sync.WaitGroup
				for range 8 {
					writers.Go(func() { diary.write(n, stop) })
				}
				time.Sleep(time.Duration(100+rand.IntN(600)) * time.Millisecond)
				if redis != nil && kills%2 == 0 {
					redis.Kill()
					redis.Restart()
				} else {
					n.kill()
				}
				close(stop)
				writers.Wait()
				if redis == nil || kills%2 == 1 {
					n.start()
				}
				require.Eventually(t, func() bool { _, err := n.issue(); return err == nil }, 30*time.Second, 10*time.Millisecond)
				done = diary.len()
			}
			states := n.states()
			for id, state := range diary.want {
				require.Contains(t, states, id, "an issue that was acknowledged")
				if state == "revoked" {
					require.Equal(t, "revoked", states[id], "a revocation that was acknowledged")
				}
			}
			for id, k := range diary.revoked {
				require.Equal(t, 401, n.use(k).status, id)
			}
			t.Logf("%d acknowledged changes, none was lost", diary.len())
		})
	}
}

// diary has what was acknowledged.
type diary struct {
	mu      sync.Mutex
	want    map[string]string // states by id
	revoked map[string]string // keys by id
	changes int
}

func (d *diary) len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changes
}

func (d *diary) note(k issuedKey, state string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes++
	d.want[k.ID] = state
	if state == "revoked" {
		if d.revoked == nil {
			d.revoked = map[string]string{}
		}
		d.revoked[k.ID] = k.Key
	}
}

// write issues and revokes until it is stopped or refused.
func (d *diary) write(n *node, stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		k, err := n.issue()
		if err != nil {
			continue
		}
		d.note(k, "active")
		if n.revoke(k.ID) == nil {
			d.note(k, "revoked")
		}
	}
}
