package lint

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func FuzzFile(f *testing.F) {
	for _, r := range Rules() {
		f.Add([]byte(head+r.Bad), false)
		f.Add([]byte(head+r.Good), false)
	}
	for _, text := range []string{
		`{"openapi":"3.0.0","info":{"title":"a","version":"1"},"security":[{}],"paths":{"/a":{"post":{}}}}`,
		`{"swagger":"2.0","info":{"title":"a","version":"1"},"host":"h","schemes":["http"],"paths":{"/a":{"post":{"security":[{"a":[]}]}}}}`,
		`{"paths":{"/a":{"$ref":"#/paths/~1a"}},"security":[[]],"x-caddymgw-lint-ignore":["key-in-query"]}`,
		`{"openapi":"3.2.0","info":{"title":"a","version":"1"},"paths":{"/{a}":{"additionalOperations":{"X":{}}},"/{b}":{"additionalOperations":{"X":{}}}}}`,
	} {
		f.Add([]byte(text), true)
	}
	dir := f.TempDir()
	known := map[string]bool{}
	for _, r := range Rules() {
		known[r.ID] = true
	}
	f.Fuzz(func(t *testing.T, content []byte, asJSON bool) {
		file := filepath.Join(dir, "api.yaml")
		if asJSON {
			file = filepath.Join(dir, "api.json")
		}
		require.NoError(t, os.WriteFile(file, content, 0o600))
		_, loadErr := openapi.Load(file, openapi.Options{})
		r, err := File(file, Options{})
		if err != nil { // what the document wants to ignore
			var e *openapi.Error
			require.ErrorAs(t, err, &e)
			require.Nil(t, r)
			return
		}
		require.True(t, loadErr == nil || r.Count(Error) > 0, "a document that does not load is never clean")
		total := 0
		for _, finding := range r.Findings {
			require.True(t, known[finding.Rule], finding.Rule)
			require.NotEmpty(t, finding.Message)
			require.Equal(t, file, finding.File)
			total++
		}
		require.Equal(t, total, r.Count(Note))
		_, err = json.Marshal(r.SARIF(""))
		require.NoError(t, err)
	})
}
