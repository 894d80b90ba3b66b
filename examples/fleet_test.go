package examples_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/internal/freeport"
)

// soak reports whether `make soak` asks for the long forms of tests.
func soak() bool { return os.Getenv("MGW_SOAK") != "" }

// often is how often something is done: in a soak more often.
func often(usually, inASoak int) int {
	if soak() {
		return inASoak
	}
	return usually
}

// node is one gateway process of a fleet. Its nodes share a storage and a ledger.
type node struct {
	t      *testing.T
	dir    string
	https  string
	admin  string
	server *server
	client *http.Client
}

// nodeCaddyfile is for $ADMIN, $HTTPS and $HTTP ports, and a $LEDGER.
const nodeCaddyfile = `{
	http_port $HTTP
	https_port $HTTPS
	admin 127.0.0.1:$ADMIN
	skip_install_trust
	default_bind 127.0.0.1
	auto_https disable_redirects
	persist_config off
	storage file_system ./data
	metrics
	log {
		format filter {
			request mgw
		}
	}
	mgw {
		api_keys {
			ledger $LEDGER
		}
		user admin $argon2id$v=19$m=47104,t=1,p=1$bRd84xrjpsSKTFP5rudoyg$vpERJ4QLS8gARxvjJNdaovKsPBA7Z4+6XJtxJh3kRA4
	}
}

localhost {
	apikey_issuer
	openapi_auth openapi.yaml
	respond hello
}
`

// newFleet makes the folder that the nodes of a fleet share.
func newFleet(t *testing.T) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp(workspace, "fleet-")
	require.NoError(t, err)
	document, err := os.ReadFile(filepath.Join(workspace, "examples", "cluster", "openapi.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "openapi.yaml"), document, 0o644))
	if os.Getuid() == 0 {
		require.NoError(t, os.Chown(dir, nobody, nobody))
	}
	return dir
}

// newNode starts a gateway with a ledger.
func newNode(t *testing.T, dir, ledger string) *node {
	t.Helper()
	n := &node{t: t, dir: dir, https: freeport.Take(t), admin: freeport.Take(t)}
	n.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 64,
	}}
	config := strings.NewReplacer("$HTTPS", n.https, "$HTTP", freeport.Take(t), "$ADMIN", n.admin, "$LEDGER", ledger).Replace(nodeCaddyfile)
	require.NoError(t, os.WriteFile(n.file(), []byte(config), 0o644))
	n.start()
	return n
}

func (n *node) file() string { return filepath.Join(n.dir, n.https+".Caddyfile") }

func (n *node) start() {
	n.t.Helper()
	rel, err := filepath.Rel(workspace, n.dir)
	require.NoError(n.t, err)
	n.server = start(n.t, command(rel, filepath.Join(workspace, "bin", "caddymgw"), "run", "--config", n.file(), "--adapter", "caddyfile"))
	require.Eventually(n.t, func() bool {
		select {
		case <-n.server.done:
			require.Fail(n.t, "the gateway has ended", n.server.log.String())
		default:
		}
		a, err := n.send("GET", "/apikey/jwks.json", "")
		return err == nil && a.status == 200
	}, time.Minute, 10*time.Millisecond, "the gateway does not serve")
}

// kill ends the process without a word to it.
func (n *node) kill() {
	_ = syscall.Kill(-n.server.pid, syscall.SIGKILL)
	<-n.server.done
}

type reply struct {
	status int
	header http.Header
	body   string
}

const admin = "Basic YWRtaW46YWRtaW4="

// send sends a request with a key, or as admin where key is "".
func (n *node) send(method, path, body string, key ...string) (reply, error) {
	r, err := http.NewRequest(method, "https://localhost:"+n.https+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json")
	if len(key) == 1 {
		r.Header.Set("X-API-Key", key[0])
	} else {
		r.Header.Set("Authorization", admin)
	}
	res, err := n.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(content)}, err
}

// use calls the API with a key.
func (n *node) use(key string) reply {
	n.t.Helper()
	a, err := n.send("GET", "/hello", "", key)
	require.NoError(n.t, err)
	return a
}

type issuedKey struct {
	Key string `json:"apikey"`
	ID  string `json:"id"`
}

// issue tries to get a key.
func (n *node) issue() (k issuedKey, err error) {
	a, err := n.send("POST", "/apikey", "")
	if err != nil {
		return k, err
	}
	if a.status != 200 {
		return k, fmt.Errorf("status %d", a.status)
	}
	return k, json.NewDecoder(bytes.NewReader([]byte(a.body))).Decode(&k)
}

func (n *node) mustIssue() issuedKey {
	n.t.Helper()
	k, err := n.issue()
	require.NoError(n.t, err)
	return k
}

// revoke tries to revoke a key; nil: it is acknowledged.
func (n *node) revoke(id string) error {
	a, err := n.send("DELETE", "/apikey/keys/"+id, "")
	if err == nil && a.status != 204 {
		err = fmt.Errorf("status %d", a.status)
	}
	return err
}

// states returns the state of every key, by id.
func (n *node) states() map[string]string {
	n.t.Helper()
	all := map[string]string{}
	for after := ""; ; {
		a, err := n.send("GET", "/apikey/keys?limit=1000&after="+after, "")
		require.NoError(n.t, err)
		require.Equal(n.t, 200, a.status, a.body)
		var page struct {
			Keys []struct{ ID, State string }
			Next string
		}
		require.NoError(n.t, json.Unmarshal([]byte(a.body), &page))
		for _, k := range page.Keys {
			all[k.ID] = k.State
		}
		if after = page.Next; after == "" {
			return all
		}
	}
}

// metric returns the value of a metric without labels.
func (n *node) metric(name string) float64 {
	n.t.Helper()
	res, err := http.Get("http://127.0.0.1:" + n.admin + "/metrics")
	require.NoError(n.t, err)
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	require.NoError(n.t, err)
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			v, err := strconv.ParseFloat(value, 64)
			require.NoError(n.t, err)
			return v
		}
	}
	require.Fail(n.t, "no such metric", name)
	return 0
}

// resident is the memory of the process in MiB, files that it has mapped aside.
func (n *node) resident() int {
	n.t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.server.pid))
	require.NoError(n.t, err)
	_, rest, ok := strings.Cut(string(content), "RssAnon:")
	require.True(n.t, ok)
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(n.t, err)
	return kib / 1024
}
