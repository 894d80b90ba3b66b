//go:build unix

package lint

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNobodyWaitsForAPipe has none that writes to it.
func TestNobodyWaitsForAPipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "api.yaml")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err := File(pipe, Options{})
	require.EqualError(t, err, "the document can't be read: "+pipe+" is no file")
}
