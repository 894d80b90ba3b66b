package command

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func signingKeyRotateCommand(now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Makes a new signing key",
		Long: `
Makes a signing key that takes over from the one that signs. Its kid goes to
stdout, and from when on it signs to stderr. API keys stay valid: what signed them
is kept until they have expired.

The new key is published first, so that all who verify with what is published know
it when it signs. If one waits to sign already, no other is made. With --at-once it
signs now, as when the one before was lost: until other nodes and those verifiers
have read the keys anew, they refuse what it signs.
`,
		Example: `  caddymgw mgw signing-key rotate
  caddymgw mgw signing-key rotate --at-once --json`,
		Args:              wants(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return rotateSigningKey(cmd, now()) },
	}
	cmd.Flags().Bool("at-once", false, "Have it sign now, before others know it")
	cmd.Flags().Bool("json", false, "Print what is known of it as JSON")
	gatewayFlags(cmd)
	return cmd
}

func rotateSigningKey(cmd *cobra.Command, now time.Time) error {
	g, err := connect(cmd)
	if err != nil {
		return err
	}
	var ask struct {
		AtOnce bool `json:"at_once"`
	}
	ask.AtOnce, _ = cmd.Flags().GetBool("at-once")
	var k signingKey
	raw, err := g.tell(http.MethodPost, signingKeys+"/rotate", nil, ask, &k)
	switch {
	case err != nil:
		return err
	case k.KeyID == "":
		return g.stranger()
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		err = printJSON(cmd.OutOrStdout(), raw)
	} else {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), plain(k.KeyID))
	}
	if err != nil {
		return err
	}
	begins := "signs now"
	if k.SignsFrom != nil && k.SignsFrom.After(now) {
		begins = "signs from " + exact(k.SignsFrom, now)
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "signing key %s %s\n", plain(k.KeyID), begins)
	return err
}
