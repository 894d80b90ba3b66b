package command

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// couldNot is the exit status of commands whose 1 is an answer: they did not come so
// far as to give one.
const couldNot = 2

// statusError is an error with an exit status.
type statusError struct {
	error
	status error
}

func (e statusError) Unwrap() []error { return []error{e.error, e.status} }

// failed gives an error the status couldNot. Caddy reads that from a type of its own,
// which it makes of a command's result.
func failed(err error) error {
	if err == nil {
		return nil
	}
	result := func(caddycmd.Flags) (int, error) { return couldNot, nil }
	return statusError{err, caddycmd.WrapCommandFuncForCobra(result)(new(cobra.Command), nil)}
}

// answers has a command fail with couldNot, also over its flags and arguments.
// Errors of answer are answers.
func answers(cmd *cobra.Command, answer func(*cobra.Command, []string) (answer, err error)) {
	args := cmd.Args
	cmd.Args = func(cmd *cobra.Command, list []string) error { return failed(args(cmd, list)) }
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return failed(err) })
	cmd.RunE = func(cmd *cobra.Command, list []string) error {
		result, err := answer(cmd, list)
		if err != nil {
			return failed(err)
		}
		return result
	}
}
