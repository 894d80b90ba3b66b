package apikey

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Request is what somebody asks a key for, in JSON. What is left out limits
// nothing beyond what the asker may have.
type Request struct {
	Life       Seconds        `json:"validityTime"`
	Name       string         `json:"name"`
	APIs       []RequestedAPI `json:"apis"`
	Scopes     []string       `json:"scopes"` // empty: no scope at all
	Operations []string       `json:"operations"`
	Addresses  []string       `json:"permittedIPs"`
	Referers   []string       `json:"permittedReferers"`
}

// RequestedAPI names an API; without a version, every one.
type RequestedAPI struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Seconds is a positive whole number of seconds, or a string that holds one: WSO2
// takes both.
type Seconds time.Duration

var errSeconds = errors.New("must be a whole number of seconds, 1 at least")

const maxLife = 100 * 365 * 24 * time.Hour

// UnmarshalJSONFrom reads the number; a life beyond all limits is cut, as a
// long one is.
func (s *Seconds) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	t, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if t.Kind() != '0' && t.Kind() != '"' {
		return errSeconds
	}
	n, err := strconv.ParseInt(t.String(), 10, 64)
	if errors.Is(err, strconv.ErrRange) && n > 0 {
		err = nil
	}
	if err != nil || n < 1 {
		return errSeconds
	}
	*s = Seconds(min(n, int64(maxLife/time.Second)) * int64(time.Second))
	return nil
}

// Decode reads a body into a struct that holds a Request or a part of one. It
// refuses what is not one JSON object, names that are unknown or repeated, and
// lists that look like a limit and are none. Its error is for the asker: it names
// the member by its JSON pointer, never its value.
func Decode(body []byte, into any, known string) error {
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return errors.New("the body must be one JSON object, each member once")
	}
	err := json.Unmarshal(body, into, json.RejectUnknownMembers(true))
	var semantic *json.SemanticError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &semantic) || semantic.JSONPointer == "":
		return errors.New("the body must be one JSON object, each member once")
	case errors.Is(err, json.ErrUnknownName):
		if parent := semantic.JSONPointer.Parent(); parent != "" {
			return errors.New(string(parent) + ": has a member that is not known here")
		}
		return errors.New("the body has a member that is not known here; known are " + known)
	case errors.Is(err, errSeconds):
		return errors.New(string(semantic.JSONPointer) + ": " + errSeconds.Error())
	}
	return errors.New(string(semantic.JSONPointer) + ": has the wrong type")
}

// RequestMembers are the names that a Request has in JSON.
const RequestMembers = "validityTime, name, apis, scopes, operations, permittedIPs, permittedReferers"

// Check refuses lists that are there and empty. Its error is a *GrantError.
func (r *Request) Check() error {
	for _, list := range []struct {
		member string
		empty  bool
	}{
		{"apis", r.APIs != nil && len(r.APIs) == 0},
		{"operations", r.Operations != nil && len(r.Operations) == 0},
		{"permittedIPs", r.Addresses != nil && len(r.Addresses) == 0},
		{"permittedReferers", r.Referers != nil && len(r.Referers) == 0},
	} {
		if list.empty {
			return &GrantError{list.member, "must not be empty; leave it out for no limit"}
		}
	}
	return nil
}

// Allowed returns the APIs that are asked for, as a key lists them.
func (r *Request) Allowed() []AllowedAPI {
	var asked []AllowedAPI
	for _, a := range r.APIs {
		if a.Version == "" {
			a.Version = "*"
		}
		asked = append(asked, AllowedAPI(a))
	}
	return asked
}

// Narrow applies the request to a grant of all that the asker may have. Its error
// is a *GrantError.
func (r *Request) Narrow(g Grant) (Grant, error) {
	if err := r.Check(); err != nil {
		return g, err
	}
	if life := time.Duration(r.Life); life > 0 && (g.Life == 0 || life < g.Life) {
		g.Life = life
	}
	var err error
	if g.APIs, err = Narrow(g.APIs, r.Allowed()); err != nil {
		return g, err
	}
	if g.Scopes, err = NarrowScopes(g.Scopes, r.Scopes); err != nil {
		return g, err
	}
	if r.Scopes != nil && len(r.Scopes) == 0 {
		g.Scopes = nil // no scope is less than any
	}
	g.Name, g.Operations, g.Addresses, g.Referers = r.Name, r.Operations, r.Addresses, r.Referers
	return g, nil
}
