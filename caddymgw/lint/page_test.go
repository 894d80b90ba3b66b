package lint

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const page = "../../docs/lint.md"

const preface = `# Rules of the linter

` + "`caddymgw mgw lint FILE`" + ` looks at an OpenAPI document for what smells in its security. This page is made of its rules: ` + "`go test ./caddymgw/lint -run TestThePageOfRulesIsTheRules -update`" + `.

An **error** is where the document does not do what it says, or gives credentials away; a **warning** is where more is open, or exposed, than is good; a **note** is worth a look. Who may call what is asked of the reader that the gateway has itself, so options that change it change the findings: ` + "`--default-security`, `--combine`, `--base-path`" + `.

Where something is meant as it is, say so in the document, at the operation, the security scheme, or the top:

` + "```yaml" + `
paths:
  /login:
    post:
      security: []
      x-caddymgw-lint-ignore: [unauthenticated-write]
` + "```" + `

or leave a rule out: ` + "`--disable unauthenticated-read`" + `. A rule that does not exist is refused, in either place.

In a pipeline:

` + "```sh" + `
caddymgw mgw lint openapi.yaml --fail-on warning
caddymgw mgw lint openapi.yaml --sarif >lint.sarif
` + "```" + `

The exit status is 0 if nothing as bad as ` + "`--fail-on`" + ` was found (by default: no error), 1 if something was, a document that does not load included, and 2 if the command could not do its work: the file can't be read, or a flag or a rule is none.
`

// TestThePageOfRulesIsTheRules holds docs/lint.md to the rules, of which it is made.
func TestThePageOfRulesIsTheRules(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(preface)
	b.WriteString("\n| rule | severity | |\n|---|---|---|\n")
	for _, r := range Rules() {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", r.ID, r.ID, r.Severity, r.Title)
	}
	for _, r := range Rules() {
		fmt.Fprintf(&b, "\n## `%s`\n\n%s (%s). %s\n\n", r.ID, r.Title, r.Severity, r.Why)
		fmt.Fprintf(&b, "Bad:\n\n```yaml\n%s```\n\nGood:\n\n```yaml\n%s```\n\n%s\n", strings.TrimPrefix(r.Bad, "\n"), strings.TrimPrefix(r.Good, "\n"), r.Remedy)
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "run with -update")
}
