package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/modules/mgw"
)

func routesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "routes <file>",
		Short: "Lists operations, what each asks for, and what nobody can call",
		Long: `
Lists the operations that a file has served, and the effective security of each in
words: its own, else the document's, else what --default-security says.

The file is an OpenAPI document, or a configuration of Caddy: a Caddyfile, JSON, or
what --adapter reads. With a configuration it is known what is verified, and so what
nobody can call. A document alone only says what it asks for; the second table says
what a configuration needs to have it verified.

A configuration is read as "caddymgw validate" does: nothing is started, and no
gateway, upstream or issuer of tokens is asked.

"key and login, or token" are two ways in, the first of which takes both. Where an
API has several schemes of a kind, their names are told too.
`,
		Example: `  caddymgw mgw routes openapi.yaml
  caddymgw mgw routes Caddyfile
  caddymgw mgw routes caddy.json --json | jq '.apis[].operations[] | select(.nobody_can_call)'`,
		Args:              wants("a document or a configuration"),
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
		RunE:              func(cmd *cobra.Command, args []string) error { return listRoutes(cmd, args[0]) },
	}
	cmd.Flags().StringP("adapter", "a", "", "`Name` of the config adapter to apply to the file")
	_ = cmd.RegisterFlagCompletionFunc("adapter", completeAdapters)
	cmd.Flags().Bool("json", false, "Print the list as JSON")
	sourceFlags(cmd)
	return cmd
}

// routes are what is served, in JSON.
type routes struct {
	APIs []mgw.ShownAPI `json:"apis"`
}

func listRoutes(cmd *cobra.Command, file string) error {
	s, err := readSource(cmd, file)
	if err != nil {
		return err
	}
	all := routes{APIs: []mgw.ShownAPI{}}
	for _, api := range s.apis() {
		all.APIs = append(all.APIs, api.Show())
	}
	out := cmd.OutOrStdout()
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		return printAsJSON(out, all)
	}
	if _, err := io.WriteString(out, all.text(columnsOf(out), painter(out))); err != nil {
		return err
	}
	if text := all.remark(); text != "" {
		remark(cmd, text)
	}
	return nil
}

// text is a table for each API, and one of its schemes.
func (all routes) text(width int, p paint) string {
	var b strings.Builder
	for i, api := range all.APIs {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, line := range wrap(fmt.Sprintf("%s (%s)", plain(strings.TrimSpace(api.Name+" "+api.Version)), plain(api.Document)), width) {
			b.WriteString(p.text(line, bold) + "\n")
		}
		if api.ReportOnly {
			b.WriteString(p.text("Nothing of it is enforced (report_only).", red) + "\n")
		}
		if api.TLSOnly {
			b.WriteString("It is served over TLS alone.\n")
		}
		b.WriteByte('\n')
		g := grid{titles: []string{"METHOD", "PATH", "OPERATION", "ASKS FOR"}}
		for _, op := range api.Operations {
			security, colour := asks(op)
			for n, path := range op.Paths {
				if n == 0 {
					g.add(cell{text: op.Method}, cell{text: path}, cell{text: op.OperationID}, cell{security, colour})
				} else {
					g.add(cell{}, cell{text: path}, cell{}, cell{})
				}
			}
		}
		b.WriteString(g.lines(width, p))
		b.WriteString(schemesText(api, width, p))
	}
	return b.String()
}

// asks is the security of an operation in a cell.
func asks(op mgw.ShownOperation) (text, colour string) {
	text = op.Security
	var reported []string
	for _, alt := range op.Alternatives {
		if len(alt) == 0 {
			colour = yellow
		}
		for _, r := range alt {
			if r.ReportOnly && !strings.Contains(" "+strings.Join(reported, " ")+" ", " "+r.Scheme+" ") {
				reported = append(reported, r.Scheme)
			}
		}
	}
	switch {
	case op.Public:
		colour = yellow
	case op.NobodyCanCall && text != nobody:
		text, colour = nobody+" ("+text+")", red
	case op.NobodyCanCall:
		colour = red
	}
	if len(reported) > 0 {
		text, colour = text+" [not enforced: "+strings.Join(reported, ", ")+"]", red
	}
	return text, colour
}

// nobody can call what asks for something that nothing verifies.
const nobody = "nobody"

// schemesText is a table of the schemes that nothing verifies, or of which a document
// alone does not say it.
func schemesText(api mgw.ShownAPI, width int, p paint) string {
	g := grid{titles: []string{"SCHEME", "READ FROM", "THE CONFIGURATION NEEDS"}}
	for _, s := range api.Schemes {
		if s.Needs == "" {
			continue
		}
		from := strings.TrimSpace(string(s.In) + " " + s.Parameter)
		if from == "" {
			from = "TLS"
		}
		g.add(cell{text: s.Name}, cell{text: from}, cell{text: s.Needs})
	}
	if len(g.rows) == 0 {
		return ""
	}
	return "\n" + g.lines(width, p)
}

// remark counts what nobody can call.
func (all routes) remark() string {
	operations, shut := 0, 0
	for _, api := range all.APIs {
		for _, op := range api.Operations {
			operations++
			if op.NobodyCanCall {
				shut++
			}
		}
	}
	switch {
	case operations == 0:
		return "no operations"
	case shut > 0:
		return fmt.Sprintf("nobody can call %d of %s", shut, counted(operations, "operation", "operations"))
	}
	return ""
}
