package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// printJSON prints an answer as it came.
func printJSON(out io.Writer, raw json.RawMessage) error {
	_, err := fmt.Fprintf(out, "%s\n", plainJSON(raw))
	return err
}

// flagError is a refusal, with the flag by which the member in question is given.
type flagError struct {
	error
	flag string
}

func (e flagError) Error() string { return e.error.Error() + ": see " + e.flag }
func (e flagError) Unwrap() error { return e.error }

// inFlags says which flag a refusal is about: who typed a command knows nothing of
// the body that was made of it.
func inFlags(err error) error {
	var r *refusalError
	if !errors.As(err, &r) {
		return err
	}
	member, _, _ := strings.Cut(strings.TrimPrefix(r.pointer, "/"), "/")
	if flag, ok := memberFlags[member]; ok {
		return flagError{err, flag}
	}
	return err
}

// seconds reads a duration of whole seconds, as the admin API counts them.
func seconds(flag, text string, least int64) (int64, error) {
	if text == "0" && least == 0 {
		return 0, nil
	}
	d, err := duration(flag, text)
	if err != nil {
		return 0, err
	}
	if d%time.Second != 0 || int64(d/time.Second) < least {
		return 0, fmt.Errorf("--%s %s: this is no whole number of seconds", flag, plain(text))
	}
	return int64(d / time.Second), nil
}
