package examples_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// workspace is a copy of the repository with the program built in it. It
// belongs to a user without privileges.
var workspace string

// nobody is who runs the program where the tests run as root.
const nobody = 65534

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "mgw-examples-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	workspace = dir
	if err := copyTree(dir); err != nil {
		return 1, err
	}
	build := exec.Command("make", "build")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("make build: %w\n%s", err, out)
	}
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || os.Getuid() != 0 {
			return err
		}
		return os.Chown(path, nobody, nobody)
	})
	if err != nil {
		return 1, err
	}
	return m.Run(), nil
}

func copyTree(to string) error {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..")
	if err := os.Chmod(to, 0o755); err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "bin" || d.Name() == "run"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), content, info.Mode().Perm()|0o044)
	})
}

// command runs in a folder of the workspace, without privileges, in a process
// group of its own.
func command(dir, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = filepath.Join(workspace, dir)
	c.Env = append(os.Environ(), "HOME="+workspace, "XDG_DATA_HOME="+workspace+"/.data", "XDG_CONFIG_HOME="+workspace+"/.config")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return c
}

// setUp makes what a folder needs and nobody should copy, such as keys.
func setUp(t *testing.T, dir string) {
	t.Helper()
	scripts, err := filepath.Glob(filepath.Join(workspace, dir, "make-*.sh"))
	require.NoError(t, err)
	if len(scripts) > 0 {
		need(t, "openssl")
	}
	for _, script := range scripts {
		out, err := command(dir, script).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// need skips a test on a machine that lacks a tool, and fails it in CI.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing: CI needs it", tool)
		}
		t.Skipf("%s is not on this machine: install it to run this test", tool)
	}
}

// buildCustom is how the README of custom-verifier builds the program that serves
// this folder.
const buildCustom = "./xcaddy.sh --with example.com/custom-verifier=examples/custom-verifier --output bin/custom-caddymgw"

var customProgram = sync.OnceValues(func() (string, error) {
	c := exec.Command("sh", "-c", buildCustom)
	c.Dir = workspace
	out, err := c.CombinedOutput()
	return string(out), err
})

// developer runs a command in a folder as who runs the tests.
func developer(t *testing.T, dir, line string) string {
	t.Helper()
	c := exec.Command("sh", "-c", line)
	c.Dir = filepath.Join(workspace, dir)
	c.Env = append(os.Environ(), "GOFLAGS=-trimpath") // the cache knows what another workspace has compiled
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

// caddymgw runs the program of a folder to its end and returns what it printed.
func caddymgw(dir string, args ...string) (string, error) {
	program := "caddymgw"
	if filepath.Base(dir) == "custom-verifier" {
		if out, err := customProgram(); err != nil {
			return out, err
		}
		program = "custom-caddymgw"
	}
	out, err := command(dir, filepath.Join(workspace, "bin", program), args...).CombinedOutput()
	return string(out), err
}

// server is a program that serves until the test ends.
type server struct {
	log  *log
	pid  int // also of its process group
	done chan struct{}
}

// log is what a program has printed so far.
type log struct {
	mu      sync.Mutex
	printed bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.printed.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.printed.String()
}

// serve starts a command and waits until the gateway's ports are open.
func serve(t *testing.T, c *exec.Cmd) *server {
	t.Helper()
	for _, port := range []string{"9090", "9095", "8080", "2019"} {
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		require.NoError(t, err, "the examples need this port")
		require.NoError(t, l.Close())
	}
	s := start(t, c)
	require.Eventually(t, func() bool {
		conn, err := tls.Dial("tcp", "127.0.0.1:9095", &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"})
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, time.Minute, 50*time.Millisecond, "the gateway does not serve")
	return s
}

// serveGo starts a program of this repository, which a README runs by "go run
// FOLDER &", and waits until it has printed what stands there. It is built
// before, since nobody has no modules.
func serveGo(t *testing.T, dir string, s step) {
	t.Helper()
	folder, background := strings.CutSuffix(strings.TrimPrefix(s.command, "go run "), " &")
	require.True(t, background, s.command)
	program := filepath.Join(workspace, "bin", filepath.Base(folder))
	developer(t, dir, "go build -o "+program+" "+folder)
	running := start(t, command(dir, program))
	require.Eventually(t, func() bool { return s.output.MatchString(strings.TrimSpace(running.log.String())) },
		time.Minute, 50*time.Millisecond, s.command)
}

// start runs a command until the test ends.
func start(t *testing.T, c *exec.Cmd) *server {
	t.Helper()
	s := &server{log: new(log), done: make(chan struct{})}
	c.Stdout, c.Stderr = s.log, s.log
	require.NoError(t, c.Start())
	s.pid = c.Process.Pid
	go func() { _ = c.Wait(); close(s.done) }()
	t.Cleanup(func() {
		select {
		case <-s.done: // its id may be another's by now
		default:
			_ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM)
		}
		select {
		case <-s.done:
		case <-time.After(20 * time.Second):
			_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
			<-s.done
		}
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	return s
}

// caddyfiles lists every Caddyfile of the repository.
func caddyfiles(t *testing.T) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(workspace, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, "Caddyfile") && !strings.Contains(path, "/run/") {
			rel, _ := filepath.Rel(workspace, path)
			files = append(files, rel)
		}
		return err
	}))
	require.GreaterOrEqual(t, len(files), 3)
	return files
}
