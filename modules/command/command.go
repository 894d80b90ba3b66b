package command

import (
	"errors"
	"fmt"
	"strings"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw/token"
)

const (
	name  = "mgw"
	short = "Commands of the API gateway"
	long  = `
Commands of the API gateway caddymgw.

Those that speak to a running gateway do it by Caddy's admin API, and find its
address as "caddymgw reload" does: by --address, else in the configuration file
of --config, else in the Caddyfile of the working directory, else it is Caddy's
default. Who may use the admin API may do everything these commands do.

What was asked for goes to stdout, all else to stderr. Tables and sheets are for
people, and may change; --json is for programs: it is what the admin API answers.
The exit status is 0 if it was done, and 1 if not.
`
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      name,
		Usage:     "<command>",
		Short:     short,
		Long:      long,
		CobraFunc: func(cmd *cobra.Command) { fill(cmd, time.Now) },
	})
}

// New returns the command mgw, as Caddy has it below its root, by another clock.
func New(now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{Use: name + " <command>", Short: short, Long: long, SilenceUsage: true}
	fill(cmd, now)
	return cmd
}

// fill adds what there is below mgw.
func fill(cmd *cobra.Command, now func() time.Time) {
	group(cmd,
		keyCommand(now),
		signingKeyCommand(now),
		initCommand(),
		matrixCommand(),
		routesCommand(),
		explainCommand(),
		lintCommand(),
		diffCommand(),
	)
}

// group adds commands to one that does nothing itself, and has it refuse others:
// cobra would show the help and succeed.
func group(parent *cobra.Command, children ...*cobra.Command) *cobra.Command {
	parent.SuggestionsMinimumDistance = 2
	parent.FParseErrWhitelist.UnknownFlags = true // they are those of the command that was meant
	parent.ValidArgsFunction = cobra.NoFileCompletions
	parent.DisableFlagsInUseLine = true
	parent.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		if looksSecret(args[0]) {
			return errSecretArgument
		}
		message := fmt.Sprintf("%s has no command %q", cmd.CommandPath(), args[0])
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			message += "; the nearest are " + strings.Join(near, ", ")
		}
		return errors.New(message)
	}
	parent.AddCommand(children...)
	return parent
}

// errSecretArgument does not repeat it.
var errSecretArgument = errors.New("this is a key itself, not its id: arguments are seen by other users of the machine and kept in the history of the shell, " +
	`so regard the key as known to them, and revoke it; "mgw key inspect" reads a key from stdin, and tells its id`)

// looksSecret reports whether an argument is a token, maybe a part of one.
func looksSecret(arg string) bool {
	_, err := token.Peek(arg)
	return err == nil || strings.HasPrefix(arg, "eyJ") && strings.Contains(arg, ".")
}

// wants refuses other arguments than one for each of the names. Its errors repeat
// none.
func wants(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		for _, arg := range args {
			if looksSecret(arg) {
				return errSecretArgument
			}
			if arg == "" { // a variable of a script that was not set
				return fmt.Errorf("%s got an empty argument", cmd.CommandPath())
			}
		}
		switch {
		case len(args) == len(names):
			return nil
		case len(names) == 0:
			return fmt.Errorf("%s takes no argument", cmd.CommandPath())
		}
		return fmt.Errorf("%s wants %s, and got %d arguments", cmd.CommandPath(), strings.Join(names, " and "), len(args))
	}
}
