package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/modules/mgw"
)

func explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [<file>] <method> <path>",
		Short: "Explains how a request would be decided on, step by step",
		Long: `
Says how a request would be decided on that nobody sends: which operation it is for,
what that asks for, what becomes of each credential and each alternative, and what
the answer is. It is decided by the code that decides. Nothing is counted, no key is
noted as used, and no upstream hears of it.

Without a file a running gateway is asked, by its admin API. A file is an OpenAPI
document, or a configuration of Caddy, which is read as "caddymgw validate" does. No
network is used then, and what needs a running gateway stays undecided: API keys,
and tokens of issuers whose keys are fetched or who are asked. A document alone says
whether credentials are there, not whether they are good.

The request is the one that comes to openapi_auth, behind what a configuration has
before it: matchers and rewrites are not looked at. It brings no client certificate.

Credentials never stand among the arguments: other users of the machine and the
history of the shell would have them. In place of each write - and give it by stdin,
a line for each, or on a terminal when you are asked for it, headers first; or have
the header in a file, with -H @FILE:

  -H 'X-API-Key: -'    -H 'Authorization: Bearer -'    '/pets?apikey=-'

A credential that stands in an argument is not explained. None is printed.

The exit status is 0 if the decision was explained, whatever it is.
`,
		Example: `  caddymgw mgw explain openapi.yaml GET /pets/1
  caddymgw mgw explain GET /pets/1 -H 'X-API-Key: -' <key.txt
  caddymgw mgw explain Caddyfile POST '/pets?full=yes' -H @headers.txt --client 192.0.2.1 --json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 3 {
				return wants("a file", "a method", "a path")(cmd, args)
			}
			return wants("a method", "a path")(cmd, args)
		},
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
		RunE:              explainRequest,
	}
	f := cmd.Flags()
	f.StringArrayP("header", "H", nil, "A `header` as \"Name: value\", \"Name: -\" for a value by stdin, or @FILE for headers in a file, a line each; repeatable")
	f.String("client", "", "The `address` of who connects; default: it is not known")
	f.Bool("tls", true, "It comes by TLS; --tls=false: by plain HTTP")
	f.String("api", "", "Only this `API`, \"TITLE VERSION\"; default: every one that declares the path")
	f.Bool("json", false, "Print the explanation as JSON")
	sourceFlags(cmd)
	gatewayFlags(cmd)
	for _, name := range []string{"header", "client", "api"} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return cmd
}

// explanations are the answer.
type explanations struct {
	Explanations []mgw.Explanation `json:"explanations"`
}

func explainRequest(cmd *cobra.Command, args []string) error {
	file := ""
	if len(args) == 3 {
		file, args = args[0], args[1:]
	}
	if err := checkExplain(cmd, file); err != nil {
		return err
	}
	q, typed, err := readQuestion(cmd, args[0], args[1])
	if err != nil {
		return err
	}
	var all explanations
	var raw json.RawMessage
	if file == "" {
		raw, err = askExplanation(cmd, q, &all)
	} else {
		all.Explanations, err = explainOffline(cmd, file, q)
	}
	if err != nil {
		return err
	}
	for _, x := range all.Explanations {
		if err := typed.refuseRead(x.Reads); err != nil {
			return err
		}
	}
	asJSON, _ := cmd.Flags().GetBool("json")
	switch {
	case asJSON && raw != nil:
		return printJSON(cmd.OutOrStdout(), raw)
	case asJSON:
		return printAsJSON(cmd.OutOrStdout(), all)
	}
	s := newSheet(cmd.OutOrStdout())
	for i, x := range all.Explanations {
		if i > 0 && s.err == nil {
			_, s.err = io.WriteString(s.out, "\n")
		}
		s.explanation(x)
	}
	return s.err
}

// checkExplain refuses flags that are not for what is asked.
func checkExplain(cmd *cobra.Command, file string) error {
	changed := cmd.Flags().Changed
	if file != "" && (changed("address") || changed("config")) {
		return errors.New("--address and --config name a running gateway, which has files of its own: leave the file out, or them")
	}
	if file != "" {
		return nil
	}
	for _, name := range readingNames {
		if changed(name) {
			return fmt.Errorf("--%s is for an OpenAPI document: name it before the method", name)
		}
	}
	return nil
}

// askExplanation asks a running gateway.
func askExplanation(cmd *cobra.Command, q mgw.Question, into *explanations) (json.RawMessage, error) {
	g, err := connect(cmd)
	if err != nil {
		return nil, err
	}
	raw, err := g.tell(http.MethodPost, "/mgw/explain", nil, q, into)
	var r *refusalError
	switch {
	case errors.As(err, &r) && r.pointer == "/api":
		return nil, flagError{err, "--api"}
	case err != nil:
		return nil, err
	case len(into.Explanations) == 0 || into.Explanations[0].Decision == "":
		return nil, g.stranger()
	}
	return raw, nil
}

// explainOffline reads a file, and asks nobody.
func explainOffline(cmd *cobra.Command, file string, q mgw.Question) ([]mgw.Explanation, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	s, err := readSource(cmd, file)
	if err != nil {
		return nil, err
	}
	all, err := mgw.Explain(cmd.Context(), s.sites(), q, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", plain(file), err)
	}
	return all, nil
}

// explanation writes one.
func (s *sheet) explanation(x mgw.Explanation) {
	switch x.Decision {
	case mgw.Passes:
		s.coloured("Decision", green, "passes")
	case mgw.Denied:
		s.coloured("Decision", red, "refused: "+refusalOf(x))
	case mgw.WouldBeRefused:
		s.coloured("Decision", yellow, "passes (report_only), else refused: "+refusalOf(x))
	default:
		s.coloured("Decision", yellow, "not decided here")
	}
	s.line("API", strings.TrimSpace(x.API.Name+" "+x.API.Version))
	s.sentence("Document", x.Document)
	s.some("Listens on", strings.Join(x.Listen, ", "))
	for i, text := range x.Sentences {
		s.sentence("Step "+strconv.Itoa(i+1), text)
	}
}

func refusalOf(x mgw.Explanation) string {
	return fmt.Sprintf("%d, code %d, %s", x.Status, x.Code, x.Reason)
}
