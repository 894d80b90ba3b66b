package apikeyissuer

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/modules/mgw"
)

// maxBody is more than any sensible request needs, in bytes.
const maxBody = 4 << 10

// bodyTimeout is how long a client may take to send it.
const bodyTimeout = 5 * time.Second

// wish is the request body: less than the caller may have, never more.
type wish struct {
	ValidityTime seconds `json:"validityTime"`
	Name         string  `json:"name"`
	APIs         []struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"apis"`
	Scopes     []string `json:"scopes"`
	Operations []string `json:"operations"`
	Addresses  []string `json:"permittedIPs"`
	Referers   []string `json:"permittedReferers"`
}

// seconds is a positive whole number, or a string that holds one, as WSO2 takes
// both.
type seconds time.Duration

var errSeconds = errors.New("must be a whole number of seconds, 1 at least")

// UnmarshalJSONFrom reads the number; a life beyond all limits is cut, as a
// long one is.
func (s *seconds) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
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
	*s = seconds(min(n, int64(maxLife/time.Second)) * int64(time.Second))
	return nil
}

const maxLife = 100 * 365 * 24 * time.Hour

// readBody reads the body, if there is one, before anything costs.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *answer) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > maxBody {
		return nil, &answer{code: fault.ContentTooLarge}
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // where it can't be set, the server's own counts
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = control.SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &answer{code: fault.ContentTooLarge}
	case err != nil:
		return nil, &answer{code: fault.BadRequest}
	case len(body) == 0:
		return nil, nil
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || r.Header.Get("Content-Encoding") != "" {
		return nil, &answer{code: fault.UnsupportedMediaType}
	}
	return body, nil
}

// grant is what the user gets: all that he may have here, or what he wishes of it.
func (h *Handler) grant(user mgw.User, body []byte) (apikey.Grant, *answer) {
	g := apikey.Grant{Subject: user.Name, Life: time.Duration(h.Validity), Scopes: user.Scopes}
	bound, ok := apikey.Intersect(h.apis, mgw.AllowedAPIs(user.APIs))
	if !ok {
		return g, &answer{fault.Forbidden, "None of the APIs of this issuer is for this user"}
	}
	g.APIs = bound
	if body == nil {
		return g, nil
	}
	var w wish
	if err := json.Unmarshal(body, &w, json.RejectUnknownMembers(true)); err != nil {
		return g, &answer{fault.BadRequest, explain(err)}
	}
	if bad := w.check(body); bad != "" {
		return g, &answer{fault.BadRequest, bad}
	}
	if life := time.Duration(w.ValidityTime); life > 0 && (g.Life == 0 || life < g.Life) {
		g.Life = life
	}
	var asked []apikey.AllowedAPI
	for _, a := range w.APIs {
		if a.Version == "" {
			a.Version = "*"
		}
		asked = append(asked, apikey.AllowedAPI{Name: a.Name, Version: a.Version})
	}
	var err error
	if g.APIs, err = apikey.Narrow(bound, asked); err != nil {
		return g, &answer{fault.BadRequest, err.Error()}
	}
	if g.Scopes, err = apikey.NarrowScopes(user.Scopes, w.Scopes); err != nil {
		return g, &answer{fault.BadRequest, err.Error()}
	}
	if w.Scopes != nil && len(w.Scopes) == 0 {
		g.Scopes = nil // no scope is less than any
	}
	g.Name, g.Operations, g.Addresses, g.Referers = w.Name, w.Operations, w.Addresses, w.Referers
	return g, nil
}

// check refuses what looks like a limit and is none.
func (w *wish) check(body []byte) string {
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return "The body must be one JSON object, each member once"
	}
	for name, empty := range map[string]bool{
		"apis": w.APIs != nil && len(w.APIs) == 0, "operations": w.Operations != nil && len(w.Operations) == 0,
		"permittedIPs": w.Addresses != nil && len(w.Addresses) == 0, "permittedReferers": w.Referers != nil && len(w.Referers) == 0,
	} {
		if empty {
			return name + ": must not be empty; leave it out for no limit"
		}
	}
	return ""
}

// explain names the member that is wrong, and never repeats its value.
func explain(err error) string {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && semantic.JSONPointer != "" {
		switch {
		case errors.Is(err, json.ErrUnknownName):
			return "The body has a member that is not known here; known are validityTime, name, apis, scopes, operations, permittedIPs, permittedReferers"
		case errors.Is(err, errSeconds):
			return string(semantic.JSONPointer) + ": " + errSeconds.Error()
		}
		return string(semantic.JSONPointer) + ": has the wrong type"
	}
	return "The body must be one JSON object, each member once"
}
