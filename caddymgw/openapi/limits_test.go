package openapi

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	var files, references strings.Builder
	for i := range maxFiles {
		fmt.Fprintf(&references, "  /%d: {$ref: %d.yaml}\n", i, i)
		fmt.Fprintf(&files, "-- %d.yaml --\n{}\n", i)
	}
	for name, tc := range map[string]struct{ content, want string }{
		"a large file":         {head + strings.Repeat("#", maxSize), "api.yaml: the file is larger than 32 MiB"},
		"deep JSON":            {`{"x": ` + strings.Repeat(`[`, maxDepth), "api.json:1: /x" + strings.Repeat("/0", maxDepth-1) + ": nested too deeply"},
		"deep JSON objects":    {strings.Repeat(`{"":`, 20_000), "api.json:1: " + strings.Repeat("/", maxDepth+1) + ": nested too deeply"},
		"deep YAML":            {head + "x:\n " + strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1), "api.yaml:4: nested too deeply, or an alias that contains itself"},
		"deeper than the YAML": {head + "x: " + strings.Repeat("[", 1_000_000), "api.yaml:3: not valid YAML: exceeded max depth of 10000"},
		"an alias in itself":   {head + "x: &x\n- *x\n- *x\n", "api.yaml:3: nested too deeply, or an alias that contains itself"},
		"merged into itself":   {head + "x: &x\n  <<: *x\n", "api.yaml:3: nested too deeply, or an alias that contains itself"},
		"lists of aliases":     {bomb("[*%[1]s, *%[1]s, *%[1]s, *%[1]s, *%[1]s, *%[1]s, *%[1]s, *%[1]s]"), "nodes, aliases expanded"},
		"objects of aliases":   {bomb("{a: *%[1]s, b: *%[1]s, c: *%[1]s, d: *%[1]s, e: *%[1]s, f: *%[1]s}"), "nodes, aliases expanded"},
		"merged aliases":       {bomb("{<<: [*%[1]s, *%[1]s, *%[1]s, *%[1]s, *%[1]s, *%[1]s]}"), "nodes, aliases expanded"},
		"a long path":          {`{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {"` + strings.Repeat("/a", 5_000_000) + `": {"get": {}}}}`, "api.json:1: /paths/~1a~1a" + strings.Repeat("~1a", 31) + "~...a~1a"},
		"a path below a base":  {head + "servers: [{url: /" + strings.Repeat("b/", maxSegments/2) + "}]\npaths: {" + strings.Repeat("/a", maxSegments/2+1) + ": {get: {}}}", "/get: with its base path, the path has 201 segments: there may be 200"},
		"a long base path":     {head + rest + "servers: [{url: '" + strings.Repeat("/b", 300_000) + "'}]", "api.yaml:4: /servers/0: url \"/b/b"},
		"many servers":         {head + "servers:\n" + manyServers(maxBasePaths+1), "api.yaml:260: /servers/256: the servers give more than 256 base paths: name one with base_path"},
		"many places":          {head + "servers:\n" + manyServers(maxBasePaths) + "paths:\n" + paths(3000), "operations and base paths (servers) multiply to more than 262144: name one base path with base_path"},
		"many files":           {head + "paths:\n" + references.String() + files.String(), "api.yaml:1003: /paths/~1999/$ref: 999.yaml: the document is made of more than 1000 files"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := put(t, tc.content)
			start := time.Now()
			require.Contains(t, refusal(t, file, Options{}), tc.want)
			require.Less(t, time.Since(start), time.Minute, "a second, without the race detector and other tests; hours without the limits")
		})
	}
}

func manyServers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  - url: /v%d\n", i)
	}
	return b.String()
}

// TestMessagesAreForPeople: a key or a value as long as the document is not.
func TestMessagesAreForPeople(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"a key":   `{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {"` + strings.Repeat("/\u00e9", 100_000) + `": {}}}`,
		"a value": head + rest + "servers: [{url: '" + strings.Repeat("/\u00e9", 100_000) + "'}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			message := refusal(t, put(t, content), Options{})
			require.Less(t, len(message), 6000)
			require.True(t, utf8.ValidString(message))
			require.Contains(t, message, "100000 segments: there may be 200")
		})
	}
}

// bomb is a document of 20 anchors, each of which is made of the one before.
func bomb(format string) string {
	var b strings.Builder
	b.WriteString(head + "x0: &x0 {y: z}\n")
	for i := 1; i < 20; i++ {
		fmt.Fprintf(&b, "x%d: &x%d %s\n", i, i, fmt.Sprintf(format, fmt.Sprintf("x%d", i-1)))
	}
	return b.String()
}

func TestDocumentsWithinTheLimits(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"many paths":      head + "paths:\n" + paths(5_000),
		"deep as allowed": head + rest + "x: " + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + "\n",
		"many nodes":      `{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "x": [` + strings.Repeat("0,", 500_000) + `0]}`,
		"some aliases":    head + rest + "x0: &x0 {a: b}\nx1: &x1 [" + strings.Repeat("*x0,", 100) + "]\nx2: [" + strings.Repeat("*x1,", 1_000) + "]\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			load(t, content, Options{})
		})
	}
}

// paths writes n path items, half of them with a parameter.
func paths(n int) string {
	var b strings.Builder
	for i := range n / 2 {
		fmt.Fprintf(&b, "  /group%d/item%d: {get: {}, post: {}}\n  /group%d/{id}/part%d: {get: {}, delete: {}}\n", i%50, i, i%50, i)
	}
	return b.String()
}

func TestCoincidingSecurityIsBounded(t *testing.T) {
	t.Parallel()
	list := func(n int) string {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("{s%d: [], t%d: []}", i%9, i))
		}
		return "[" + strings.Join(names, ", ") + "]"
	}
	var declared strings.Builder
	for i := range 9 {
		fmt.Fprintf(&declared, "s%d: {type: oauth2}, t%d: {type: oauth2}, ", i, i)
	}
	head := head + "components: {securitySchemes: {" + declared.String() + "}}\n"
	doc := load(t, head+"paths:\n  /{a}: {get: {security: "+list(8)+"}}\n  /{b}: {get: {security: [{s8: []}]}}\n", Options{})
	require.Len(t, doc.API.Operations[0].Alternatives, 8)
	refusals{
		"81": {
			head + "paths:\n  /{a}: {get: {security: " + list(9) + "}}\n  /{b}:\n    get: {security: " + strings.Replace(list(9), "t0", "s8", 1) + "}\n",
			"api.yaml:7: /paths/~1{b}/get: GET /{a} and GET /{b} are one to a request, and their securities multiply to more than 64 alternatives: give them one",
		},
	}.run(t, Options{})
}
