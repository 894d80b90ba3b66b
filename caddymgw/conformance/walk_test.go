package conformance

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/internal/corpus"
)

// tally counts what was walked.
type tally struct {
	documents, operations, public, alternatives, closed, requests int

	kinds    map[string]int // alternatives that are not closed
	outcomes map[string]int // requests
}

func newTally() *tally { return &tally{kinds: map[string]int{}, outcomes: map[string]int{}} }

func (y *tally) add(other *tally) {
	y.documents += other.documents
	y.operations += other.operations
	y.public += other.public
	y.alternatives += other.alternatives
	y.closed += other.closed
	y.requests += other.requests
	for name, n := range other.kinds {
		y.kinds[name] += n
	}
	for name, n := range other.outcomes {
		y.outcomes[name] += n
	}
}

func (y *tally) log(t testing.TB) {
	t.Helper()
	if y.documents > 0 {
		t.Logf("%d documents, %d operations (%d public), %d alternatives (%d closed)", y.documents, y.operations, y.public, y.alternatives, y.closed)
		t.Logf("alternatives: %s", counted(y.kinds))
	}
	t.Logf("%d requests: %s", y.requests, counted(y.outcomes))
}

func counted(counts map[string]int) string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		texts = append(texts, fmt.Sprintf("%s: %d", name, counts[name]))
	}
	return strings.Join(texts, ", ")
}

// walker sends requests to one operation and compares what comes out with what
// the oracle expects.
type walker struct {
	*site
	t     testing.TB
	where string // for messages
	op    *caddymgw.Operation
	url   *url.URL
	tally *tally
}

// walk visits every operation.
func (s *site) walk(t testing.TB, name string) *tally {
	t.Helper()
	y := newTally()
	y.documents++
	for i, op := range s.doc.API.Operations {
		w := walker{site: s, t: t, where: fmt.Sprintf("%s: %s %s", name, op.Method, op.Template), op: op, url: s.sample(t, op), tally: y}
		w.operation(i)
		if t.Failed() {
			break // one is enough: they come in thousands
		}
	}
	return y
}

// sample returns a URL that reaches the operation.
func (s *site) sample(t testing.TB, op *caddymgw.Operation) *url.URL {
	t.Helper()
	for _, base := range s.doc.API.BasePaths {
		u, err := url.Parse(base + corpus.Path(t, op.Template) + "?page=2")
		require.NoError(t, err)
		if got, _ := s.doc.Route(&http.Request{Method: op.Method, URL: u}); got == op {
			return u
		}
	}
	require.Fail(t, "no base path reaches the operation", op.Label())
	return nil
}

var authorization = credential.Place{In: credential.Header, Name: "Authorization"}

func (w *walker) operation(i int) {
	w.tally.operations++
	if w.op.Public() {
		w.tally.public++
		for _, s := range w.op.API.Schemes {
			if kindOf(s) == key {
				w.send(sent{kind: key, place: s.Place, api: w.op.API, flaw: forged})
			}
		}
	}
	w.send()
	w.send(sent{kind: stray, place: authorization, word: "Negotiate", api: w.op.API})
	for k, alt := range w.op.Alternatives {
		w.tally.alternatives++
		require.Equal(w.t, closed(alt), slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return r.Verifier == caddymgw.Closed() }), w.where)
		if closed(alt) {
			w.tally.closed++
			w.shut(alt)
			continue
		}
		w.tally.kinds[kinds(alt)]++
		w.alternative(alt, w.op.Alternatives[k+1:])
		w.wordsOfKeys(alt, i)
	}
}

func kinds(alt caddymgw.Alternative) string {
	var names []string
	for _, r := range alt {
		names = append(names, string(kindOf(r.Scheme)))
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "{}"
	}
	return strings.Join(names, " and ")
}

// alternative sends all that is right, and each credential spoilt in each way;
// then all that is right beside those of another alternative, right and wrong.
func (w *walker) alternative(alt caddymgw.Alternative, others []caddymgw.Alternative) {
	right := carried(w.op.API, alt)
	d := w.send(right...)
	roles := slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return kindOf(r.Scheme) == certificate && len(r.Scopes) > 0 }) // which nobody gives it
	if d.Denial != nil && !roles {
		w.t.Errorf("%s: all right credentials of %s are not enough", w.where, kinds(alt))
	}
	for i := range right {
		for _, c := range right[i].spoilt() {
			list := slices.Clone(right)
			list[i] = c
			w.send(list...)
		}
	}
	for _, other := range others {
		if closed(other) {
			continue
		}
		for _, c := range carried(w.op.API, other) {
			if slices.ContainsFunc(right, func(r sent) bool { return r.place == c.place }) {
				continue
			}
			w.send(append(slices.Clone(right), c)...)
			c.flaw = forged
			w.send(append(slices.Clone(right), c)...)
		}
	}
}

