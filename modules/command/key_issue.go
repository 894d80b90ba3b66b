package command

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func keyIssueCommand(now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "issue <subject>",
		Short: "Issues a key",
		Long: `
Issues a key to a subject: the name under which requests with the key are known.
It need not be that of a user.

The key alone goes to stdout, and is kept nowhere else. Its id, by which it can be
shown, rotated and revoked, and when it expires go to stderr.

What you do not limit is not limited. Without --api, --operation, --from, --referer
and --certificate the key opens every operation that takes a key, for whoever has
it. It has the scopes that you name, and no others. It lives as long as the
gateway allows, or shorter.

An API is named by its document's title and version, as in "Shop 1.0.0": the last
word is the version, or * for every one. One word is the title of an API in every
version.

--certificate binds the key to a client certificate (RFC 8705): a file in PEM, or
its SHA-256, in hex or as an x5t#S256. The key is of no use without the private
key of that certificate.
`,
		Example: `  caddymgw mgw key issue alice
  KEY=$(caddymgw mgw key issue ci --name deploy --valid-for 24h --from 192.0.2.0/24)
  caddymgw mgw key issue partner --api "Shop 1.0.0" --operation listPets --json`,
		Args:              wants("a subject"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, args []string) error { return issueKey(cmd, args[0], now()) },
	}
	f := cmd.Flags()
	f.String("name", "", "What you call it, a `text`")
	f.String("valid-for", "", "How long it lives, a `duration` such as 24h or 30d")
	f.StringArray("api", nil, "An `API` that it opens, \"TITLE VERSION\"; repeatable")
	f.StringArray("scope", nil, "A `scope` that it has; repeatable")
	f.StringArray("operation", nil, "An `operationId` that it opens; repeatable")
	f.StringArray("from", nil, "An address or `CIDR` that it may be used from; repeatable")
	f.StringArray("referer", nil, "A `host` that Referer must name, or *. and a domain, with a path if need be; repeatable")
	f.String("certificate", "", "The client certificate that must come with it: a `file` in PEM, or its SHA-256")
	f.Bool("json", false, "Print the key, its id and when it expires as JSON")
	gatewayFlags(cmd)
	_ = cmd.MarkFlagFilename("certificate", "pem", "crt", "cer")
	return cmd
}

// newKey is the body of the request, in its words.
type newKey struct {
	Subject     string   `json:"subject"`
	Name        string   `json:"name,omitempty"`
	Life        int64    `json:"validityTime,omitempty"` // seconds
	APIs        []api    `json:"apis,omitempty"`
	Scopes      []string `json:"scopes,omitempty"`
	Operations  []string `json:"operations,omitempty"`
	Addresses   []string `json:"permittedIPs,omitempty"`
	Referers    []string `json:"permittedReferers,omitempty"`
	Certificate string   `json:"certificate,omitempty"`
}

type api struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// memberFlags are the flags that fill the members of the bodies.
var memberFlags = map[string]string{
	"name": "--name", "validityTime": "--valid-for", "apis": "--api", "scopes": "--scope", "operations": "--operation",
	"permittedIPs": "--from", "permittedReferers": "--referer", "certificate": "--certificate",
	"overlap": "--overlap", "issued_before": "--issued-before", "reason": "--reason",
}

func issueKey(cmd *cobra.Command, subject string, now time.Time) error {
	ask, err := newKeyOf(cmd, subject)
	if err != nil {
		return err
	}
	g, err := connect(cmd)
	if err != nil {
		return err
	}
	issued, err := g.issue(cmd, "/mgw/keys", ask)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("key %s of %s %s", plain(issued.ID), plain(subject), issued.expiry(now))
	if asked := time.Duration(ask.Life) * time.Second; issued.ExpiresAt != nil && asked-issued.ExpiresAt.Sub(now) > time.Minute {
		text += ", which is the longest life that the gateway allows"
	}
	return issued.tell(cmd, text)
}

// issuedKey is the answer.
type issuedKey struct {
	Key       string     `json:"apikey"`
	ID        string     `json:"id"`
	ExpiresAt *time.Time `json:"expires_at"` // nil: never
	Notice    string     `json:"notice"`
}

// issue sends a request whose answer is a new key, and prints that.
func (g gateway) issue(cmd *cobra.Command, path string, body any) (issuedKey, error) {
	var issued issuedKey
	raw, err := g.tell(http.MethodPost, path, nil, body, &issued)
	switch {
	case err != nil:
		return issued, inFlags(err)
	case issued.Key == "" || issued.ID == "":
		return issued, g.stranger()
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		err = printJSON(cmd.OutOrStdout(), raw)
	} else {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), plain(issued.Key))
	}
	if err != nil {
		err = fmt.Errorf("the key %s was issued, and is lost, since it can't be printed: revoke it: %w", plain(issued.ID), err)
	}
	return issued, err
}

func (k issuedKey) expiry(now time.Time) string {
	if k.ExpiresAt == nil {
		return "never expires"
	}
	return "expires " + exact(k.ExpiresAt, now)
}

// tell says beside the key what is to be known of it.
func (k issuedKey) tell(cmd *cobra.Command, text string) error {
	if k.Notice != "" {
		text += "\n" + plain(k.Notice)
	}
	_, err := fmt.Fprintln(cmd.ErrOrStderr(), text)
	return err
}

func newKeyOf(cmd *cobra.Command, subject string) (k newKey, err error) {
	f := cmd.Flags()
	k.Subject = subject
	k.Name, _ = f.GetString("name")
	k.Scopes, _ = f.GetStringArray("scope")
	k.Operations, _ = f.GetStringArray("operation")
	k.Addresses, _ = f.GetStringArray("from")
	k.Referers, _ = f.GetStringArray("referer")
	apis, _ := f.GetStringArray("api")
	for _, text := range apis {
		a, err := parseAPI(text)
		if err != nil {
			return k, err
		}
		k.APIs = append(k.APIs, a)
	}
	if f.Changed("valid-for") {
		text, _ := f.GetString("valid-for")
		if k.Life, err = seconds("valid-for", text, 1); err != nil {
			return k, err
		}
	}
	if f.Changed("certificate") {
		text, _ := f.GetString("certificate")
		if k.Certificate, err = thumbprint(text); err != nil {
			return k, fmt.Errorf("--certificate: %w", err)
		}
	}
	return k, nil
}

// parseAPI reads a title and a version behind it, which has no space in it.
func parseAPI(text string) (api, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return api{}, errors.New("--api is empty: leave it out for every API")
	}
	i := strings.LastIndexByte(text, ' ')
	if i < 0 {
		return api{Name: text}, nil
	}
	return api{strings.TrimSpace(text[:i]), text[i+1:]}, nil
}
