package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// leastColumns is what every table fits into; more are used where a terminal has
// them.
const leastColumns = 80

// terminal returns the descriptor of a stream behind which somebody sits.
func terminal(stream any) (fd int, ok bool) {
	f, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	return int(f.Fd()), true
}

func columnsOf(out io.Writer) int {
	if fd, ok := terminal(out); ok {
		if wide, _, err := term.GetSize(fd); err == nil {
			return max(leastColumns, wide)
		}
	}
	return leastColumns
}

// paint colours a text where that can be seen and is wanted (no-color.org).
type paint bool

func painter(out io.Writer) paint {
	_, ok := terminal(out)
	return paint(ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// The colours, as ECMA-48 numbers them.
const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (p paint) text(s, colour string) string {
	if !p || colour == "" {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[m"
}

// confirm has whoever sits at the terminal say yes, unless --yes said it.
func confirm(cmd *cobra.Command, what string) error {
	if yes, _ := cmd.Flags().GetBool("yes"); yes {
		return nil
	}
	in := cmd.InOrStdin()
	if _, ok := terminal(in); !ok {
		return fmt.Errorf("%s: nobody can be asked here whether that is meant: say so with --yes", what)
	}
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s.\nType yes to go on: ", strings.ToUpper(what[:1])+what[1:])
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}

var errInterrupted = errors.New("interrupted")

// readSecret reads what must not stand among the arguments, where other users of
// the machine and the shell's history would have it.
func readSecret(cmd *cobra.Command, prompt string) (string, error) {
	in := cmd.InOrStdin()
	if fd, ok := terminal(in); ok {
		return askSecret(cmd.ErrOrStderr(), fd, prompt)
	}
	const most = 2 * token.MaxLength // what surrounds it may be long
	content, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return "", fmt.Errorf("reading stdin: %w", err)
	}
	if len(content) > most {
		return "", errors.New("what comes by stdin is too long")
	}
	return strings.TrimSpace(string(content)), nil
}

// askSecret reads a line without showing it. Interrupted, it leaves the terminal
// as it was.
func askSecret(out io.Writer, fd int, prompt string) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	defer signal.Stop(interrupt)
	_, _ = fmt.Fprint(out, prompt)
	defer func() { _, _ = fmt.Fprintln(out) }()
	type read struct {
		line []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		done <- read{line, err}
	}()
	select {
	case r := <-done:
		return strings.TrimSpace(string(r.line)), r.err
	case <-interrupt:
		return "", errors.Join(errInterrupted, term.Restore(fd, before))
	}
}
