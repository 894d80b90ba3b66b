package command

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw/lint"
)

func lintCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lint <file>",
		Short: "Finds what smells in the security of an OpenAPI document",
		Long: `
Looks at an OpenAPI document for what lets more in than its author may have meant,
what exposes credentials, and what keeps everybody out. --rules lists what is
looked for; docs/lint.md has an example of each rule, and of its remedy.

Where something is meant as it is, write x-caddymgw-lint-ignore: [RULE] into the
operation, the security scheme, or the top of the document; or leave a rule out by
--disable.

--sarif prints a log for code scanners, in SARIF 2.1.0. Paths are as you type them:
start the command in the root of the repository.

The exit status is 0 if nothing was found that is as bad as --fail-on, 1 if
something was, a document that does not load included, and 2 if the command could
not do its work: the file can't be read, or a flag or a rule is none.
`,
		Example: `  caddymgw mgw lint openapi.yaml
  caddymgw mgw lint openapi.yaml --fail-on warning --disable unauthenticated-read
  caddymgw mgw lint openapi.yaml --sarif >lint.sarif
  caddymgw mgw lint --rules`,
		Args: func(cmd *cobra.Command, args []string) error {
			if rules, _ := cmd.Flags().GetBool("rules"); rules {
				return wants()(cmd, args)
			}
			return wants("a document")(cmd, args)
		},
		ValidArgsFunction: completeDocuments(1),
	}
	answers(cmd, lintDocument)
	f := cmd.Flags()
	f.Bool("rules", false, "List the rules")
	f.StringArray("disable", nil, "Leave a `rule` out; repeatable")
	f.String("fail-on", string(lint.Error), "The least `severity` that fails: error, warning or note")
	f.Bool("json", false, "Print the findings, or the rules, as JSON")
	f.Bool("sarif", false, "Print the findings as SARIF")
	readingFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("disable", completeRules)
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]cobra.Completion{"error", "warning", "note"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func completeRules(_ *cobra.Command, _ []string, begun string) (ids []cobra.Completion, _ cobra.ShellCompDirective) {
	for _, r := range lint.Rules() {
		if strings.HasPrefix(r.ID, begun) && lint.CheckIDs([]string{r.ID}) == nil {
			ids = append(ids, cobra.CompletionWithDesc(r.ID, r.Title))
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

func lintDocument(cmd *cobra.Command, args []string) (answer, err error) {
	asJSON, _ := cmd.Flags().GetBool("json")
	asSARIF, _ := cmd.Flags().GetBool("sarif")
	if err := onlyOne(cmd, "json", "sarif"); err != nil {
		return nil, err
	}
	out := cmd.OutOrStdout()
	if list, _ := cmd.Flags().GetBool("rules"); list {
		if err := onlyOne(cmd, "rules", "sarif"); err != nil {
			return nil, err
		}
		if asJSON {
			return nil, printAsJSON(out, lint.Rules())
		}
		return nil, printRules(out, lint.Rules())
	}
	word, _ := cmd.Flags().GetString("fail-on")
	worst, err := lint.ParseSeverity(word)
	if err != nil {
		return nil, errors.New("--fail-on: " + plain(err.Error()))
	}
	var options lint.Options
	if options.Options, err = documentOptions(cmd); err != nil {
		return nil, err
	}
	options.Disable, _ = cmd.Flags().GetStringArray("disable")
	report, err := lint.File(args[0], options)
	if err != nil {
		return nil, errors.New(plain(err.Error()))
	}
	switch {
	case asJSON:
		err = printAsJSON(out, report)
	case asSARIF:
		err = printAsJSON(out, report.SARIF(version()))
	default:
		err = printFindings(out, report)
	}
	if err != nil {
		return nil, err
	}
	if report.Count(worst) > 0 {
		return errors.New("found " + summary(report)), nil
	}
	remark(cmd, "found "+summary(report))
	return nil, nil
}

// summary counts findings by severity.
func summary(r *lint.Report) string {
	var words []string
	for _, s := range lint.Severities() {
		if n := r.Counts[s]; n > 0 {
			words = append(words, counted(n, string(s), string(s)+"s"))
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}
