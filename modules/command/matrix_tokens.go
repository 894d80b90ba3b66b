package command

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// parseTokenFile reads NAME=FILE or NAME:KIND=FILE.
func parseTokenFile(text string) (scheme string, k kind, file string, err error) {
	scheme, file, ok := strings.Cut(text, "=")
	if !ok || scheme == "" || file == "" {
		return "", "", "", fmt.Errorf("--token-file %s: must be NAME=FILE or NAME:KIND=FILE", plain(text))
	}
	if i := strings.LastIndexByte(scheme, ':'); i > 0 {
		for _, k := range append([]kind{insufficient}, bad...) {
			if scheme[i+1:] == string(k) {
				return scheme[:i], k, file, nil
			}
		}
	}
	return scheme, right, file, nil
}

// readToken reads what a --token-file names.
func (w *wallet) readToken(cmd *cobra.Command, doc *openapi.Document, argument string) error {
	scheme, k, file, err := parseTokenFile(argument)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(doc.API.Schemes, func(s *caddymgw.Scheme) bool { return s.Name == scheme && (bearer(s) || s.Type == caddymgw.APIKey) }) {
		return fmt.Errorf("--token-file: the document has no scheme %s that reads tokens or keys", plain(scheme))
	}
	var text string
	if file == "-" {
		if text, err = readSecret(cmd, "Token for "+plain(scheme)+": "); err != nil {
			return err
		}
	} else {
		content, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("--token-file: %w", err)
		}
		text = strings.TrimSpace(string(content))
	}
	switch {
	case text == "":
		return fmt.Errorf("--token-file: there is no token for %s", plain(scheme))
	case len(text) > token.MaxLength || strings.ContainsAny(text, " \t\r\n"):
		return errors.New("--token-file: what was read is no token: it is too long, or of several words")
	}
	if w.files[scheme] == nil {
		w.files[scheme] = map[kind]string{}
	}
	w.files[scheme][k] = text
	return nil
}
