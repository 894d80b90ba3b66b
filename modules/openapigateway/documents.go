package openapigateway

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// documents returns the files that a pattern names, sorted. A name that is a file
// is no pattern.
func documents(file, as string) ([]string, error) {
	if _, err := os.Stat(file); err == nil || !strings.ContainsAny(as, "*?[") {
		return []string{file}, nil
	}
	dir, pattern := filepath.Split(file)
	if strings.ContainsAny(dir, "*?[\\") && !strings.ContainsAny(filepath.Dir(as), "*?[") {
		dir = escapePattern(dir) // of the folder of the Caddyfile
	}
	files, err := filepath.Glob(dir + pattern)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", as, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no file matches this pattern", as)
	}
	return files, nil
}

func escapePattern(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}

// refuseOverlaps refuses documents that claim the same requests, or the same keys.
func refuseOverlaps(apis []*api) error {
	for i, a := range apis {
		for j, b := range apis {
			if i == j {
				continue
			}
			if x, y := a.doc.API, b.doc.API; i < j && x.Name == y.Name && x.Version == y.Version {
				return fmt.Errorf("%s and %s both are API %q version %q: change info.title or info.version of one", a.file, b.file, x.Name, x.Version)
			}
			if o, found := openapi.FindOverlap(a.doc, b.doc); found {
				return o.Err(a.file, b.file)
			}
		}
	}
	return nil
}
