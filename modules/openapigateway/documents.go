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
				return overlapError(a, b, o)
			}
		}
	}
	return nil
}

func overlapError(a, b *api, o openapi.Overlap) error {
	base := o.Base
	if base == "" {
		base = "/"
	}
	switch {
	case o.Claimed == nil:
		return fmt.Errorf("%s and %s both have the base path %s, and all below it is answered by one document: give one of them another base path (servers, x-wso2-basePath), or make them one document", a.file, b.file, base)
	case o.Other == nil:
		return fmt.Errorf("%s: the operation %s lies below the base path %s of %s, where all is answered by that document: move the operation or the base path", a.file, o.Claimed.Label(), base, b.file)
	}
	return fmt.Errorf("%s and %s claim the same path below %s, by the operations %s and %s: give one of the documents another base path (servers, x-wso2-basePath), or make them one document",
		a.file, b.file, base, o.Claimed.Label(), o.Other.Label())
}
