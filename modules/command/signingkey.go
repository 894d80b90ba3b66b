package command

import (
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw/keyring"
)

func signingKeyCommand(now func() time.Time) *cobra.Command {
	return group(
		&cobra.Command{
			Use:   "signing-key <command>",
			Short: "Signing keys: list, rotate, retire",
			Long: `
The keys by which a running gateway signs API keys: list, rotate and retire them.

They lie in Caddy's storage and are never shown. A gateway whose signing key is a
file of its own (api_keys signing_key) is given another file instead.
`,
		},
		signingKeyListCommand(now),
		signingKeyRotateCommand(now),
		signingKeyRetireCommand(),
	)
}

const signingKeys = "/mgw/signing-keys"

func signingKeyPath(kid string) string { return signingKeys + "/" + url.PathEscape(kid) }

// signingKey is one, as the admin API shows it.
type signingKey struct {
	KeyID     string        `json:"kid"`
	Algorithm string        `json:"algorithm"`
	State     keyring.State `json:"state"`
	SignsFrom *time.Time    `json:"signs_from"` // nil: it is a file
	Ends      *time.Time    `json:"ends"`       // nil: it signs, or will, or never retires by itself
}

func (k signingKey) colour() string {
	switch k.State {
	case keyring.Active:
		return green
	case keyring.Next:
		return yellow
	}
	return ""
}
