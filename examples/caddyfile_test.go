package examples_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEveryCaddyfileIsSafeToTry holds that each is formatted and valid, needs no
// privileges, stays on this machine and keeps secrets out of its logs.
func TestEveryCaddyfileIsSafeToTry(t *testing.T) {
	for _, file := range caddyfiles(t) {
		t.Run(file, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join(workspace, file))
			require.NoError(t, err)
			for _, line := range []string{"http_port 9090", "https_port 9095", "skip_install_trust", "storage file_system ./run/data", "request mgw"} {
				require.Contains(t, string(content), "\t"+line+"\n")
			}
			require.Regexp(t, `\n\tdefault_bind (127\.0\.0\.1 \[::1\]|\{\$NODE:127\.0\.0\.1\})\n`, string(content))
			require.Contains(t, string(content), "A demonstration")
			dir, name := filepath.Split(file)
			setUp(t, dir)
			for _, args := range [][]string{{"fmt", name}, {"adapt", "--config", name}, {"validate", "--config", name}} {
				out, err := caddymgw(dir, args...)
				require.NoError(t, err, "%v\n%s", args, out)
			}
		})
	}
}

var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
	TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true,
}}

func get(t testing.TB, path string, header ...string) (int, string) {
	t.Helper()
	status, body, err := try(path, header...)
	require.NoError(t, err)
	return status, body
}

func try(path string, header ...string) (int, string, error) {
	r, err := http.NewRequest(http.MethodGet, "https://localhost:9095"+path, nil)
	if err != nil {
		return 0, "", err
	}
	if len(header) == 2 {
		r.Header[header[0]] = []string{header[1]}
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// TestTheProgramReloadsUnderLoad replaces the configuration of the real program
// while keys are in use, then tries one that is broken, and searches the log.
func TestTheProgramReloadsUnderLoad(t *testing.T) {
	s := serve(t, command(".", filepath.Join(workspace, "bin", "caddymgw"), "run", "--config", "Caddyfile"))
	status, key := get(t, "/apikey", "Authorization", "Basic YWRtaW46YWRtaW4=")
	require.Equal(t, 200, status)
	stop := make(chan struct{})
	var calls, failed atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				status, _, err := try("/v2/pet/10", "Petstore_key", key)
				for again := 0; err != nil && again < 3; again++ { // see the limits in the README
					status, _, err = try("/v2/pet/10", "Petstore_key", key)
				}
				calls.Add(1)
				if err != nil || status != 200 {
					failed.Add(1)
				}
			}
		})
	}
	for range 10 {
		out, err := caddymgw(".", "reload", "--config", "Caddyfile", "--force")
		require.NoError(t, err, out)
	}
	broken := filepath.Join(workspace, "broken")
	require.NoError(t, os.MkdirAll(broken, 0o755))
	document, err := os.ReadFile(filepath.Join(workspace, "examples", "petstore", "openapi.yaml"))
	require.NoError(t, err)
	config, err := os.ReadFile(filepath.Join(workspace, "examples", "petstore", "Caddyfile"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(broken, "openapi.yaml"), []byte(strings.Replace(string(document), "- petstore_key", "- petstore_kye", 1)), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(broken, "Caddyfile"), config, 0o644))
	out, err := caddymgw(".", "reload", "--config", filepath.Join(broken, "Caddyfile"))
	require.Error(t, err)
	require.Contains(t, out, "openapi.yaml:")
	require.Contains(t, out, "petstore_kye")
	close(stop)
	wg.Wait()
	t.Logf("%d calls during 10 reloads and a refused one, %d failed", calls.Load(), failed.Load())
	require.Zero(t, failed.Load())
	require.Greater(t, calls.Load(), int64(100))
	status, _ = get(t, "/v2/pet/10", "Petstore_key", key)
	require.Equal(t, 200, status)
	require.NotContains(t, s.log.String(), key[strings.LastIndexByte(key, '.'):])
	require.NotContains(t, s.log.String(), "YWRtaW46YWRtaW4=")
}