// shut sends what can be sent for an alternative that nobody can fulfil, each
// credential by itself.
func (w *walker) shut(alt caddymgw.Alternative) {
	for _, r := range alt {
		if kindOf(r.Scheme) == "" {
			w.send(sent{kind: stray, place: r.Scheme.Place, word: r.Scheme.HTTPScheme, api: w.op.API})
			continue
		}
		right := carried(w.op.API, caddymgw.Alternative{r})[0]
		w.send(right)
		for _, c := range right.spoilt() {
			w.send(c)
		}
	}
}

// wordsOfKeys sends a key in Authorization after one of the words that may
// stand before it.
func (w *walker) wordsOfKeys(alt caddymgw.Alternative, i int) {
	words := []string{"Bearer", "TOKEN", "apikey", "Key"}
	right := carried(w.op.API, alt)
	for k, c := range right {
		if c.kind == key && c.place == authorization {
			right[k].word = words[i%len(words)]
			w.send(right...)
		}
	}
}

// send makes one request, and checks what becomes of it.
func (w *walker) send(list ...sent) caddymgw.Decision {
	w.t.Helper()
	u := *w.url
	r := &http.Request{Method: w.op.Method, URL: &u, Header: http.Header{"Cookie": {"theme=dark"}, "Accept": {"*/*"}}, RemoteAddr: "192.0.2.1:1234"}
	var secrets []string
	for _, c := range list {
		secrets = append(secrets, w.put(w.t, r, c)...)
	}
	o := oracle{w.op, list, w.name, func(c sent) string { return w.text(w.t, c) }}
	d := w.gateway.Decide(w.t.Context(), r)
	want, got := o.expect(), told(d)
	w.tally.requests++
	w.tally.outcomes[class(got)]++
	if got.String() != want.String() || !slices.Equal(got.names, want.names) {
		w.t.Errorf("%s with %v: want %v %q, got %v %q\nsecurity: %s", w.where, list, want, want.names, got, got.names, describe(w.op))
		return d
	}
	if d.Denial != nil {
		w.denied(d, list)
		return d
	}
	w.border.Cross(r, d)
	w.crossed(r, secrets, list)
	return d
}

func class(o outcome) string {
	if o.code == 0 && len(o.schemes) > 0 {
		return "let in"
	}
	return o.String()
}

// denied: with a 401 there is a challenge for each kind that is accepted.
func (w *walker) denied(d caddymgw.Decision, list []sent) {
	w.t.Helper()
	if d.Denial.Status != d.Denial.Fault.Status() || len(d.Principals) > 0 {
		w.t.Errorf("%s with %v: %d for %d", w.where, list, d.Denial.Status, d.Denial.Fault)
	}
	if d.Denial.Status != fault.MissingCredentials.Status() {
		return
	}
	if len(d.Denial.Challenges) == 0 {
		w.t.Errorf("%s with %v: a 401 without a challenge", w.where, list)
	}
	words := map[kind]string{key: "ApiKey ", bearerToken: "Bearer ", password: "Basic "}
	for _, alt := range w.op.Alternatives {
		for _, r := range alt {
			word := words[kindOf(r.Scheme)]
			if !closed(alt) && !slices.ContainsFunc(d.Denial.Challenges, func(c string) bool { return strings.HasPrefix(c, word) }) {
				w.t.Errorf("%s with %v: no challenge %sin %q", w.where, list, word, d.Denial.Challenges)
			}
		}
	}
}

// crossed: behind the border there is nothing of the credentials, and all else.
func (w *walker) crossed(r *http.Request, secrets []string, list []sent) {
	w.t.Helper()
	query, err := url.QueryUnescape(r.URL.RawQuery)
	require.NoError(w.t, err)
	seen := append([]string{r.URL.RawQuery, query}, slices.Concat(slices.Collect(maps.Values(r.Header))...)...)
	for _, secret := range secrets {
		if slices.ContainsFunc(seen, func(s string) bool { return strings.Contains(s, secret) }) {
			w.t.Errorf("%s with %v: a credential crosses the border: %q %q", w.where, list, r.Header, r.URL.RawQuery)
		}
	}
	if r.URL.Query().Get("page") != "2" || r.Header.Get("Cookie") != "theme=dark" || r.Header.Get("Accept") != "*/*" || r.URL.EscapedPath() != w.url.EscapedPath() {
		w.t.Errorf("%s with %v: something else is gone: %q %q", w.where, list, r.Header, r.URL)
	}
}

func (w *walker) name(c sent) string {
	switch c.kind {
	case password:
		return w.passwords[listOf(c.roles)].name
	case certificate:
		return certificateName
	}
	if (c.kind == key) != (c.flaw == foreign) {
		return keyName
	}
	return tokenName
}

// describe writes the security of an operation for a message.
func describe(op *caddymgw.Operation) string {
	var alternatives []string
	for _, alt := range op.Alternatives {
		var terms []string
		for _, r := range alt {
			terms = append(terms, fmt.Sprintf("%s %s %v %q", r.Scheme.Name, kindOf(r.Scheme), r.Scheme.Place, r.Scopes))
		}
		alternatives = append(alternatives, "{"+strings.Join(terms, ", ")+"}")
	}
	return strings.Join(alternatives, " or ")
}
