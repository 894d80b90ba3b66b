package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/modules/mgw"
)

func keyListCommand(now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lists keys",
		Long: `
Lists the keys that work, in the order of their ids: active ones, and retiring
ones, which were replaced and work until their overlap ends. With --all also
those that are revoked or expired; a little after a key has expired the gateway
forgets it.

--unused-for finds keys that nobody needs any more: neither issued nor used since
then. When a key was used last is known to the minute, in a cluster a few minutes
late.

The list is fetched and written page by page, however long it is.
`,
		Example: `  caddymgw mgw key list
  caddymgw mgw key list --subject alice --all
  caddymgw mgw key list --unused-for 90d --json | jq -r '.keys[].id'`,
		Args:              wants(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return listKeys(cmd, now()) },
	}
	cmd.Flags().String("subject", "", "Only keys of this `name`")
	cmd.Flags().String("unused-for", "", "Only keys neither issued nor used for a `duration` such as 24h or 90d")
	cmd.Flags().Bool("all", false, "Also keys that are revoked or expired")
	cmd.Flags().Bool("json", false, "Print all of them as one JSON document")
	gatewayFlags(cmd)
	return cmd
}

func listKeys(cmd *cobra.Command, now time.Time) error {
	query, err := listQuery(cmd)
	if err != nil {
		return err
	}
	g, err := connect(cmd)
	if err != nil {
		return err
	}
	all, _ := cmd.Flags().GetBool("all")
	asJSON, _ := cmd.Flags().GetBool("json")
	out := bufio.NewWriter(cmd.OutOrStdout())
	var list keyWriter = &keyDocument{out: out}
	if !asJSON {
		list = &keyTable{out: out, screen: cmd.OutOrStdout(), now: now}
	}
	shown, hidden := 0, 0
	err = g.keys(query, func(raw json.RawMessage) error {
		var k mgw.Key
		if err := json.Unmarshal(raw, &k); err != nil {
			return g.stranger()
		}
		if !all && k.State != apikey.Active && k.State != apikey.Retiring {
			hidden++
			return nil
		}
		shown++
		return list.key(raw, k)
	})
	if err == nil {
		err = list.end()
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	if !asJSON {
		note(cmd.ErrOrStderr(), shown, hidden)
	}
	return nil
}

// note says what the table does not.
func note(out io.Writer, shown, hidden int) {
	if shown == 0 {
		_, _ = fmt.Fprintln(out, "no keys")
	}
	if hidden > 0 {
		_, _ = fmt.Fprintf(out, "%s revoked or expired: --all lists them too\n", counted(hidden, "key is", "keys are"))
	}
}

func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func listQuery(cmd *cobra.Command) (url.Values, error) {
	query := url.Values{}
	if subject, _ := cmd.Flags().GetString("subject"); subject != "" {
		query.Set("subject", subject)
	} else if cmd.Flags().Changed("subject") {
		return nil, errors.New("--subject is empty: leave it out for the keys of everyone")
	}
	if unused, _ := cmd.Flags().GetString("unused-for"); cmd.Flags().Changed("unused-for") {
		if _, err := duration("unused-for", unused); err != nil {
			return nil, err
		}
		query.Set("unused_for", unused)
	}
	return query, nil
}

// duration reads one above 0.
func duration(flag, text string) (time.Duration, error) {
	d, err := caddy.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("--%s %s: this is no duration above 0, like 10m, 1h or 90d", flag, plain(text))
	}
	return d, nil
}

// keyWriter writes a list of keys.
type keyWriter interface {
	key(raw json.RawMessage, k mgw.Key) error
	end() error
}

// keyDocument writes what the admin API says, a line for each key.
type keyDocument struct {
	out   io.Writer
	begun bool
}

func (d *keyDocument) key(raw json.RawMessage, _ mgw.Key) error {
	before := "{\"keys\":[\n"
	if d.begun {
		before = ",\n"
	}
	d.begun = true
	_, err := fmt.Fprintf(d.out, "%s%s", before, plainJSON(raw))
	return err
}

func (d *keyDocument) end() error {
	text := "\n]}\n"
	if !d.begun {
		text = "{\"keys\":[]}\n"
	}
	_, err := io.WriteString(d.out, text)
	return err
}

// keyTable writes a table, if there is something to write.
type keyTable struct {
	out    io.Writer
	screen io.Writer // what out is written to
	now    time.Time
	table  *table
}

func (t *keyTable) key(_ json.RawMessage, k mgw.Key) (err error) {
	if t.table == nil {
		if t.table, err = newTable(t.out, t.screen,
			column{title: "ID", width: 22, whole: true},
			column{title: "SUBJECT", width: 13, share: 2},
			column{title: "NAME", width: 10, share: 1},
			column{title: "STATE", width: 8},
			column{title: "ENDS", width: 8},
			column{title: "LAST USED", width: 9},
		); err != nil {
			return err
		}
	}
	return t.table.row(
		cell{text: k.ID}, cell{text: k.Subject}, cell{text: k.Name}, cell{string(k.State), stateColour(k.State)},
		cell{text: brief(ends(k), t.now, "never")}, cell{text: brief(k.LastUsedAt, t.now, "never")},
	)
}

func (t *keyTable) end() error { return nil }

// ends is when a key stops working, or did; nil: never.
func ends(k mgw.Key) *time.Time {
	switch {
	case k.SunsetAt != nil:
		return k.SunsetAt
	case k.RevokedAt != nil:
		return k.RevokedAt
	}
	return k.ExpiresAt
}
