package openapi

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/internal/corpus"
)

const (
	requestsPerDocument = 200
	leastFound          = 20_000
)

func TestRouteFindsWhatTheSpecificationSays(t *testing.T) {
	t.Parallel()
	documents := loadCorpus(t)
	var found, none atomic.Int64
	corpus.Each(len(documents), func(i int) {
		if documents[i].err != nil || len(documents[i].doc.API.Operations) == 0 {
			return
		}
		o := newOracle(documents[i].doc)
		seed := fnv.New64()
		_, _ = seed.Write([]byte(documents[i].name))
		g := generator{rand.New(rand.NewPCG(1, seed.Sum64())), documents[i].doc}
		for range requestsPerDocument {
			method, path := g.request()
			problem, ok := o.check(method, path)
			if problem != "" {
				t.Errorf("%s: %s %s: %s", documents[i].name, method, path, problem)
			}
			if ok {
				found.Add(1)
			} else {
				none.Add(1)
			}
		}
	})
	t.Logf("%d requests find an operation, %d none", found.Load(), none.Load())
	require.GreaterOrEqual(t, found.Load(), int64(leastFound))
	require.GreaterOrEqual(t, none.Load(), int64(leastFound))
}

// oracle matches by regular expressions, one operation after the other.
type oracle struct {
	doc       *Document
	templates []template
}

type template struct {
	op       *caddymgw.Operation
	segments []*regexp.Regexp
	// rank has, per segment, 0 for a text, 1 for a partly templated one and 2
	// for a parameter: of two templates that fit the smaller wins.
	rank []int
}

func newOracle(doc *Document) *oracle {
	o := &oracle{doc: doc}
	for _, op := range doc.API.Operations {
		for _, base := range doc.API.BasePaths {
			t := template{op: op}
			key := parameterName.ReplaceAllString(base+op.Template, "\x00")
			key, _, _ = strings.Cut(key, "?")
			key, _, _ = strings.Cut(key, "#")
			for raw := range strings.SplitSeq(key[1:], "/") {
				texts := strings.Split(unescape(raw), "\x00")
				for i := range texts {
					texts[i] = regexp.QuoteMeta(texts[i])
				}
				t.segments = append(t.segments, regexp.MustCompile("^(?s:"+strings.Join(texts, ".+")+")$"))
				switch {
				case len(texts) == 1:
					t.rank = append(t.rank, 0)
				case raw == "\x00":
					t.rank = append(t.rank, 2)
				default:
					t.rank = append(t.rank, 1)
				}
			}
			o.templates = append(o.templates, t)
		}
	}
	return o
}

func unescape(s string) string {
	u, err := url.PathUnescape(s)
	if err != nil {
		return s
	}
	return u
}

func (t *template) fits(segments []string) bool {
	if len(segments) != len(t.segments) {
		return false
	}
	for i, s := range segments {
		if !t.segments[i].MatchString(s) {
			return false
		}
	}
	return true
}

// check compares Route with the oracle; problem is "" if they agree.
func (o *oracle) check(method, path string) (problem string, found bool) {
	got, denial := o.doc.Route(&http.Request{Method: method, URL: &url.URL{Path: unescape(path), RawPath: path}})
	if denial != nil && denial.Status == http.StatusBadRequest {
		return "", false // FuzzCanonical judges these
	}
	segments := strings.Split(path[1:], "/")
	for i := range segments {
		segments[i] = unescape(segments[i])
	}
	var best, mine *template
	var allow []string
	for i := range o.templates {
		t := &o.templates[i]
		if !t.fits(segments) {
			continue
		}
		allow = append(allow, t.op.Method)
		if t.op.Method != method {
			continue
		}
		if t.op == got {
			mine = t
		}
		if best == nil || slices.Compare(t.rank, best.rank) < 0 {
			best = t
		}
	}
	switch {
	case got != nil && (got.Method != method || mine == nil):
		return "finds " + got.Label() + ", which does not fit", true
	case len(o.doc.API.BasePaths) > 1:
		return "", got != nil // which operations lie below which base path is not in the API
	case got != nil && slices.Compare(best.rank, mine.rank) < 0:
		return fmt.Sprintf("finds %s, although %s is more concrete", got.Template, best.op.Template), true
	case got == nil && best != nil:
		return "does not find " + best.op.Label(), false
	case got == nil && len(allow) == 0 && denial.Status != http.StatusNotFound, got == nil && len(allow) > 0 && denial.Status != http.StatusMethodNotAllowed:
		return fmt.Sprintf("is %d, and the paths that fit have the methods %v", denial.Status, allow), false
	case got == nil && !slices.Equal(denial.Allow, slices.Compact(slices.Sorted(slices.Values(allow)))):
		return fmt.Sprintf("allows %v instead of %v", denial.Allow, allow), false
	}
	return "", got != nil
}

// generator makes requests for operations of a document, and for what is near.
type generator struct {
	*rand.Rand
	doc *Document
}

func (g generator) operation() *caddymgw.Operation {
	return g.doc.API.Operations[g.IntN(len(g.doc.API.Operations))]
}

func (g generator) request() (method, path string) {
	op := g.operation()
	base := g.doc.API.BasePaths[g.IntN(len(g.doc.API.BasePaths))]
	segments := g.segments(op)
	for range g.IntN(3) {
		segments = g.mutate(segments)
	}
	method = op.Method
	if g.IntN(10) == 0 {
		method = g.operation().Method
	}
	return method, base + "/" + strings.Join(segments, "/")
}

var values = []string{"1", "a.b", "x.json", "a:b", "v1...v2", "%C3%A9t%C3%A9", "me", "{id}", "%7Bid%7D", "a%20b", "-"}

// segments fills in values, or now and then the text of a template itself.
func (g generator) segments(op *caddymgw.Operation) []string {
	key, _, _ := strings.Cut(strings.ReplaceAll(op.Template, " ", "%20"), "#")
	key, _, _ = strings.Cut(key, "?")
	if g.IntN(10) > 0 {
		key = parameterName.ReplaceAllStringFunc(key, func(string) string { return values[g.IntN(len(values))] })
	}
	return strings.Split(key[1:], "/")
}

func (g generator) mutate(segments []string) []string {
	segments = slices.Clone(segments)
	i := g.IntN(len(segments))
	switch g.IntN(8) {
	case 0:
		if len(segments) > 1 {
			return slices.Delete(segments, i, i+1)
		}
	case 1:
		return slices.Insert(segments, i, values[g.IntN(len(values))])
	case 2:
		j := g.IntN(len(segments))
		segments[i], segments[j] = segments[j], segments[i]
	case 3:
		segments[i] = strings.ToUpper(segments[i])
	case 4:
		segments[i] = "{" + segments[i] + "}"
	case 5:
		if s := segments[i]; s != "" && s[0] != '%' {
			segments[i] = fmt.Sprintf("%%%02x", s[0]) + s[1:]
		}
	case 6:
		return append(segments, "")
	case 7: // a neighbour's text where a parameter may stand
		if others := g.segments(g.operation()); i < len(others) {
			segments[i] = others[i]
		}
	}
	return segments
}
