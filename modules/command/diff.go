package command

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw/diff"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func diffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff <old> <new>",
		Short: "Says whose access changes with a new OpenAPI document",
		Long: `
Compares what two OpenAPI documents ask for, operation by operation: by method and
path, base path included, whatever the parameters are called. Security counts as
the gateway reads it, wherever it is declared. An operation is

- weaker, if some are let in who were not, and nobody is kept out anew,
- changed, if some are let in who were not, and some are kept out anew,
- stronger, if some are kept out who were let in, and nobody is let in anew,
- new or gone. Where another operation got the requests of a new one before, or
  gets those of one that is gone, the two are compared.

Two schemes are one if name, type and place are equal: a key in another header is
another key, and so is one under another name. Its flows and URLs are for clients:
whose tokens are taken, the configuration of the gateway says, and so they are not
compared. TLS is security too, where x-wso2-transports has no http.

--fail-on weaker fails where somebody is let in who was not: at what is weaker or
changed, and what is new and open to everybody. --fail-on changed fails at what is
stronger too, where callers need other credentials. --fail-on any fails at any
difference. --base-path / compares documents whose base paths differ.

The exit status is 0 if there is no difference of the kind, or no --fail-on, 1 if
there is one, and 2 if the documents could not be compared.
`,
		Example: `  caddymgw mgw diff old.yaml new.yaml
  git show main:openapi.yaml >main.yaml && caddymgw mgw diff main.yaml openapi.yaml --fail-on weaker
  caddymgw mgw diff v1.yaml v2.yaml --base-path / --json`,
		Args:              wants("an old document", "a new one"),
		ValidArgsFunction: completeDocuments(2),
	}
	answers(cmd, diffDocuments)
	f := cmd.Flags()
	f.String("fail-on", "", "The `kind` of differences that fails: weaker, changed or any; default: none")
	f.Bool("json", false, "Print the differences as JSON")
	readingFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]cobra.Completion{"weaker", "changed", "any"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func diffDocuments(cmd *cobra.Command, args []string) (answer, err error) {
	var on diff.FailOn
	if cmd.Flags().Changed("fail-on") {
		word, _ := cmd.Flags().GetString("fail-on")
		if on, err = diff.ParseFailOn(word); err != nil {
			return nil, errors.New("--fail-on: " + plain(err.Error()))
		}
	}
	options, err := documentOptions(cmd)
	if err != nil {
		return nil, err
	}
	var documents []*openapi.Document
	for _, file := range args {
		doc, err := openapi.Load(file, options)
		if err != nil {
			return nil, errors.New(plain(err.Error()))
		}
		documents = append(documents, doc)
	}
	report := diff.Compare(documents[0], documents[1])
	out := cmd.OutOrStdout()
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		err = printAsJSON(out, report)
	} else {
		err = printDifferences(out, report)
	}
	if err != nil {
		return nil, err
	}
	if report.Old.Name != report.New.Name || report.Old.Version != report.New.Version {
		remark(cmd, fmt.Sprintf("%s %s is now %s %s: keys that are limited to one of them don't open the other", report.Old.Name, report.Old.Version, report.New.Name, report.New.Version))
	}
	remark(cmd, changes(report))
	if n := report.Count(on); on != "" && n > 0 {
		return fmt.Errorf("%s of the kind %q", counted(n, "difference", "differences"), on), nil
	}
	return nil, nil
}

// changes counts operations by what became of them.
func changes(r *diff.Report) string {
	var words []string
	for _, c := range diff.Changes() {
		if n := r.Counts[c]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, c))
		}
	}
	if len(words) == 0 {
		return "no operations"
	}
	return "operations: " + strings.Join(words, ", ")
}

var changeColours = map[diff.Change]string{diff.Weaker: red, diff.Changed: yellow, diff.Stronger: green}

// printDifferences writes them by kind.
func printDifferences(out io.Writer, r *diff.Report) error {
	s := newSheet(out)
	var last diff.Change
	for _, op := range r.Operations {
		if op.Change != last {
			s.heading(fmt.Sprintf("%d %s", r.Counts[op.Change], op.Change), last != "")
			last = op.Change
		}
		colour := changeColours[op.Change]
		if op.Opens && op.Change == diff.New {
			colour = red
		}
		s.whole("\n" + s.paint.text(plain(op.Method+" "+op.Path), colour))
		s.security("Was", op.Was)
		s.security("Now", op.Now)
	}
	if len(r.Schemes) > 0 {
		s.heading(counted(len(r.Schemes), "scheme", "schemes"), last != "")
	}
	for _, scheme := range r.Schemes {
		s.whole("\n" + plain(scheme.Name) + " (" + string(scheme.Change) + ")")
		s.some("Was", scheme.Was)
		s.some("Now", scheme.Now)
	}
	return s.err
}

func (s *sheet) security(label string, security *diff.Security) {
	if security == nil {
		return
	}
	text := security.String()
	if security.Operation != "" {
		text += ", by " + security.Operation
	}
	s.sentence(label, text)
}
