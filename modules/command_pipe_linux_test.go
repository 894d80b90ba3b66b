package modules_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestADocumentMayComeByAPipe, as of <(...) in a shell: it can be read but once.
func TestADocumentMayComeByAPipe(t *testing.T) {
	for name, args := range map[string][]string{"routes": {"routes", ""}, "explain": {"explain", "", "GET", "/x"}} {
		t.Run(name, func(t *testing.T) {
			out, in, err := os.Pipe()
			require.NoError(t, err)
			defer out.Close()
			_, err = in.WriteString(`{"openapi":"3.1.0","info":{"title":"Piped","version":"1"},"paths":{"/x":{"get":{"security":[]}}}}`)
			require.NoError(t, err)
			require.NoError(t, in.Close())
			args[1] = fmt.Sprintf("/dev/fd/%d", out.Fd())
			require.Contains(t, works(t, "", args...).out, "Piped 1")
		})
	}
	p := typed("", "routes", "/dev/zero")
	require.ErrorContains(t, p.failed, "the file is larger than")
}
