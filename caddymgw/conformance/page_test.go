package conformance

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/conformance.md anew")

// TestPage holds docs/conformance.md to the sentences.
func TestPage(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "conformance.md")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(page()), 0o644))
	}
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, page(), string(content), "go test ./caddymgw/conformance -update writes it anew")
}

const introduction = `# OpenAPI's security, sentence by sentence

What the specifications of OpenAPI [2.0](https://spec.openapis.org/oas/v2.0.html), [3.0.4](https://spec.openapis.org/oas/v3.0.4.html),
[3.1.1](https://spec.openapis.org/oas/v3.1.1.html) and [3.2.0](https://spec.openapis.org/oas/v3.2.0.html) say about security, in our words and with the
numbers of their sections; what the gateway does; and the tests that hold it to that. Where nothing is said of a difference, it does what OpenAPI says.

This page is written by a test, which fails if it is out of date. The tests named TestSentences have a small document for each sentence, load it in each
version that says so, and send it requests with real keys, tokens, passwords and certificates. In each version somebody must be let in, and somebody
or something refused.

` + "```console\n$ go test ./caddymgw/conformance\n```\n"

const conclusion = `
## Beyond the sentences

Three more tests compare the gateway with a second reading of the rules, which is written in the test and knows nothing of the code:

- TestCorpus walks every operation of the real documents that the tests read, and every alternative of its security: with the right credentials, with each of them left
  out, empty, twice, forged, expired, for another API and of another kind, with each scope and role missing, and beside right and wrong credentials of the other
  alternatives. Nothing of a credential may cross the border, and all else must.
- TestEveryCombination does the same for every type of scheme and every two of them, in one entry and in two.
- TestRandomCombinations goes on by chance, with up to four entries of up to three requirements.
`

func page() string {
	var b strings.Builder
	b.WriteString(introduction)
	b.WriteString("\n## Where the gateway does something else\n\n")
	for _, c := range chapters {
		for _, s := range c.sentences {
			if s.why != "" {
				fmt.Fprintf(&b, "- **%s** (%s). %s %s\n", s.name, s.where(", "), s.does, s.why)
			}
		}
	}
	for _, c := range chapters {
		fmt.Fprintf(&b, "\n## %s\n\n| | Section | OpenAPI says | The gateway | Tests |\n|---|---|---|---|---|\n", c.title)
		for _, s := range c.sentences {
			does := s.does
			if s.why != "" {
				does += " **It differs:** " + s.why
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", s.name, s.where("<br>"), cell(s.says), cell(does), strings.Join(s.tests(), "<br>"))
		}
	}
	b.WriteString(conclusion)
	return b.String()
}

// where is "2.0 section 6.4.1" and so on, for each version that says it.
func (s sentence) where(separator string) string {
	var list []string
	for v, section := range s.at {
		if section == "" {
			continue
		}
		word := " section "
		if strings.Contains(section, ",") {
			word = " sections "
		}
		list = append(list, versions[v]+word+section)
	}
	return strings.Join(list, separator)
}

// cell escapes what would end a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// tests are the own one and those elsewhere.
func (s sentence) tests() (list []string) {
	if n := s.requests(); n > 0 {
		list = append(list, fmt.Sprintf("conformance.TestSentences/%s (%d)", strings.ReplaceAll(s.name, " ", "_"), n))
	}
	for _, name := range s.held {
		list = append(list, strings.TrimPrefix(name, "caddymgw/"))
	}
	return list
}

// requests counts what the examples send and load in all versions.
func (s sentence) requests() (n int) {
	for v, version := range versions {
		for _, e := range s.examples {
			if s.at[v] == "" || e.only != nil && !slices.Contains(e.only, version) {
				continue
			}
			n += strings.Count(e.requests, "->")
			if e.refused != "" {
				n++
			}
		}
	}
	return n
}
