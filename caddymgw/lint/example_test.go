package lint_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/caddymgw/gateway/caddymgw/lint"
)

func ExampleFile() {
	dir, err := os.MkdirTemp("", "lint")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "api.yaml")
	if err := os.WriteFile(file, []byte(`openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /pets:
    post:
      operationId: createPet
      security: []
`), 0o600); err != nil {
		panic(err)
	}
	report, err := lint.File(file, lint.Options{})
	if err != nil {
		panic(err)
	}
	for _, f := range report.Findings {
		fmt.Printf("line %d: %s: %s\n", f.Line, f.Rule, f.Message)
	}
	// Output:
	// line 7: unauthenticated-write: anybody may call POST /pets: "security" asks for nothing
}
