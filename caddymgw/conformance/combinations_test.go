package conformance

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

const combined = `openapi: 3.1.1
info: {title: Combinations, version: '1'}
components:
  securitySchemes:
    header: {type: apiKey, in: header, name: X-Key}
    same: {type: apiKey, in: header, name: x-key}
    query: {type: apiKey, in: query, name: key}
    cookie: {type: apiKey, in: cookie, name: key}
    authorization: {type: apiKey, in: header, name: Authorization}
    basic: {type: http, scheme: Basic}
    bearer: {type: http, scheme: bearer}
    oauth: {type: oauth2, flows: {}}
    oidc: {type: openIdConnect, openIdConnectUrl: https://idp.test/.well-known/openid-configuration}
    certificate: {type: mutualTLS}
    digest: {type: http, scheme: digest}
paths:
`

// terms are single requirements.
var terms = []string{
	"header: []", "header: [admin]", "same: []", "query: []", "cookie: []", "authorization: []", "basic: [admin]",
	"bearer: [admin]", "oauth: [read]", "oidc: [email]", "certificate: []", "certificate: [admin]", "digest: []",
}

// TestEveryCombination walks, as TestCorpus does, every single requirement and
// every two together, each alone and before and after every single one and {}.
// Few of them are in the corpus: it has no mutual TLS at all.
func TestEveryCombination(t *testing.T) {
	t.Parallel()
	alternatives := make([]string, len(terms))
	for i, a := range terms {
		alternatives[i] = a
		for _, b := range terms[:i] {
			if schemeOf(a) != schemeOf(b) {
				alternatives = append(alternatives, b+", "+a)
			}
		}
	}
	var securities [][]string
	for _, a := range alternatives {
		securities = append(securities, []string{a})
		for _, b := range append(terms, "") {
			securities = append(securities, []string{a, b}, []string{b, a})
		}
	}
	y := newHouse(t).open(t, combine(t, securities)).walk(t, "combinations")
	y.log(t)
	require.Equal(t, len(securities), y.operations)
	require.GreaterOrEqual(t, y.requests, 60_000)
}

// combine loads a document with an operation of each security.
func combine(t *testing.T, securities [][]string) *openapi.Document {
	t.Helper()
	var document strings.Builder
	document.WriteString(combined)
	for i, security := range securities {
		fmt.Fprintf(&document, "  /%d: {get: {security: [{%s}]}}\n", i, strings.Join(security, "}, {"))
	}
	file := filepath.Join(t.TempDir(), "api.yaml")
	require.NoError(t, os.WriteFile(file, []byte(document.String()), 0o600))
	doc, err := openapi.Load(file, openapi.Options{})
	require.NoError(t, err)
	return doc
}

// TestRandomCombinations goes further, by chance: up to four entries of up to
// three requirements, and requests with any of the credentials that they ask
// for, some of them spoilt.
func TestRandomCombinations(t *testing.T) {
	t.Parallel()
	const operations, requests = 400, 80
	rnd := rand.New(rand.NewPCG(3, 1))
	securities := make([][]string, operations)
	for i := range securities {
		for range 1 + rnd.IntN(4) {
			securities[i] = append(securities[i], randomEntry(rnd))
		}
	}
	doc := combine(t, securities)
	s := newHouse(t).open(t, doc)
	y := newTally()
	for _, op := range doc.API.Operations {
		w := walker{site: s, t: t, where: op.Template, op: op, url: s.sample(t, op), tally: y}
		for range requests {
			w.send(w.random(rnd)...)
		}
	}
	y.log(t)
	require.Equal(t, operations*requests, y.requests)
	require.Greater(t, y.outcomes["let in"], y.requests/5)
}

func randomEntry(rnd *rand.Rand) string {
	var entry []string
	for range rnd.IntN(4) {
		term := terms[rnd.IntN(len(terms))]
		if !slices.ContainsFunc(entry, func(other string) bool { return schemeOf(other) == schemeOf(term) }) {
			entry = append(entry, term)
		}
	}
	return strings.Join(entry, ", ")
}

// random picks credentials that the operation asks for, one for a place.
func (w *walker) random(rnd *rand.Rand) (list []sent) {
	for _, alt := range w.op.Alternatives {
		if closed(alt) || rnd.IntN(3) == 0 {
			continue
		}
		for _, c := range carried(w.op.API, alt) {
			taken := slices.ContainsFunc(list, func(other sent) bool { return other.place == c.place })
			if taken || rnd.IntN(6) == 0 {
				continue
			}
			if rnd.IntN(5) == 0 {
				ways := c.spoilt()
				c = ways[rnd.IntN(len(ways))]
			}
			list = append(list, c)
		}
	}
	return list
}

func schemeOf(term string) string {
	name, _, _ := strings.Cut(term, ":")
	return name
}
