package openapi

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReferencesAreFollowed(t *testing.T) {
	t.Parallel()
	file := put(t, head+`components:
  securitySchemes:
    k: {$ref: '#/x-schemes/0'}
    q: {$ref: 'parts/schemes#/query%20key'}
    u: {$ref: '#/components/securitySchemes/k'}
x-schemes: [{type: apiKey, in: header, name: K}]
paths:
  /own: {$ref: '#/x-items/~1item', put: {operationId: put}}
  /file: {$ref: parts/item}
  /operation: {get: {$ref: 'parts/item#/get'}}
x-items: {/item: {servers: [{url: /v1}], get: {operationId: item, security: [{u: []}]}}}
-- parts/item --
get: {$ref: ../get.yaml}
post: {operationId: post, security: [{k: []}]}
-- get.yaml --
{operationId: get, security: [{q: []}]}
-- parts/schemes --
{"query key": {"type": "apiKey", "in": "query", "name": "q"}}
`)
	doc, err := Load(file, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{
		"put: (default_security oauth2[])", "item: (u[])", "GET /file: (q[])", "post: (k[])", "GET /operation: (q[])",
	}, operations(doc))
	require.Equal(t, "item", answer(t, doc, "GET /v1/own"))
	require.Equal(t, "put", answer(t, doc, "PUT /own"))
	var names []string
	for _, f := range doc.Files {
		name, err := filepath.Rel(filepath.Dir(file), f)
		require.NoError(t, err)
		names = append(names, name)
	}
	require.Equal(t, []string{"api.yaml", "get.yaml", "parts/item", "parts/schemes"}, names)
	files, err := Files(file, Options{})
	require.NoError(t, err)
	require.Equal(t, doc.Files, files)
}

func TestReferencesThatAreNotFollowed(t *testing.T) {
	t.Parallel()
	at := func(ref string) string { return head + "paths:\n  /a:\n    $ref: " + ref + "\n" }
	chain := "paths:\n  /a: {$ref: '#/x/0'}\nx:\n"
	for i := range 10_000 {
		chain += fmt.Sprintf("- {$ref: '#/x/%d'}\n", i+1)
	}
	refusals{
		"remote":                    {at("https://example.com/a.yaml#/a"), `api.yaml:5: /paths/~1a/$ref: remote references are not followed: copy the file beside the document`},
		"remote without a scheme":   {at("//example.com/a.yaml"), `api.yaml:5: /paths/~1a/$ref: remote references are not followed: copy the file beside the document`},
		"a file URL":                {at("file:///etc/passwd"), `api.yaml:5: /paths/~1a/$ref: remote references are not followed: copy the file beside the document`},
		"absolute":                  {at("/etc/passwd"), `api.yaml:5: /paths/~1a/$ref: references must stay in the folder of the document`},
		"the folder above":          {at("../a.yaml"), `api.yaml:5: /paths/~1a/$ref: references must stay in the folder of the document`},
		"the folder above, encoded": {at("x/%2e%2e/%2e%2e/a.yaml"), `api.yaml:5: /paths/~1a/$ref: references must stay in the folder of the document`},
		"the folder above, deeper":  {at("b/b.yaml") + "-- b/b.yaml --\n$ref: ../../a.yaml\n", `b/b.yaml:1: /$ref: references must stay in the folder of the document`},
		"no such file":              {at("b.yaml"), `api.yaml:5: /paths/~1a/$ref: b.yaml: the file can't be read: no such file or directory`},
		"a folder":                  {at("b") + "-- b/c.yaml --\n", `api.yaml:5: /paths/~1a/$ref: b: the file can't be read: read b: is a directory`},
		"nothing there":             {at("'#/x/a'") + "x: {b: {}}\n", `api.yaml:5: /paths/~1a/$ref: "#/x/a" names nothing`},
		"behind the end of a list":  {at("'#/x/1'") + "x: [{}]\n", `api.yaml:5: /paths/~1a/$ref: "#/x/1" names nothing`},
		"through a scalar":          {at("'#/openapi/x'"), `api.yaml:5: /paths/~1a/$ref: "#/openapi/x" names nothing`},
		"no pointer":                {at("'#a'"), `api.yaml:5: /paths/~1a/$ref: "#a": the fragment must be a JSON pointer`},
		"not a URL":                 {at("'%zz'"), `api.yaml:5: /paths/~1a/$ref: "%zz" is not a reference`},
		"not a string":              {at("[b.yaml]"), `api.yaml:5: /paths/~1a/$ref: must be a string, is a list`},
		"the target is text":        {at("'#/info/title'"), `api.yaml:2: /info/title: must be an object, is a string`},
		"itself":                    {at("'#/paths/~1a'"), `api.yaml:4: /paths/~1a: the chain of $ref is a loop, or longer than 32`},
		"a loop of two files":       {at("b.yaml") + "-- b.yaml --\n$ref: api.yaml#/paths/~1a\n", `api.yaml:4: /paths/~1a: the chain of $ref is a loop, or longer than 32`},
		"an operation's loop":       {head + "paths:\n  /a:\n    get: {$ref: '#/paths/~1a/get'}\n", `api.yaml:5: /paths/~1a/get: the chain of $ref is a loop, or longer than 32`},
		"a chain of 10,000":         {head + chain, `api.yaml:4: /paths/~1a: the chain of $ref is a loop, or longer than 32`},
		"syntax of a file":          {at("b.yaml") + "-- b.yaml --\nget: {\n", `b.yaml:1: not valid YAML: did not find expected node content`},
		"operations on both sides":  {head + "paths:\n  /a:\n    $ref: '#/x'\n    get: {}\nx:\n  get: {}\n", `api.yaml:8: /x/get: GET is declared here and in the referenced path item: keep one`},
		"a repeated target":         {at("'#/x/b'") + "x:\n  b: {}\n  b: {}\n", `api.yaml:8: /x/b: the member "b" stands twice in one object: keep one`},
		"a path item at the root":   {at("b.json") + "-- b.json --\n[]\n", `b.json:1: must be an object, is a list`},
	}.run(t, Options{})
}

