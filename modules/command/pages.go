package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// pageSize is how many keys are asked for at once: the most that the gateway gives.
const pageSize = 1000

// keys calls do with each key of a list, as it came, page by page: no page is ever
// held whole.
func (g gateway) keys(query url.Values, do func(json.RawMessage) error) error {
	query.Set("limit", strconv.Itoa(pageSize))
	for {
		answer, err := g.ask(http.MethodGet, "/mgw/keys", query, nil)
		if err != nil {
			return err
		}
		next, err := g.readPage(answer.Body, do)
		_ = answer.Body.Close()
		switch {
		case err != nil:
			return err
		case next == "":
			return nil
		case next == query.Get("after"):
			return g.stranger() // which would go on forever
		}
		query.Set("after", next)
	}
}

// callerError is what do said, which is not about the answer.
type callerError struct{ error }

func (g gateway) readPage(answer io.Reader, do func(json.RawMessage) error) (next string, err error) {
	next, found, err := readMembers(json.NewDecoder(answer), do)
	var ours callerError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &ours):
		return "", ours.error
	case errors.As(err, &syntax) || errors.Is(err, errNoPage) || err == nil && !found:
		return "", g.stranger()
	case err != nil:
		return "", g.broken(http.MethodGet, err.Error())
	}
	return next, nil
}

var errNoPage = errors.New("no page of keys")

func readMembers(in *json.Decoder, do func(json.RawMessage) error) (next string, found bool, err error) {
	if err := expect(in, json.Delim('{')); err != nil {
		return "", false, err
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return "", found, err
		}
		switch name {
		case "keys":
			found = true
			err = readKeys(in, do)
		case "next":
			err = in.Decode(&next)
		default:
			err = in.Decode(new(json.RawMessage))
		}
		if err != nil {
			return "", found, err
		}
	}
	return next, found, expect(in, json.Delim('}'))
}

func readKeys(in *json.Decoder, do func(json.RawMessage) error) error {
	if err := expect(in, json.Delim('[')); err != nil {
		return err
	}
	for in.More() {
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil {
			return err
		}
		if err := do(raw); err != nil {
			return callerError{err}
		}
	}
	return expect(in, json.Delim(']'))
}

func expect(in *json.Decoder, want json.Delim) error {
	t, err := in.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF // the answer ends within itself
	}
	if err == nil && t != want {
		return fmt.Errorf("%w: %v in place of %v", errNoPage, t, want)
	}
	return err
}
