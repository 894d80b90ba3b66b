package diff

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

const schemesOfTests = `
  k: {type: apiKey, in: header, name: X-Key}
  b: {type: http, scheme: basic}
  o: {type: oauth2, flows: {}}
  m: {type: mutualTLS}
`

// document is one with these paths, and whatever else a test puts before them.
func document(t testing.TB, options openapi.Options, paths string, before ...string) *openapi.Document {
	t.Helper()
	text := "openapi: 3.1.0\ninfo: {title: T, version: '1'}\n"
	if !strings.Contains(strings.Join(before, ""), "components") {
		text += "components:\n securitySchemes:" + schemesOfTests
	}
	text += strings.Join(before, "\n") + "\npaths:\n" + paths
	return loaded(t, options, text)
}

func loaded(t testing.TB, options openapi.Options, text string) *openapi.Document {
	t.Helper()
	file := filepath.Join(t.TempDir(), "api.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	doc, err := openapi.Load(file, options)
	require.NoError(t, err, text)
	return doc
}

// lines says each operation of a report on one line.
func lines(r *Report) (all []string) {
	for _, op := range r.Operations {
		line := fmt.Sprintf("%s %s %s:", op.Change, op.Method, op.Path)
		for _, s := range []*Security{op.Was, op.Now} {
			switch {
			case s == nil:
				line += " -"
			case s.Operation != "":
				line += fmt.Sprintf(" (%s by %s)", s, s.Operation)
			default:
				line += fmt.Sprintf(" (%s)", s)
			}
		}
		if op.Opens {
			line += " opens"
		}
		all = append(all, line)
	}
	return all
}

// choose returns one of the texts.
func choose(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// someSecurity is a security member by chance.
func someSecurity(r *rand.Rand) string {
	var alternatives []string
	for range r.IntN(4) {
		var requirements []string
		for _, name := range []string{"k", "b", "o"} {
			if r.IntN(5) < 2 {
				requirements = append(requirements, name+": "+choose(r, "[]", "[x]", "[y]", "[x, y]"))
			}
		}
		alternatives = append(alternatives, "{"+strings.Join(requirements, ", ")+"}")
	}
	return "[" + strings.Join(alternatives, ", ") + "]"
}

// wallet is a set of credentials, a bit for each of what wallets holds.
type wallet uint

// held are the bits of a scheme: itself, and the scopes x and y.
var held = map[string]wallet{"k": 1, "b": 8, "o": 64}

const wallets = 512

// holds is what an operation says to a set of credentials, told by its
// alternatives.
func (w wallet) holds(op *caddymgw.Operation) bool {
	for _, alt := range op.Alternatives {
		all := true
		for _, r := range alt {
			own := held[r.Scheme.Name]
			n := 0
			for i, scope := range []string{"x", "y"} {
				if contains(r.Scopes, scope) && w&(own<<(i+1)) != 0 {
					n++
				}
			}
			enough := n == len(r.Scopes) || r.AnyScope && n > 0
			all = all && w&own != 0 && enough
		}
		if all {
			return true
		}
	}
	return op.Public()
}

func contains(list []string, s string) bool {
	for _, other := range list {
		if other == s {
			return true
		}
	}
	return false
}

// tried asks every set of credentials whether it opens one and not the other.
func tried(before, after *caddymgw.Operation) (opens, closes bool) {
	for w := range wallet(wallets) {
		was, now := w.holds(before), w.holds(after)
		opens, closes = opens || now && !was, closes || was && !now
	}
	return opens, closes
}
