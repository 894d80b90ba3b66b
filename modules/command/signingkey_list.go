package command

import (
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func signingKeyListCommand(now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lists the signing keys",
		Long: `
Lists the signing keys, in the order in which they begin to sign. Of the states,
"next" is published and does not sign yet, "active" signs, and "verifies" is kept
until all that it has signed has expired.
`,
		Example: `  caddymgw mgw signing-key list
  caddymgw mgw signing-key list --json`,
		Args:              wants(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return listSigningKeys(cmd, now()) },
	}
	cmd.Flags().Bool("json", false, "Print the list as JSON")
	gatewayFlags(cmd)
	return cmd
}

func listSigningKeys(cmd *cobra.Command, now time.Time) error {
	g, err := connect(cmd)
	if err != nil {
		return err
	}
	var keys []signingKey
	raw, err := g.tell(http.MethodGet, signingKeys, nil, nil, &keys)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		return printJSON(out, raw)
	}
	t, err := newTable(out, out,
		column{title: "KID", width: 33, whole: true},
		column{title: "STATE", width: 8},
		column{title: "ALGORITHM", width: 9},
		column{title: "SIGNS FROM", width: 10},
		column{title: "ENDS", width: 8},
	)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := t.row(
			cell{text: k.KeyID}, cell{string(k.State), k.colour()}, cell{text: k.Algorithm},
			cell{text: brief(k.SignsFrom, now, "-")}, cell{text: brief(k.Ends, now, "-")},
		); err != nil {
			return err
		}
	}
	return nil
}
