package diff_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/caddymgw/gateway/caddymgw/diff"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func ExampleCompare() {
	dir, err := os.MkdirTemp("", "diff")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	read := func(security string) *openapi.Document {
		file := filepath.Join(dir, "api.yaml")
		text := `openapi: 3.1.0
info: {title: Shop, version: "1"}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
paths:
  /pets: {post: {security: ` + security + `}}
`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			panic(err)
		}
		doc, err := openapi.Load(file, openapi.Options{})
		if err != nil {
			panic(err)
		}
		return doc
	}
	report := diff.Compare(read("[{key: []}]"), read("[{key: []}, {}]"))
	for _, op := range report.Operations {
		fmt.Printf("%s: %s %s: was %s; now %s\n", op.Change, op.Method, op.Path, op.Was, op.Now)
	}
	fmt.Println(report.Count(diff.FailOnWeaker))
	// Output:
	// weaker: POST /pets: was key; now key, or everybody
	// 1
}
