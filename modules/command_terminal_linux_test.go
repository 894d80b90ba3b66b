package modules_test

import (
	"bytes"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// screen is a terminal, and what was shown on it.
type screen struct {
	keyboard *os.File // the far end
	tty      *os.File

	mu    sync.Mutex
	shown bytes.Buffer
}

func newScreen(t testing.TB, wide uint16) *screen {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = keyboard.Close() })
	control, err := keyboard.SyscallConn()
	require.NoError(t, err)
	var number uint32
	require.NoError(t, control.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetUint32(int(fd), unix.TIOCGPTN)
		}
	}))
	require.NoError(t, err)
	tty, err := os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = tty.Close() })
	require.NoError(t, unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: wide}))
	s := &screen{keyboard: keyboard, tty: tty}
	go func() {
		buffer := make([]byte, 1024)
		for {
			n, err := keyboard.Read(buffer)
			s.mu.Lock()
			s.shown.Write(buffer[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

// awaits waits until a text is shown, and returns all that is.
func (s *screen) awaits(t testing.TB, text string) (all string) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		all = s.shown.String()
		return strings.Contains(all, text)
	}, 10*time.Second, 5*time.Millisecond, "%q is not shown", text)
	return all
}

func (s *screen) types(t testing.TB, text string) {
	t.Helper()
	_, err := io.WriteString(s.keyboard, text)
	require.NoError(t, err)
}

// run runs a command on the terminal; the channel gets what became of it.
func (s *screen) run(args ...string) <-chan error {
	done := make(chan error, 1)
	cmd := program(func() time.Time { return noon })
	cmd.SetArgs(append([]string{"mgw"}, args...))
	cmd.SetIn(s.tty)
	cmd.SetOut(s.tty)
	cmd.SetErr(s.tty)
	go func() { done <- cmd.Execute() }()
	return done
}

// echoes reports whether the terminal shows what is typed.
func (s *screen) echoes(t testing.TB) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
	require.NoError(t, err)
	return state.Lflag&unix.ECHO != 0
}

func TestAKeyIsTypedUnseen(t *testing.T) {
	a := newFakeAdmin(t)
	a.answers["POST /mgw/inspect"] = answer{200, `{"accepted":true,"why":"It would be accepted.","signature":"good","header":{},"claims":{}}`}
	s := newScreen(t, 80)
	done := s.run("key", "inspect", "--address", a.address)
	s.awaits(t, "Key: ")
	require.Eventually(t, func() bool { return !s.echoes(t) }, 10*time.Second, time.Millisecond)
	s.types(t, "geheim\n")
	require.NoError(t, <-done)
	require.NotContains(t, s.awaits(t, "accepted"), "geheim")
	require.True(t, s.echoes(t))
	require.JSONEq(t, `{"token":"geheim"}`, a.body("POST /mgw/inspect"))
}

func TestAnInterruptLeavesTheTerminalAsItWas(t *testing.T) {
	signals := make(chan os.Signal, 1) // so that it ends nothing but the command
	signal.Notify(signals, os.Interrupt)
	defer signal.Stop(signals)
	s := newScreen(t, 80)
	done := s.run("key", "inspect", "--address", freeAddress(t))
	s.awaits(t, "Key: ")
	require.Eventually(t, func() bool { return !s.echoes(t) }, 10*time.Second, time.Millisecond)
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGINT))
	require.ErrorContains(t, <-done, "interrupted")
	require.True(t, s.echoes(t))
	s.types(t, "\n") // which the reader still waits for
}

func TestEveryoneIsRevokedAfterAYes(t *testing.T) {
	for reply, want := range map[string]string{"yes\n": "", "y\n": "nothing was done", "\n": "nothing was done", "\x04": "nothing was done"} {
		a := newFakeAdmin(t)
		a.answers["POST /mgw/revocations"] = answer{204, ""}
		s := newScreen(t, 80)
		done := s.run("key", "revoke", "--everyone", "--issued-before", "2029-01-01T00:00:00Z", "--address", a.address)
		s.awaits(t, "All keys that everyone was issued before 2029-01-01T00:00:00Z (396 days ago), at the gateway at "+a.address+", will be refused")
		s.awaits(t, "Type yes to go on: ")
		s.types(t, reply)
		if err := <-done; want != "" {
			require.EqualError(t, err, want)
			require.Empty(t, a.body("POST /mgw/revocations"))
		} else {
			require.NoError(t, err)
			require.JSONEq(t, `{"issued_before":"2029-01-01T00:00:00Z"}`, a.body("POST /mgw/revocations"))
		}
	}
}

func TestTablesFillTheTerminal(t *testing.T) {
	a := newFakeAdmin(t)
	a.answers["GET /mgw/keys"] = answer{200, `{"keys":[{"id":"` + strings.Repeat("a", 22) + `","subject":"` + strings.Repeat("s", 25) + `","name":"n","state":"active","issued_at":"2030-01-01T00:00:00Z","expires_at":null,"last_used_at":null}]}`}
	t.Run("in colour", func(t *testing.T) {
		s := newScreen(t, 132)
		t.Setenv("NO_COLOR", "")
		t.Setenv("TERM", "xterm")
		require.NoError(t, <-s.run("key", "list", "--address", a.address))
		shown := s.awaits(t, "active")
		require.Contains(t, shown, "\x1b[1mID\x1b[m")
		require.Contains(t, shown, "\x1b[32mactive\x1b[m")
		require.Contains(t, shown, strings.Repeat("s", 25))
	})
	for name, value := range map[string]string{"NO_COLOR": "1", "TERM": "dumb"} {
		t.Run("without, by "+name, func(t *testing.T) {
			t.Setenv("NO_COLOR", "")
			t.Setenv(name, value)
			s := newScreen(t, 40)
			require.NoError(t, <-s.run("key", "list", "--address", a.address))
			shown := s.awaits(t, "active")
			require.NotContains(t, shown, "\x1b")
			require.Contains(t, shown, "ssssssssssss…", "no table is narrower than 80 columns")
		})
	}
}
