package command

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/modules/mgw"
)

func keyRevokeCommand(now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke [<id>]",
		Short: "Revokes a key, or all that somebody was issued",
		Long: `
Revokes one key by its id, or all keys that a subject, or everyone, was issued
before a moment. Once the command has succeeded, the gateway that answered it
refuses them; other nodes of a cluster follow. There is no way back. Revoking
what is revoked succeeds, and changes nothing.

The moment is a time such as 2030-01-31T12:00:00Z (RFC 3339), or "now". It counts
to the second: a key of the same second is revoked too. Without --issued-before
--subject means now; --everyone must say it.

--everyone asks whether that is meant, and where nobody can be asked it wants --yes.

--unrecorded revokes an id of which the gateway has no record, where its records
were lost and the key was not: "key inspect" tells the id of a key.
`,
		Example: `  caddymgw mgw key revoke 5zmgWXB0BbYBnNhA7YF3Lw --reason "laptop stolen"
  caddymgw mgw key revoke --subject alice
  caddymgw mgw key revoke --everyone --issued-before 2030-01-31T12:00:00Z --yes`,
		Args:              revokeArgs,
		ValidArgsFunction: completeKeys,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return revokeKey(cmd, args[0], now())
			}
			return revokeKeys(cmd, now())
		},
	}
	f := cmd.Flags()
	f.String("reason", "", "Why, a `text` for the record")
	f.String("subject", "", "Revoke all keys of this `name`")
	f.Bool("everyone", false, "Revoke the keys of everyone")
	f.String("issued-before", "", "Only those issued before this `time`")
	f.Bool("unrecorded", false, "Revoke the id though there is no record of it")
	f.Bool("yes", false, "Do not ask whether --everyone is meant")
	f.Bool("json", false, "Print the record of the key as JSON; with an id only")
	cmd.MarkFlagsMutuallyExclusive("json", "subject", "everyone", "unrecorded")
	cmd.MarkFlagsMutuallyExclusive("json", "issued-before")
	gatewayFlags(cmd)
	return cmd
}

func revokeArgs(cmd *cobra.Command, args []string) error {
	f := cmd.Flags()
	everyone, _ := f.GetBool("everyone")
	unrecorded, _ := f.GetBool("unrecorded")
	many := everyone || f.Changed("subject")
	switch {
	case len(args) == 0 && !many:
		return errors.New("say which keys: an id, --subject, or --everyone with --issued-before")
	case len(args) == 0 && unrecorded:
		return errors.New("--unrecorded is for an id")
	case len(args) == 0 && everyone && !f.Changed("issued-before"):
		return errors.New("--everyone wants --issued-before: a time, or now")
	case len(args) == 0:
		return nil
	}
	if err := wants("one id")(cmd, args); err != nil {
		return err
	}
	if many || f.Changed("issued-before") {
		return errors.New("an id stands alone: it names one key")
	}
	return nil
}

// revocation is the body of the request, in its words.
type revocation struct {
	ID           string     `json:"id,omitempty"`
	Subject      *string    `json:"subject,omitempty"`
	IssuedBefore *time.Time `json:"issued_before,omitempty"`
	Reason       string     `json:"reason,omitempty"`
}

const revocations = "/mgw/revocations"

func revokeKey(cmd *cobra.Command, id string, now time.Time) error {
	g, err := connect(cmd)
	if err != nil {
		return err
	}
	reason, _ := cmd.Flags().GetString("reason")
	if unrecorded, _ := cmd.Flags().GetBool("unrecorded"); unrecorded {
		if _, err := g.tell(http.MethodPost, revocations, nil, revocation{ID: id, Reason: reason}, nil); err != nil {
			return inFlags(err)
		}
		return say(cmd, "key %s is revoked", id)
	}
	query := url.Values{}
	if reason != "" {
		query.Set("reason", reason)
	}
	var k mgw.Key
	raw, err := g.tell(http.MethodDelete, keyPath(id), query, nil, &k)
	var r *refusalError
	switch {
	case errors.As(err, &r) && r.status == http.StatusNotFound && strings.Contains(r.message, revocations):
		return fmt.Errorf("the gateway has no record of a key %s, so that nothing was revoked; if the record was lost, --unrecorded revokes it all the same", plain(id))
	case err != nil:
		return err
	case k.ID != id || k.RevokedAt == nil:
		return g.stranger()
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		return printJSON(cmd.OutOrStdout(), raw)
	}
	return say(cmd, "key %s of %s is revoked since %s", k.ID, k.Subject, exact(k.RevokedAt, now))
}

func revokeKeys(cmd *cobra.Command, now time.Time) error {
	f := cmd.Flags()
	var ask revocation
	ask.Reason, _ = f.GetString("reason")
	whose := "everyone"
	if f.Changed("subject") {
		subject, _ := f.GetString("subject")
		ask.Subject, whose = &subject, subject
	}
	when := now
	if before, _ := f.GetString("issued-before"); f.Changed("issued-before") && before != "now" {
		var err error
		if when, err = time.Parse(time.RFC3339, before); err != nil {
			return fmt.Errorf("--issued-before %s: this is neither a time such as 2030-01-31T12:00:00Z nor now", plain(before))
		}
		ask.IssuedBefore = &when
	} else if ask.Subject == nil {
		ask.IssuedBefore = &when // what the gateway takes for now, if it is left out, is for a subject alone
	}
	g, err := connect(cmd)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("all keys that %s was issued before %s", plain(whose), exact(&when, now))
	if ask.Subject == nil {
		if err := confirm(cmd, what+", at the gateway at "+plain(g.address)+", will be refused"); err != nil {
			return err
		}
	}
	unknown := ask.Subject != nil && g.hasNoKeyOf(*ask.Subject)
	if _, err := g.tell(http.MethodPost, revocations, nil, ask, nil); err != nil {
		return inFlags(err)
	}
	if unknown {
		cmd.PrintErrf("no key of %s is recorded here: if that is a slip, those that were meant go on to work\n", plain(whose))
	}
	return say(cmd, "%s are revoked", what)
}

// hasNoKeyOf reports whether the gateway knows of no key of a subject.
func (g gateway) hasNoKeyOf(subject string) bool {
	var list struct {
		Keys []mgw.Key `json:"keys"`
	}
	_, err := g.tell(http.MethodGet, "/mgw/keys", url.Values{"subject": {subject}, "limit": {"1"}}, nil, &list)
	return err == nil && list.Keys != nil && len(list.Keys) == 0
}

// say prints what was done.
func say(cmd *cobra.Command, format string, args ...string) error {
	escaped := make([]any, len(args))
	for i, a := range args {
		escaped[i] = plain(a)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), format+"\n", escaped...)
	return err
}