func TestReferencesStayInTheFolder(t *testing.T) {
	t.Parallel()
	outside := put(t, "get: {security: []}\n")
	for name, link := range map[string]string{"link.yaml": outside, "folder": filepath.Dir(outside)} {
		file := put(t, head+"paths:\n  /a: {$ref: "+name+"}\n")
		require.NoError(t, os.Symlink(link, filepath.Join(filepath.Dir(file), name)))
		require.Equal(t, "api.yaml:4: /paths/~1a/$ref: "+name+": the file can't be read: path escapes from parent", refusal(t, file, Options{}))
	}
	inside := put(t, head+"paths:\n  /a: {$ref: link.yaml}\n-- b/item.yaml --\nget: {operationId: linked}\n")
	require.NoError(t, os.Symlink("b/item.yaml", filepath.Join(filepath.Dir(inside), "link.yaml")))
	doc, err := Load(inside, Options{})
	require.NoError(t, err)
	require.Equal(t, "linked", answer(t, doc, "GET /a"))
}

// TestTheDocumentMayBeALink, whose folder is the one in which it is named.
func TestTheDocumentMayBeALink(t *testing.T) {
	t.Parallel()
	elsewhere := put(t, head+"paths:\n  /a: {$ref: item.yaml}\n-- item.yaml --\nget: {operationId: there}\n")
	file := filepath.Join(t.TempDir(), "api.yaml")
	require.NoError(t, os.Symlink(elsewhere, file))
	require.Contains(t, refusal(t, file, Options{}), "item.yaml: the file can't be read")
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(file), "item.yaml"), []byte("get: {operationId: here}\n"), 0o600))
	doc, err := Load(file, Options{})
	require.NoError(t, err)
	require.Equal(t, "here", answer(t, doc, "GET /a"))
}

func TestABrokenFileRefusesAllThatNameIt(t *testing.T) {
	t.Parallel()
	const broken = "components:\n  securitySchemes:\n    k: {$ref: s.yaml}\n    l: {$ref: 's.yaml#/l'}\n"
	doc := load(t, head+broken+"security: []\n"+rest+"-- s.yaml --\nl: {\n", Options{})
	require.Equal(t, []string{"GET /a: public"}, operations(doc))
	unread := slices.DeleteFunc(doc.Warnings, func(w string) bool { return !strings.HasPrefix(w, "the security scheme ") })
	require.Len(t, unread, 2)
	refusals{
		"the first":  {head + broken + "security: [{k: []}]\n" + rest + "-- s.yaml --\nl: {\n", `s.yaml:1: not valid YAML: did not find expected node content`},
		"the second": {head + broken + "security: [{l: []}]\n" + rest + "-- s.yaml --\nl: {\n", `s.yaml:1: not valid YAML: did not find expected node content`},
	}.run(t, Options{})
}
