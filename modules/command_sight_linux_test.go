package modules_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRoutesAreColouredOnATerminalOnly compares what is shown with what goes to a
// file.
func TestRoutesAreColouredOnATerminalOnly(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("shop.yaml", []byte(shop), 0o600))
	s := newScreen(t, 120)
	require.NoError(t, <-s.run("routes", "shop.yaml"))
	shown := s.awaits(t, "client_auth")
	require.Contains(t, shown, "\x1b[1mMETHOD\x1b[m")
	require.Contains(t, shown, "\x1b[33mpublic\x1b[m")
	require.NotContains(t, works(t, "", "routes", "shop.yaml").out, "\x1b")
}

// TestCredentialsAreAskedForOnATerminal, headers first, and are not shown.
func TestCredentialsAreAskedForOnATerminal(t *testing.T) {
	file := filepath.Join(written(t, map[string]string{"shop.yaml": shop}), "shop.yaml")
	s := newScreen(t, 80)
	done := s.run("explain", file, "GET", petPath+"?apikey=-", "-H", "X-API-Key: -")
	s.awaits(t, "X-Api-Key: ")
	s.types(t, "hunter2\n")
	s.awaits(t, "apikey: ")
	s.types(t, "hunter3\n")
	require.NoError(t, <-done)
	shown := s.awaits(t, "The request is refused")
	require.Contains(t, shown, "\x1b[31mrefused: 401")
	require.NotContains(t, shown, "hunter")
}
