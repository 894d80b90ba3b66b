package redistest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

const (
	program = "redis-server"
	// patience bounds what ought to happen soon.
	patience = 30 * time.Second
)

// Server is one Redis process after another, on the same port and files.
type Server struct {
	t      testing.TB
	folder string
	port   int
	pair   *Pair                   // nil: no TLS
	args   func(port int) []string // of redis-server
	cmd    *exec.Cmd
	ended  chan struct{} // closed when cmd has
}

// Start runs a server. Arguments are as redis-server takes them, and override
// ours. Where there is no redis-server the test is skipped; in CI, where the
// variable CI is set, it fails.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := prepare(t)
	s.args = func(port int) []string {
		return append(s.common("--port", strconv.Itoa(port)), args...)
	}
	s.launch()
	return s
}

// prepare makes a server that does not run yet.
func prepare(t testing.TB) *Server {
	t.Helper()
	Need(t)
	folder, err := os.MkdirTemp("", "redis") // that of the test is too long for the path of a socket
	require.NoError(t, err)
	s := &Server{t: t, folder: folder}
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(folder)
	})
	return s
}

// common returns what all servers are told.
func (s *Server) common(args ...string) []string {
	return append([]string{
		"--bind", "127.0.0.1", "--unixsocket", s.socket(), "--unixsocketperm", "700", "--dir", s.folder,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "",
		"--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
	}, args...)
}

// Need skips the test where there is no redis-server, or fails it in CI.
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

// launch finds a port and runs the server. Others look for ports as well, so that
// one that was free may be taken by then.
func (s *Server) launch() {
	s.t.Helper()
	for range 10 {
		if s.port = freePort(s.t); s.run() {
			return
		}
	}
	require.Fail(s.t, "no server starts", "%s", s.Log())
}

// run reports whether the server came up.
func (s *Server) run() bool {
	s.t.Helper()
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	defer log.Close()
	cmd, ended := exec.Command(program, s.args(s.port)...), make(chan struct{})
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.folder
	dieWithUs(cmd)
	started := make(chan error)
	go func() {
		defer close(ended)
		runtime.LockOSThread() // dieWithUs means the thread
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if started <- err; err == nil {
			_ = cmd.Wait()
		}
	}()
	require.NoError(s.t, <-started)
	s.cmd, s.ended = cmd, ended
	return s.answers()
}

// answers waits until the server does, if only to say that it loads its files or
// wants a password. It asks at the socket, which is nobody else's.
func (s *Server) answers() bool {
	for began := time.Now(); time.Since(began) < patience; time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.ended:
			return false
		default:
		}
		if s.ping() == nil {
			return true
		}
	}
	return false
}

func (s *Server) ping() error {
	c, err := net.DialTimeout("unix", s.socket(), time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 1))
	return err
}

// Address returns host and port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL returns redis:// or rediss:// and the address.
func (s *Server) URL() string {
	if s.pair != nil {
		return "rediss://" + s.Address()
	}
	return "redis://" + s.Address()
}

// SocketURL returns unix:// and the path of the server's socket.
func (s *Server) SocketURL() string { return "unix://" + s.socket() }

func (s *Server) socket() string { return filepath.Join(s.folder, "s") }

func (s *Server) logFile() string { return filepath.Join(s.folder, "log") }

// Log returns what the server has written of itself.
func (s *Server) Log() string {
	content, _ := os.ReadFile(s.logFile())
	return string(content)
}

// Client returns a client of the server's socket, without a password. It is closed
// with the test.
func (s *Server) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket(), Protocol: 2})
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Stop ends the server as an operator does, and waits until it has ended.
func (s *Server) Stop() {
	s.t.Helper()
	s.end(syscall.SIGTERM)
}

// Kill ends it by SIGKILL, also where it is paused.
func (s *Server) Kill() {
	s.t.Helper()
	s.end(syscall.SIGKILL)
}

func (s *Server) end(signal syscall.Signal) {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(signal)
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.ended
		require.Fail(s.t, "the server does not end")
	}
}

// Restart runs a server that has ended again, on its files.
func (s *Server) Restart() {
	s.t.Helper()
	require.True(s.t, s.run(), "the server does not start again: %s", s.Log())
}

// Forget removes the data of a server that has ended.
func (s *Server) Forget() {
	s.t.Helper()
	require.NoError(s.t, os.RemoveAll(filepath.Join(s.folder, "appendonlydir")))
}

// Pause stops the process where it is: connections stay, and nothing answers.
func (s *Server) Pause() {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGSTOP))
}

// Resume lets it go on.
func (s *Server) Resume() {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGCONT))
}
