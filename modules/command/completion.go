package command

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/modules/mgw"
)

func completeAdapters(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []cobra.Completion
	for _, m := range caddy.GetModules("caddy.adapters") {
		names = append(names, strings.TrimPrefix(string(m.ID), "caddy.adapters."))
	}
	slices.Sort(names)
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeKeys offers the ids of the first keys, with whose they are: more than a
// hundred nobody reads.
func completeKeys(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var listed struct{ Keys []mgw.Key }
	if !offered(cmd, args, "/mgw/keys", &listed) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var ids []cobra.Completion
	for _, k := range listed.Keys {
		if strings.HasPrefix(k.ID, begun) {
			ids = append(ids, cobra.CompletionWithDesc(plain(k.ID), plain(strings.TrimSpace(k.Subject+" "+k.Name))))
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

func completeSigningKeys(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var listed []signingKey
	if !offered(cmd, args, signingKeys, &listed) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var kids []cobra.Completion
	for _, k := range listed {
		if strings.HasPrefix(k.KeyID, begun) {
			kids = append(kids, cobra.CompletionWithDesc(plain(k.KeyID), string(k.State)))
		}
	}
	return kids, cobra.ShellCompDirectiveNoFileComp
}

// offered reads what to complete the first argument with. What fails offers nothing.
func offered(cmd *cobra.Command, args []string, path string, into any) bool {
	if len(args) > 0 {
		return false
	}
	g, err := connect(cmd)
	if err != nil {
		return false
	}
	_, err = g.tell(http.MethodGet, path, nil, nil, into)
	return err == nil
}
