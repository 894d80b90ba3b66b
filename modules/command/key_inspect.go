package command

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/token"
)

func keyInspectCommand(now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Says what a key is, and whether it would be accepted",
		Long: `
Reads a key from stdin and says what it claims, whether its signature is good, what
the gateway knows of it, and whether it would be accepted now. On a terminal it
asks for the key, and does not show it. A key never stands among the arguments:
other users of the machine and the history of the shell would have it.

The exit status is 0 if a gateway would accept the key, within the limits that it
states, and 1 if not: where it would be refused, and also where no gateway answers.
Then the command says what the key claims, which is anybody's word.
`,
		Example: `  caddymgw mgw key inspect
  caddymgw mgw key inspect <key.txt
  printf %s "$KEY" | caddymgw mgw key inspect --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("the key is read from stdin: as an argument it is seen by other users of the machine and kept in the history of the shell, " +
					"so regard one that stood here as known to them")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return inspectKey(cmd, now()) },
	}
	cmd.Flags().Bool("json", false, "Print what the gateway says of it as JSON")
	gatewayFlags(cmd)
	return cmd
}

// inspection is the answer.
type inspection struct {
	Accepted  bool                       `json:"accepted"`
	Reason    caddymgw.Reason            `json:"reason,omitempty"`
	Why       string                     `json:"why"`
	Signature apikey.Signature           `json:"signature"`
	State     apikey.State               `json:"state,omitempty"`
	Header    map[string]json.RawMessage `json:"header"` // nil: it can't be read
	Claims    map[string]json.RawMessage `json:"claims"` // the same
}

func inspectKey(cmd *cobra.Command, now time.Time) error {
	if config, _ := cmd.Flags().GetString("config"); config == "-" {
		return errors.New("--config -: stdin is for the key")
	}
	g, err := connect(cmd)
	if err != nil {
		return err
	}
	text, err := readSecret(cmd, "Key: ")
	switch {
	case err != nil:
		return err
	case text == "":
		return errors.New("nothing came by stdin: it is where the key is read from")
	}
	var i inspection
	raw, err := g.tell(http.MethodPost, "/mgw/inspect", nil, map[string]string{"token": text}, &i)
	var away *awayError
	switch {
	case errors.As(err, &away):
		raw, err = inspectOffline(cmd.Context(), text, away, now)
		if err == nil {
			err = json.Unmarshal(raw, &i)
		}
	case err == nil && i.Signature == "":
		err = g.stranger()
	}
	if err != nil {
		return err
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		err = printJSON(cmd.OutOrStdout(), raw)
	} else {
		err = i.print(newSheet(cmd.OutOrStdout()), now)
	}
	switch {
	case err != nil || i.Accepted:
		return err
	case away != nil && i.open():
		return fmt.Errorf("nobody has judged the key: %w", away)
	case i.open():
		return fmt.Errorf("the gateway can't judge the key now (%s)", plain(string(i.Reason)))
	}
	return fmt.Errorf("the key is refused (%s)", plain(string(i.Reason)))
}

// inspectOffline says what can be said of a key without a gateway, in the words
// of one that has no keys.
func inspectOffline(ctx context.Context, text string, away *awayError, now time.Time) (json.RawMessage, error) {
	clock := func() time.Time { return now }
	a, err := apikey.New(apikey.Config{Issuer: "nobody", Now: clock, Rand: rand.Reader})
	if err != nil {
		return nil, err
	}
	i := a.Inspect(ctx, text, now)
	if i.Reason == caddymgw.ReasonNotReady {
		i.Why = "No gateway answers at " + away.address + ": neither the signature nor whether it is revoked was judged."
		if t, err := token.Parse(text); err == nil && errors.Is(t.Claims.CheckTime(now, 0), token.ErrExpired) {
			i.Reason, i.Why = caddymgw.ReasonExpired, "It has expired, "+exact(&t.Claims.Expires, now)+"."
		}
	}
	return json.Marshal(struct {
		inspection
		Header map[string]any `json:"header"`
		Claims map[string]any `json:"claims"`
	}{inspection{Reason: i.Reason, Why: i.Why, Signature: i.Signature}, i.Header, i.Claims})
}

// open reports whether nobody could judge the key.
func (i inspection) open() bool {
	return i.Reason == caddymgw.ReasonNotReady || i.Reason == caddymgw.ReasonStale
}

// print writes the sheet.
func (i inspection) print(s *sheet, now time.Time) error {
	switch {
	case i.Accepted:
		s.coloured("Verdict", green, "accepted")
	case i.open():
		s.coloured("Verdict", yellow, "not judged")
	default:
		s.coloured("Verdict", red, "refused: "+string(i.Reason))
	}
	s.sentence("Why", i.Why)
	s.line("Signature", strings.ReplaceAll(string(i.Signature), "_", " "))
	s.some("Record", string(i.State))
	s.line("Header", members(i.Header, now)...)
	s.line("Claims", members(i.Claims, now)...)
	return s.err
}

// members lists them by name; times are also said in words.
func members(all map[string]json.RawMessage, now time.Time) (lines []string) {
	longest := 0
	for name := range all {
		longest = max(longest, len(name))
	}
	longest = min(longest, 20)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var text string
		if json.Unmarshal(all[name], &text) != nil {
			text = string(all[name])
		}
		switch name {
		case "exp", "iat", "nbf":
			if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
				at := time.Unix(seconds, 0)
				text += "  " + exact(&at, now)
			}
		}
		lines = append(lines, fmt.Sprintf("%-*s  %s", longest, name, text))
	}
	return lines
}
