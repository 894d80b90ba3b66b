package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
)

// gateway is a running one, reached by Caddy's admin API.
type gateway struct{ address string }

// gatewayFlags are those of `caddy reload`.
func gatewayFlags(cmd *cobra.Command) {
	cmd.Flags().StringP("config", "c", "", "Configuration `file` that says where the admin API is; default: Caddyfile, if there is one here")
	cmd.Flags().StringP("adapter", "a", "", "`Name` of the config adapter to apply to it")
	cmd.Flags().String("address", "", "`Address` of the admin API, if it is not that of the configuration; default: localhost:2019, or what CADDY_ADMIN says")
	_ = cmd.RegisterFlagCompletionFunc("adapter", completeAdapters)
	_ = cmd.RegisterFlagCompletionFunc("address", cobra.NoFileCompletions)
}

// connect finds the admin address as `caddy reload` does. It talks to nobody yet.
func connect(cmd *cobra.Command) (gateway, error) {
	flags := cmd.Flags()
	address, _ := flags.GetString("address")
	if address != "" {
		return gateway{address}, nil
	}
	config, _ := flags.GetString("config")
	adapter, _ := flags.GetString("adapter")
	loaded, file, err := loadConfig(config, adapter)
	if err != nil {
		return gateway{}, err
	}
	if file != "" {
		var c struct {
			Admin struct{ Disabled bool }
		}
		// Another gateway may listen at the default address.
		if json.Unmarshal(loaded, &c) == nil && c.Admin.Disabled {
			return gateway{}, fmt.Errorf("%s turns the admin API off, by which this command speaks to a gateway: take out \"admin off\", or name a gateway with --address", file)
		}
	}
	address, err = caddycmd.DetermineAdminAPIAddress("", loaded, file, adapter)
	if err != nil {
		return gateway{}, fmt.Errorf("finding the admin address: %w", err)
	}
	return gateway{address}, nil
}

// loadConfig is Caddy's. What that logs matters only where it fails: the
// configuration is not to be run.
func loadConfig(config, adapter string) (loaded []byte, file string, err error) {
	_, original, buffer := caddy.BufferedLog()
	defer caddy.UnbufferDefaultLogger(original)
	if loaded, file, _, err = caddycmd.LoadConfig(config, adapter); err == nil {
		buffer.FlushTo(zap.NewNop())
	}
	return loaded, file, err
}

// awayError means that there is no gateway at an address, so that nothing
// happened.
type awayError struct{ address, cause string }

func (e *awayError) Error() string {
	remedy := "start it, or say where it is with --address, or with --config and its configuration file"
	if strings.Contains(e.cause, "permission denied") {
		remedy = "run the command as a user who may write to that socket"
	}
	return fmt.Sprintf("no gateway answers at the admin address %s (%s): %s", plain(e.address), plain(e.cause), remedy)
}

// refusalError is what the gateway says instead of doing what was asked.
type refusalError struct {
	status  int
	message string
	pointer string // JSON pointer to the member of the request that is to blame; "" for none
}

func (e *refusalError) Error() string {
	message := plain(e.message)
	if e.pointer != "" {
		message = plain(e.pointer) + ": " + message
	}
	return fmt.Sprintf("the gateway says: %s (%d)", message, e.status)
}

// ask sends a request, with a body in JSON unless that is nil. The body of the
// answer is to be closed. Errors: *awayError, *refusalError, or what else went
// wrong on the way.
func (g gateway) ask(method, path string, query url.Values, body any) (*http.Response, error) {
	uri := path
	if len(query) > 0 {
		uri += "?" + query.Encode()
	}
	var reader io.Reader // a nil one is no body
	if body != nil {
		content, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(content)
	}
	// Each call has a connection of its own, which would else wait for another.
	res, err := caddycmd.AdminAPIRequest(g.address, method, uri, http.Header{"Connection": {"close"}}, reader)
	if err != nil {
		return nil, g.explain(method, err)
	}
	return res, nil
}

// tell is ask for answers that are read whole, into into; nil is for those that say
// nothing but that it was done. It returns them as they came.
func (g gateway) tell(method, path string, query url.Values, body, into any) (json.RawMessage, error) {
	answer, err := g.ask(method, path, query, body)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if into == nil {
		if answer.StatusCode != http.StatusNoContent {
			return nil, g.stranger()
		}
		return nil, nil
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, g.broken(method, err.Error())
	}
	content = bytes.TrimSpace(content)
	if err := json.Unmarshal(content, into); err != nil {
		return nil, g.stranger()
	}
	return content, nil
}

const maxAnswer = 16 << 20

// explain says what Caddy's error is about: it is a text.
func (g gateway) explain(method string, err error) error {
	text := err.Error()
	if cause, ok := strings.CutPrefix(text, "performing request: "); ok {
		if _, after, ok := strings.Cut(cause, `": `); ok { // method and URL stand before it
			cause = after
		}
		if strings.HasPrefix(cause, "dial ") {
			return &awayError{g.address, cause}
		}
		return g.broken(method, cause)
	}
	answer, ok := strings.CutPrefix(text, "caddy responded with error: HTTP ")
	if !ok {
		return err // about the address
	}
	r := new(refusalError)
	if _, err := fmt.Sscanf(answer, "%d:", &r.status); err != nil {
		return err
	}
	_, body, _ := strings.Cut(answer, ": ")
	return g.refused(r, body)
}

// refused reads the body of a refusal: ours, or one of Caddy's own.
func (g gateway) refused(r *refusalError, body string) error {
	var ours struct {
		Error struct{ Message, Pointer string }
	}
	var caddys struct{ Error string }
	switch {
	case json.Unmarshal([]byte(body), &ours) == nil && ours.Error.Message != "":
		r.message, r.pointer = ours.Error.Message, ours.Error.Pointer
	case json.Unmarshal([]byte(body), &caddys) == nil && caddys.Error != "":
		r.message = caddys.Error
	case r.status == http.StatusNotFound:
		return g.stranger()
	default:
		r.message = http.StatusText(r.status)
	}
	return r
}

func (g gateway) stranger() error {
	return fmt.Errorf("what answers at %s is not the admin API of caddymgw: is it another Caddy, or an older one?", plain(g.address))
}

// broken means that a request was sent, and what came back is no answer.
func (g gateway) broken(method, cause string) error {
	text := fmt.Sprintf("talking to the gateway at %s: %s", plain(g.address), plain(cause))
	if method != http.MethodGet {
		text += ": it may have done what was asked for all the same"
	}
	return errors.New(text)
}
