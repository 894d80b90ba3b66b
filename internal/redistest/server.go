package redistest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	program = "redis-server"
	// patience bounds what ought to happen soon.
	patience = 30 * time.Second
)

// Server is one Redis process after another, on the same port and with the same
// files.
type Server struct {
	t      testing.TB
	args   []string
	folder string
	port   int
	pair   *Pair // TLS alone is spoken
	process
}

// process is the one that runs.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Start runs a server with further arguments, as redis-server takes them, which
// go before ours. Where there is no redis-server the test is skipped; in CI, where
// the variable CI is set, it fails.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, nil, args)
}

func start(t testing.TB, pair *Pair, args []string) *Server {
	t.Helper()
	Need(t)
	folder, err := os.MkdirTemp("", "redis") // t.TempDir() is too long for the path of a socket
	require.NoError(t, err)
	s := &Server{t: t, folder: folder, pair: pair, args: append([]string{
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no", "--bind", "127.0.0.1",
		"--unixsocket", filepath.Join(folder, "s"), "--unixsocketperm", "700", "--dir", folder,
	}, args...)}
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(folder)
	})
	s.launch()
	return s
}

// Need skips the test where there is no redis-server.
func Need(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	const missing = "this test needs " + program + ", which is not installed"
	if os.Getenv("CI") != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// launch finds a port. Others look for ports as well, so that one that was free
// may be taken when the server gets to it.
func (s *Server) launch() {
	s.t.Helper()
	for range 10 {
		s.port = freePort(s.t)
		if s.run() {
			return
		}
	}
	require.Fail(s.t, "no Redis server starts", "%s", s.log())
}

// freePort is below those that clients are given, and leaves room for the port of
// a cluster's bus, which is greater by 10,000.
func freePort(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := 12000 + rand.IntN(10000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			require.NoError(t, l.Close())
			return port
		}
	}
	require.Fail(t, "no port is free")
	return 0
}

// run reports whether the server came up.
func (s *Server) run() bool {
	s.t.Helper()
	ports := []string{"--port", strconv.Itoa(s.port)}
	if s.pair != nil {
		ports = []string{"--port", "0", "--tls-port", strconv.Itoa(s.port)}
	}
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	defer log.Close()
	args := append(append([]string{}, s.args...), ports...)
	if len(args) > 0 && args[0] == sentinelMark {
		args = append([]string{filepath.Join(s.folder, "sentinel.conf"), "--sentinel"}, ports...)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.folder
	require.NoError(s.t, cmd.Start())
	p := process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait()
	}()
	s.process = p
	return s.answers()
}

// answers waits until the server accepts connections; its files are loaded then,
// or it says LOADING, which clients must understand.
func (s *Server) answers() bool {
	for began := time.Now(); time.Since(began) < patience; time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.done:
			return false
		default:
		}
		if c, err := net.DialTimeout("tcp", s.Address(), time.Second); err == nil {
			_ = c.Close()
			return true
		}
	}
	return false
}

func (s *Server) log() string {
	content, _ := os.ReadFile(filepath.Join(s.folder, "log"))
	return string(content)
}

// Address returns host and port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL returns redis:// or rediss:// with the address.
func (s *Server) URL() string {
	if s.pair != nil {
		return "rediss://" + s.Address()
	}
	return "redis://" + s.Address()
}

// SocketURL returns unix:// with the path of the server's socket.
func (s *Server) SocketURL() string { return "unix://" + filepath.Join(s.folder, "s") }

// Stop ends the server as an operator does, and waits until it has ended.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends it by SIGKILL, also where it is paused.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

func (s *Server) end(signal syscall.Signal) {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(signal)
	select {
	case <-s.done:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.done
		require.Fail(s.t, "Redis does not end")
	}
}

// Restart runs a server that was stopped or killed again, on its files.
func (s *Server) Restart() {
	s.t.Helper()
	require.True(s.t, s.run(), "Redis does not start again: %s", s.log())
}

// Forget empties the files of a server that was stopped or killed.
func (s *Server) Forget() {
	s.t.Helper()
	require.NoError(s.t, os.RemoveAll(filepath.Join(s.folder, "appendonlydir")))
}

// Pause stops the process where it is: connections stay, and nothing answers.
func (s *Server) Pause() { require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGSTOP)) }

// Resume lets it go on.
func (s *Server) Resume() { require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGCONT)) }

// Replica runs a replica of the server, which has what the server has when this
// returns.
func (s *Server) Replica(args ...string) *Server {
	s.t.Helper()
	r := Start(s.t, append([]string{"--replicaof", "127.0.0.1 " + strconv.Itoa(s.port), "--repl-diskless-sync-delay", "0"}, args...)...)
	require.Eventually(s.t, func() bool {
		info, err := r.Command("INFO", "replication")
		return err == nil && contains(info, "master_link_status:up")
	}, patience, 10*time.Millisecond, "the replica gets no content")
	return r
}

// Command runs one that answers in plain text, without a password, by redis-cli.
func (s *Server) Command(args ...string) (string, error) {
	target := []string{"-s", filepath.Join(s.folder, "s")}
	if s.socketless() {
		target = []string{"-h", "127.0.0.1", "-p", strconv.Itoa(s.port)}
	}
	out, err := exec.Command("redis-cli", append(target, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("redis-cli %v: %w: %s", args, err, out)
	}
	return string(out), nil
}
