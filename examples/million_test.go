package examples_test

import (
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/ledger/bolt"
)

// TestManyRevokedKeys compares a gateway that has revoked many keys, a million in
// a soak, with one that has revoked none: memory, start, and time for a call.
func TestManyRevokedKeys(t *testing.T) {
	many := often(20_000, 1_000_000)
	dir := newFleet(t)
	none := newNode(t, newFleet(t), "bolt")
	key := none.mustIssue().Key

	file := filepath.Join(dir, "many.db")
	fill(t, file, many)
	began := time.Now()
	full := newNode(t, dir, "bolt "+file)
	started := time.Since(began)
	require.InDelta(t, many, full.metric("caddy_mgw_revocations"), 0)
	fullKey := full.mustIssue().Key

	calls := often(500, 5000)
	var took [2]time.Duration
	for range calls { // side by side
		for i, call := range []func() reply{func() reply { return none.use(key) }, func() reply { return full.use(fullKey) }} {
			began := time.Now()
			require.Equal(t, 200, call().status)
			took[i] += time.Since(began)
		}
	}
	info, err := os.Stat(file)
	require.NoError(t, err)
	t.Logf("%d revoked: the file has %d MiB; start to first answer %v; resident %d MiB, with none revoked %d MiB; time of a call %.2f of that with none revoked",
		many, info.Size()>>20, started.Round(time.Millisecond), full.resident(), none.resident(), float64(took[1])/float64(took[0]))
}

// fill makes a ledger with revoked keys.
func fill(t *testing.T, file string, n int) {
	t.Helper()
	l, err := bolt.Open(file, ledger.Options{})
	require.NoError(t, err)
	now := time.Now().UTC()
	var writers sync.WaitGroup
	const parallel = 256 // they share a sync of the disk
	for range parallel {
		writers.Go(func() {
			for range n / parallel {
				id := make([]byte, 16)
				_, _ = rand.Read(id)
				revoke(t, l, base64.RawURLEncoding.EncodeToString(id), now)
			}
		})
	}
	writers.Wait()
	for range n % parallel {
		revoke(t, l, rand.Text(), now)
	}
	require.NoError(t, l.Close())
	if os.Getuid() == 0 {
		require.NoError(t, os.Chown(file, nobody, nobody))
	}
}

func revoke(t *testing.T, l ledger.Ledger, id string, now time.Time) {
	err := l.Revoke(t.Context(), ledger.Revocation{ID: id, Made: now, Effective: now, Expires: now.Add(time.Hour)})
	if err != nil {
		t.Error(err)
	}
}
