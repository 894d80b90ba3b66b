package shared

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns a folder of what lies beside the repository: of $MGW_SHARED, by
// default ../shared from the module's root. Without it a test is skipped, and
// fails in CI.
func Dir(t testing.TB, name string) string {
	t.Helper()
	base := os.Getenv("MGW_SHARED")
	if base == "" {
		_, file, _, _ := runtime.Caller(0)
		base = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
	}
	dir := filepath.Join(base, name)
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing: CI needs it, set MGW_SHARED", dir)
		}
		t.Skipf("%s is not on this machine: set MGW_SHARED to run this test", dir)
	}
	return dir
}
