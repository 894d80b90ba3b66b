package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/caddymgw/gateway/internal/corpus"
)

const (
	// Fewer would mean that the corpus or the oracle has shrunk unnoticed.
	leastDocuments  = 205
	leastOperations = 10_000
	// kin-openapi takes a quarter of all time for the one that is larger
	// (GitHub's), which declares no security at all.
	largestCompared = 8 << 20
)

func TestSecurityEqualsThatOfKin(t *testing.T) {
	t.Parallel()
	documents := loadCorpus(t)
	compared := make([]comparison, len(documents))
	corpus.Each(len(documents), func(i int) { compared[i] = compare(documents[i]) })
	var lines []string
	reasons := map[string]int{}
	nDocuments, nOperations := 0, 0
	for i, c := range compared {
		if c.operations > 0 {
			nDocuments++
			nOperations += c.operations
		}
		for _, d := range c.differences {
			if d.reason == "" {
				t.Errorf("%s: a difference without a known reason: %s", documents[i].name, d.what)
			}
			reasons[d.reason]++
			lines = append(lines, strings.TrimSuffix(documents[i].name+"\t"+d.reason+"\t"+d.what, "\t"))
		}
	}
	t.Logf("%d documents and %d operations compared; differences by reason: %v", nDocuments, nOperations, reasons)
	require.GreaterOrEqual(t, nDocuments, leastDocuments)
	require.GreaterOrEqual(t, nOperations, leastOperations)
	golden(t, "kin-differences.golden", lines)
}

type comparison struct {
	operations  int
	differences []difference
}

type difference struct{ reason, what string }

func (c *comparison) differ(reason, what string) {
	c.differences = append(c.differences, difference{reason, what})
}

// operation names what a request can tell apart: path keys without parameter
// names, queries and fragments.
type operation struct{ method, path string }

func (o operation) String() string { return o.method + " " + o.path }

var parameterName = regexp.MustCompile(`\{[^}]*\}`)

func operationOf(method, template string) operation {
	path, _, _ := strings.Cut(parameterName.ReplaceAllString(template, "{}"), "#")
	path, _, _ = strings.Cut(path, "?")
	return operation{method, path}
}

func compare(l loaded) (c comparison) {
	if l.err != nil {
		var e *Error
		errors.As(l.err, &e)
		reason := ""
		if strings.HasPrefix(e.Message, "no security scheme") {
			reason = "refused here: a requirement names a scheme that is not declared"
		}
		c.differ(reason, e.Pointer)
		return c
	}
	info, err := os.Stat(l.file)
	if err == nil && info.Size() > largestCompared {
		return c
	}
	theirs, err := readByKin(l)
	if err != nil {
		c.differ(kinReason(err), "")
		return c
	}
	ours := map[operation]string{}
	for _, op := range l.doc.API.Operations {
		ours[operationOf(op.Method, op.Template)] = describe(op)
	}
	for op, all := range theirs {
		for _, their := range all {
			c.operations++
			if mine := ours[op]; mine != their.security {
				c.differ(reasonOf(op, mine, their), fmt.Sprintf("%s: here %q, kin %q", op, mine, their.security))
			}
		}
	}
	for op := range ours {
		if theirs[op] == nil {
			c.differ("", op.String()+": not in kin")
		}
	}
	slices.SortFunc(c.differences, func(a, b difference) int { return strings.Compare(a.what, b.what) })
	return c
}

// reasonOf says why an operation differs; "" is a new reason.
func reasonOf(op operation, mine string, their kinOperation) string {
	_, err := Canonical(strings.NewReplacer("{", "", "}", "").Replace(op.path), false, false)
	switch {
	case mine == "public" && their.disabled:
		return "switched off by x-wso2-disable-security, which kin does not know"
	case mine == "" && err != nil:
		return "never served here: no canonical path fits"
	}
	return ""
}

