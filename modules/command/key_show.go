package command

import (
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/modules/mgw"
)

func keyShowCommand(now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show <id>",
		Short: "Shows what is known of a key",
		Long: `
Shows the record of a key: whose it is, what it opens, when it was used last, and
whether it still works. The key itself is not in it, and is kept nowhere.
`,
		Example: `  caddymgw mgw key show 5zmgWXB0BbYBnNhA7YF3Lw
  caddymgw mgw key show 5zmgWXB0BbYBnNhA7YF3Lw --json`,
		Args:              wants("the id of a key"),
		ValidArgsFunction: completeKeys,
		RunE:              func(cmd *cobra.Command, args []string) error { return showKey(cmd, args[0], now()) },
	}
	cmd.Flags().Bool("json", false, "Print the record as JSON")
	gatewayFlags(cmd)
	return cmd
}

// keyPath is where a key is in the admin API.
func keyPath(id string) string { return "/mgw/keys/" + url.PathEscape(id) }

func showKey(cmd *cobra.Command, id string, now time.Time) error {
	g, err := connect(cmd)
	if err != nil {
		return err
	}
	var k mgw.Key
	raw, err := g.tell(http.MethodGet, keyPath(id), nil, nil, &k)
	switch {
	case err != nil:
		return err
	case k.ID != id:
		return g.stranger()
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		return printJSON(cmd.OutOrStdout(), raw)
	}
	s := newSheet(cmd.OutOrStdout())
	s.record(k, now)
	return s.err
}

// record writes what is known of a key.
func (s *sheet) record(k mgw.Key, now time.Time) {
	s.line("ID", k.ID)
	s.line("Subject", k.Subject)
	s.some("Name", k.Name)
	s.coloured("State", stateColour(k.State), string(k.State))
	var apis []string
	for _, a := range k.APIs {
		apis = append(apis, a.Name+" "+a.Version)
	}
	s.line("APIs", orElse(apis, "every one")...)
	s.line("Operations", orElse(k.Operations, "every one")...)
	s.line("Scopes", orElse(k.Scopes, "none")...)
	s.line("From", orElse(k.Addresses, "anywhere")...)
	s.line("Referers", k.Referers...)
	s.some("Certificate", k.Certificate)
	s.some("Signing key", k.SigningKey)
	s.line("Issued", exact(&k.IssuedAt, now))
	s.line("Expires", exact(k.ExpiresAt, now))
	s.line("Last used", exact(k.LastUsedAt, now))
	s.some("Replaced by", k.ReplacedBy)
	if k.SunsetAt != nil {
		s.line("Works until", exact(k.SunsetAt, now))
	}
	if k.RevokedAt != nil {
		s.line("Revoked", exact(k.RevokedAt, now))
	}
	s.some("Reason", k.RevokedFor)
}

// orElse says what an empty list means.
func orElse(list []string, none string) []string {
	if len(list) == 0 {
		return []string{none}
	}
	return list
}
