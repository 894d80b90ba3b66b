package command

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func keyRotateCommand(now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate <id>",
		Short: "Replaces a key by a new one",
		Long: `
Issues a key with the rights and the life span of another one, which works on for
the overlap, so that nobody is cut off while the new key is on its way to its
user. The new key alone goes to stdout, and its id and when it expires to stderr.

A key can be rotated once. If the answer was lost on the way, "key show" names the
successor, which can be rotated in its turn. A key that may have fallen into wrong
hands is rotated with --overlap 0.
`,
		Example: `  KEY=$(caddymgw mgw key rotate 5zmgWXB0BbYBnNhA7YF3Lw --overlap 1h)
  caddymgw mgw key rotate 5zmgWXB0BbYBnNhA7YF3Lw --overlap 0 --json`,
		Args:              wants("the id of a key"),
		ValidArgsFunction: completeKeys,
		RunE:              func(cmd *cobra.Command, args []string) error { return rotateKey(cmd, args[0], now()) },
	}
	cmd.Flags().String("overlap", "", "How long the old key works on, a `duration` such as 0, 1h or 7d; default, and at most: what the gateway allows")
	cmd.Flags().Bool("json", false, "Print the key, its id and when it expires as JSON")
	gatewayFlags(cmd)
	return cmd
}

func rotateKey(cmd *cobra.Command, id string, now time.Time) error {
	var ask struct {
		Overlap *int64 `json:"overlap,omitempty"`
	}
	if cmd.Flags().Changed("overlap") {
		text, _ := cmd.Flags().GetString("overlap")
		overlap, err := seconds("overlap", text, 0)
		if err != nil {
			return err
		}
		ask.Overlap = &overlap
	}
	g, err := connect(cmd)
	if err != nil {
		return err
	}
	issued, err := g.issue(cmd, keyPath(id)+"/rotate", ask)
	if err != nil {
		return err
	}
	return issued.tell(cmd, fmt.Sprintf("key %s, the successor of %s, %s", plain(issued.ID), plain(id), issued.expiry(now)))
}
