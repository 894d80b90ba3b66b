package modules_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"
	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

func init() {
	caddy.RegisterModule(new(slowStorage))
}

// slowStorage is a file system whose signing keys are half a second away, or
// never come while it is broken.
type slowStorage struct {
	*certmagic.FileStorage `json:"-"`
	Root                   string `json:"root"`
}

var (
	keyringOpened atomic.Int64
	storageBroken atomic.Bool
)

func (*slowStorage) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.storage.mgw_test_slow", New: func() caddy.Module { return new(slowStorage) }}
}

func (s *slowStorage) CertMagicStorage() (certmagic.Storage, error) {
	s.FileStorage = &certmagic.FileStorage{Path: s.Root}
	return s, nil
}

func (s *slowStorage) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	if strings.HasPrefix(prefix, "mgw/keyring") {
		time.Sleep(500 * time.Millisecond)
		keyringOpened.Add(1)
		if storageBroken.Load() {
			return nil, os.ErrPermission
		}
	}
	return s.FileStorage.List(ctx, prefix, recursive)
}

func withSlowStorage(t *testing.T, g *harness.Gateway) []byte {
	t.Helper()
	config, err := g.Adapt(withKeys("ledger bolt $DIR/keys.db"))
	require.NoError(t, err)
	s := strings.Replace(string(config), `"module": "file_system"`, `"module": "mgw_test_slow"`, 1)
	require.Contains(t, s, "mgw_test_slow")
	return []byte(s)
}

// TestNoRequestIsDecidedBeforeReady starts with signing keys that take half a
// second to open, while requests come as soon as the port is open.
func TestNoRequestIsDecidedBeforeReady(t *testing.T) {
	g := harness.New(t, map[string]string{"shop.yaml": shop})
	config := withSlowStorage(t, g)
	keyringOpened.Store(0)
	stop := make(chan struct{})
	var early, served atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for client := harness.Client(false); ; {
				select {
				case <-stop:
					return
				default:
				}
				opened := keyringOpened.Load() > 0
				a, err := harness.Send(client, "GET", "http://localhost:"+g.HTTP+"/shop/v1/pets/1", "")
				if err != nil {
					continue
				}
				served.Add(1)
				if !opened && keyringOpened.Load() == 0 || a.Status != 401 {
					early.Add(1)
				}
			}
		})
	}
	require.NoError(t, caddy.Load(config, true))
	time.Sleep(100 * time.Millisecond)
	close(stop)
	wg.Wait()
	require.Positive(t, served.Load())
	require.Zero(t, early.Load(), "answers before the signing keys were open")
}

func TestAStartThatFailsLeavesTheOldGatewayServing(t *testing.T) {
	g := startShop(t)
	k := key(t, g, alice)
	storageBroken.Store(true)
	defer storageBroken.Store(false)
	require.ErrorContains(t, caddy.Load(withSlowStorage(t, g), true), "opening the signing keys")
	require.Equal(t, 200, g.Get("/shop/v1/pets/1", "X-Api-Key: "+k).Status)
	require.NoError(t, g.Load(shopCaddyfile), "and the next configuration starts")
	require.Equal(t, 200, g.Get("/shop/v1/pets/1", "X-Api-Key: "+k).Status)
}

func TestReloadsKeepKeysAndUsers(t *testing.T) {
	g := startShop(t)
	k := key(t, g, alice)
	for range 5 {
		require.NoError(t, g.Load(shopCaddyfile))
		require.Equal(t, 200, g.Get("/shop/v1/pets/1", "X-Api-Key: "+k).Status)
	}
	t.Run("what is broken is refused", func(t *testing.T) {
		broken := strings.Replace(shopCaddyfile, "subject", "subjekt", 1)
		require.Error(t, g.Load(broken))
		require.Equal(t, 200, g.Get("/shop/v1/pets/1", "X-Api-Key: "+k).Status)
	})
	t.Run("a changed document is seen, though the Caddyfile is the same", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(g.Dir, "shop.yaml"), []byte(strings.Replace(shop, "/pets/{petId}", "/animals/{petId}", 1)), 0o600))
		config, err := g.Adapt(shopCaddyfile)
		require.NoError(t, err)
		require.NoError(t, caddy.Load(config, false))
		require.Equal(t, 404, g.Get("/shop/v1/pets/1", "X-Api-Key: "+k).Status)
		require.Equal(t, 200, g.Get("/shop/v1/animals/1", "X-Api-Key: "+k).Status)
	})
	t.Run("a user who is gone gets no key", func(t *testing.T) {
		gone := strings.Replace(shopCaddyfile, "user alice $argon2id", "user carol $argon2id", 1)
		require.NoError(t, g.Load(gone))
		require.Equal(t, 401, g.Get("/apikey", alice).Status)
	})
	t.Run("a password that was changed is the only one", func(t *testing.T) {
		// the hash of "another"
		changed := strings.Replace(shopCaddyfile, "$2a$10$wn7woFbyCfu4bagVs.Ul3uQRp6AIr.4VlmZgVsRRXpv0jXwUkLXai", "$2a$10$Q5qXhV0tq1xRr9lE7kV8nO2u8o8b1QmBpi6o8z8Cy2bS1w4iUuD5e", 1)
		require.NoError(t, g.Load(changed))
		require.Equal(t, 401, g.Get("/apikey", bob).Status)
	})
}

