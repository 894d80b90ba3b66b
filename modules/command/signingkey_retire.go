package command

import (
	"net/http"

	"github.com/spf13/cobra"
)

func signingKeyRetireCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retire <kid>",
		Short: "Ends a signing key, and all that it has signed",
		Long: `
Ends a signing key at once, as when somebody else may have it: every API key that
it has signed is refused from then on, by other nodes of a cluster within a minute.
There is no way back. Nothing of the kind is needed in the ordinary course:
signing keys retire by themselves.

The key that signs is not retired: "signing-key rotate --at-once" first.
`,
		Example: `  caddymgw mgw signing-key rotate --at-once
  caddymgw mgw signing-key retire apikey-2hbukjvrgzghrrmkxhkfkydvbe`,
		Args:              wants("the kid of a signing key"),
		ValidArgsFunction: completeSigningKeys,
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := connect(cmd)
			if err != nil {
				return err
			}
			if _, err := g.tell(http.MethodDelete, signingKeyPath(args[0]), nil, nil, nil); err != nil {
				return err
			}
			return say(cmd, "signing key %s is retired, and what it signed is refused", args[0])
		},
	}
	gatewayFlags(cmd)
	return cmd
}