// kinReason says why kin-openapi can't load a document; "" is a new reason.
func kinReason(err error) string {
	for _, r := range [][2]string{
		{errOutside.Error(), "kin does not load it: a $ref of a schema leads out of the folder"},
		{"no such file", "kin does not load it: a $ref of a schema leads to a file that is not there"},
		{"failed to resolve", "kin does not load it: a $ref of a schema names nothing"},
		{"expecting ref to", "kin does not load it: a $ref leads to another kind of object"},
		{"construct errors", "kin does not load it: a member is of another Go type than it expects"},
		{"cannot unmarshal", "kin does not load it: a member is of another Go type than it expects"},
	} {
		if strings.Contains(err.Error(), r[0]) {
			return r[1]
		}
	}
	return ""
}

var errOutside = errors.New("outside of the folder")

// kinOperation is what kin-openapi reads of an operation; its security is
// written as describe writes it.
type kinOperation struct {
	security string
	disabled bool
}

type kinOperations map[operation][]kinOperation

func readByKin(l loaded) (kinOperations, error) {
	if l.doc.API.OpenAPI == "2.0" {
		return readByKin2(l)
	}
	loader := openapi3.NewLoader()
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, u *url.URL) ([]byte, error) {
		inside, err := filepath.Rel(filepath.Dir(l.file), u.Path)
		if u.Scheme != "" || u.Host != "" || err != nil || !filepath.IsLocal(inside) {
			return nil, errOutside
		}
		return os.ReadFile(u.Path)
	}
	doc, err := loader.LoadFromFile(l.file)
	if err != nil {
		return nil, err
	}
	found := kinOperations{}
	for template, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			add(found, operationOf(method, template), doc.Security, op.Security, op.Extensions)
		}
	}
	return found, nil
}

// readByKin2 does not convert to 3.0: that fails over schemas far more often.
func readByKin2(l loaded) (kinOperations, error) {
	content, err := os.ReadFile(l.file)
	if err != nil {
		return nil, err
	}
	if !json.Valid(content) {
		var tree any
		if err := yaml.Unmarshal(content, &tree); err != nil {
			return nil, err
		}
		if content, err = json.Marshal(stringKeys(tree)); err != nil {
			return nil, err
		}
	}
	var doc openapi2.T
	if err := json.Unmarshal(content, &doc); err != nil {
		return nil, err
	}
	found := kinOperations{}
	for template, item := range doc.Paths {
		for method, op := range item.Operations() {
			add(found, operationOf(method, template), doc.Security, op.Security, op.Extensions)
		}
	}
	return found, nil
}

// stringKeys makes JSON of what YAML reads: a status code is a number there.
func stringKeys(tree any) any {
	switch tree := tree.(type) {
	case []any:
		for i := range tree {
			tree[i] = stringKeys(tree[i])
		}
	case map[string]any:
		for name := range tree {
			tree[name] = stringKeys(tree[name])
		}
	case map[any]any:
		object := make(map[string]any, len(tree))
		for name, v := range tree {
			object[fmt.Sprint(name)] = stringKeys(v)
		}
		return object
	}
	return tree
}

func add[R ~map[string][]string, L ~[]R](found kinOperations, key operation, document L, own *L, extensions map[string]any) {
	security := document
	if own != nil {
		security = *own
	}
	found[key] = append(found[key], kinOperation{alternatives(security), extensions["x-wso2-disable-security"] == true})
}

// alternatives writes a list of requirements as describe does: nil is "not
// declared", for which default_security stands here.
func alternatives[R ~map[string][]string, L ~[]R](list L) string {
	if list == nil {
		return "(" + implicitOAuth2 + "[])"
	}
	var texts []string
	anonymous := false
	for _, requirement := range list {
		var each []string
		for name, scopes := range requirement {
			each = append(each, name+"["+strings.Join(slices.Sorted(slices.Values(scopes)), " ")+"]")
		}
		slices.Sort(each)
		if len(each) == 0 {
			anonymous = true
			continue
		}
		texts = append(texts, "("+strings.Join(each, " and ")+")")
	}
	switch {
	case len(texts) == 0:
		return "public"
	case anonymous:
		texts = append(texts, "()")
	}
	return strings.Join(texts, " or ")
}