// TestReloadUnderLoadFailsNoRequest calls by HTTP/2 and 1.1 while the
// configuration is replaced. Caddy resets TCP connections that wait in the
// backlog of the listener that it closes, with or without us: a client that
// opens one in that moment has had no answer, and tries again.
func TestReloadUnderLoadFailsNoRequest(t *testing.T) {
	g := startShop(t)
	k := key(t, g, alice)
	stop := make(chan struct{})
	var calls, failed atomic.Int64
	var wg sync.WaitGroup
	for _, http2 := range []bool{false, true, true} {
		wg.Go(func() {
			for c := harness.Client(http2); ; {
				select {
				case <-stop:
					return
				default:
				}
				a, err := harness.Send(c, "GET", "https://localhost:"+g.HTTPS+"/shop/v1/pets/1", "", "X-Api-Key: "+k)
				for try := 0; err != nil && try < 10; try++ {
					time.Sleep(20 * time.Millisecond)
					a, err = harness.Send(c, "GET", "https://localhost:"+g.HTTPS+"/shop/v1/pets/1", "", "X-Api-Key: "+k)
				}
				calls.Add(1)
				if err != nil || a.Status != 200 {
					failed.Add(1)
					t.Log(http2, a.Status, err)
				}
			}
		})
	}
	for range 10 {
		require.NoError(t, g.Load(shopCaddyfile))
	}
	close(stop)
	wg.Wait()
	require.Zero(t, failed.Load(), "of %d calls", calls.Load())
	require.Greater(t, calls.Load(), int64(30))
}

// TestNodesOnOneStorageShareTheirKeys starts one gateway after another on the
// same storage, as two machines would.
func TestNodesOnOneStorageShareTheirKeys(t *testing.T) {
	first := startShop(t)
	k := key(t, first, alice)
	require.NoError(t, caddy.Stop())
	keys := filepath.Join(first.Dir, "data", "mgw", "keyring", "apikey")
	entries, err := os.ReadDir(keys)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	info, err := entries[0].Info()
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "the signing key is for its owner only")

	second := harness.New(t, map[string]string{"shop.yaml": shop})
	shared := strings.Replace(shopCaddyfile, "$GLOBAL", "$GLOBAL\n\tstorage file_system "+filepath.Join(first.Dir, "data"), 1)
	require.NoError(t, second.Load(shared))
	require.Equal(t, 200, second.Get("/shop/v1/pets/1", "X-Api-Key: "+k).Status)
	entries, err = os.ReadDir(keys)
	require.NoError(t, err)
	require.Len(t, entries, 1)

	third := harness.Start(t, shopCaddyfile, map[string]string{"shop.yaml": shop})
	require.Equal(t, 401, third.Get("/shop/v1/pets/1", "X-Api-Key: "+k).Status, "on another storage the key is a stranger's")
}

func TestASigningKeyFromAFileNeverEntersTheStorage(t *testing.T) {
	caddyfile := strings.Replace(shopCaddyfile, "mgw {", "mgw {\n\t\tapi_keys {\n\t\t\tissuer https://a.test\n\t\t\taudience gw\n\t\t\tsigning_key {file.$DIR/k.pem}\n\t\t}", 2)
	caddyfile = strings.Replace(caddyfile, "request mgw {\n\t\tapi_keys", "request mgw", 1)
	g := harness.Start(t, caddyfile, map[string]string{"shop.yaml": shop, "k.pem": ecKey})
	k := key(t, g, alice)
	c := claims(t, k)
	require.Equal(t, "https://a.test", c["iss"])
	require.Equal(t, "gw", c["aud"])
	require.Equal(t, 200, g.Get("/shop/v1/pets/1", "X-Api-Key: "+k).Status)
	_, err := os.Stat(filepath.Join(g.Dir, "data", "mgw", "keyring"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestWarningsAtLoad(t *testing.T) {
	g := startShop(t)
	require.Contains(t, g.Log(), "nobody can call some operations, nothing here verifies the schemes that they need: addPet, mtls")
	require.NotContains(t, g.Log(), "will show API keys")
	bare := strings.Replace(g.Expand(shopCaddyfile), "format filter {\n\t\t\twrap json\n\t\t\trequest mgw\n\t\t}", "format json", 1)
	bare = strings.Replace(bare, "/log.json", "/bare.json", 1)
	require.NoError(t, g.Load(bare))
	log, err := os.ReadFile(filepath.Join(g.Dir, "bare.json"))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(log), "logs of this configuration will show API keys"))
	named := strings.Replace(shopCaddyfile, "\tlog\n", "\tlog {\n\t\toutput file $DIR/site.json\n\t}\n", 1)
	require.NoError(t, g.Load(named))
	require.Contains(t, g.Log(), "a log with an output of its own will show API keys")
	require.Contains(t, string(log), "log { format filter { request mgw } }")
}
