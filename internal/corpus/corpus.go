package corpus

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/caddymgw/gateway/internal/shared"
)

// Names returns the folder of the documents and their names, relative to it.
func Names(t testing.TB) (dir string, names []string) {
	t.Helper()
	dir = shared.Dir(t, "corpus")
	f, err := os.Open(filepath.Join(dir, "MANIFEST.tsv"))
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan() // the head
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), "\t")
		names = append(names, name)
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, names)
	return dir, names
}

// Each calls do for 0 to n-1, as many at a time as there are processors.
func Each(n int, do func(i int)) {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() error {
			do(i)
			return nil
		})
	}
	_ = g.Wait()
}

var parameter = regexp.MustCompile(`\{[^{}]+\}`)

// Path returns an escaped path that fits a path template, each parameter with a
// value of its own that no concrete path has. The "?" or "#" part of a template
// is left out.
func Path(t testing.TB, template string) string {
	t.Helper()
	n := 0
	path := parameter.ReplaceAllStringFunc(template, func(string) string {
		n++
		return fmt.Sprintf("zq%dzq", n)
	})
	path, _, _ = strings.Cut(path, "#")
	path, _, _ = strings.Cut(path, "?")
	path, err := url.PathUnescape(path)
	require.NoError(t, err, template)
	return (&url.URL{Path: path}).EscapedPath()
}
