package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// readingFlags are those of documentOptions by which the security of a document
// means something else.
func readingFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("base-path", "", "The base path, if the gateway was told another `path` than the document's")
	f.String("combine", "", "How security is combined, if the gateway was told so: openapi or `any`")
	f.String("default-security", "", "What operations without any security ask for: `oauth2`, deny, public, or \"scheme NAME...\"; default: oauth2")
	for name, values := range map[string][]cobra.Completion{"base-path": nil, "combine": {"openapi", "any"}, "default-security": {"oauth2", "deny", "public", "scheme "}} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
}

// documentOptions are those of readingFlags, and the header that --auth-header names.
func documentOptions(cmd *cobra.Command) (o openapi.Options, err error) {
	f := cmd.Flags()
	o.BasePath, _ = f.GetString("base-path")
	o.AuthHeader, _ = f.GetString("auth-header")
	combine, _ := f.GetString("combine")
	switch combine {
	case "", "openapi":
	case "any":
		o.CombineAny = true
	default:
		return o, fmt.Errorf("--combine %s: must be openapi or any", plain(combine))
	}
	defaults, _ := f.GetString("default-security")
	o.DefaultSecurity, err = parseDefaultSecurity(defaults)
	return o, err
}

// completeDocuments offers files that may be OpenAPI documents, for so many
// arguments.
func completeDocuments(most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return []cobra.Completion{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
	}
}

// onlyOne refuses flags that exclude each other.
func onlyOne(cmd *cobra.Command, names ...string) error {
	var given []string
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	if len(given) > 1 {
		return errors.New(strings.Join(given, " and ") + " exclude each other")
	}
	return nil
}
