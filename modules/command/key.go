package command

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/caddymgw/gateway/caddymgw/apikey"
)

func keyCommand(now func() time.Time) *cobra.Command {
	cmd := group(
		&cobra.Command{
			Use:   "key <command>",
			Short: "API keys: issue, list, show, inspect, revoke, rotate",
			Long: `
API keys of a running gateway: issue, list, show, inspect, revoke and rotate them.

The gateway keeps no key. It has a record of each, by its id; "key list" shows
them. Whoever has lost a key rotates it, and gets another one with the same rights.
`,
		},
		keyIssueCommand(now),
		keyListCommand(now),
		keyShowCommand(now),
		keyInspectCommand(now),
		keyRevokeCommand(now),
		keyRotateCommand(now),
	)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "" {
			return fmt.Errorf("%w; an id that begins with - goes behind --, as in: key show -- -id", err)
		}
		return err
	})
	return cmd
}

func stateColour(s apikey.State) string {
	switch s {
	case apikey.Active:
		return green
	case apikey.Retiring:
		return yellow
	}
	return red
}
