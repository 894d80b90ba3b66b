package apikeyissuer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(Handler))
}

// Handler issues API keys: GET or POST with HTTP Basic credentials of a user of
// the app mgw is answered with a key. Below, at /keys, users list, rotate and
// revoke their own keys; /jwks.json has the public keys of API keys, and
// /backend/jwks.json those of the JWTs that upstreams get. It
// answers everything at and below its path, and passes on the rest.
//
// Over plain HTTP it answers 404 unless AllowHTTP is set.
type Handler struct {
	// Where the issuer answers. Default: /apikey
	Path string `json:"path,omitempty"`

	// The longest life of the keys it issues. Default and maximum: the validity
	// of the app mgw.
	Validity caddy.Duration `json:"validity,omitempty"`

	// The APIs that its keys are good for. Default: all.
	APIs []mgw.API `json:"apis,omitempty"`

	// The users who get keys here. Default: every user.
	Users []string `json:"users,omitempty"`

	// Answer over plain HTTP too, where TLS ends before this server.
	AllowHTTP bool `json:"allow_http,omitempty"`

	app    *mgw.App
	apis   []apikey.AllowedAPI
	logger *zap.Logger
}

const defaultPath = "/apikey"

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.apikey_issuer", New: func() caddy.Module { return new(Handler) }}
}

// Provision checks the configuration against the app's.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	var err error
	if h.app, err = mgw.FromContext(ctx); err != nil {
		return err
	}
	if h.app.Basic() == nil {
		return errors.New("apikey_issuer: no user is configured who could log in: add \"mgw { user NAME HASH }\" to the global options")
	}
	if h.Path == "" {
		h.Path = defaultPath
	}
	if !strings.HasPrefix(h.Path, "/") || len(h.Path) == 1 || strings.HasSuffix(h.Path, "/") || strings.ContainsAny(h.Path, "*%?#") {
		return fmt.Errorf("apikey_issuer: path %q: must begin with / and name a path without *, %% and a last /", h.Path)
	}
	if h.Validity < 0 {
		return fmt.Errorf("apikey_issuer: validity %v is negative", time.Duration(h.Validity))
	}
	for _, api := range h.APIs {
		if api.Name == "" {
			return errors.New("apikey_issuer: an API has no name")
		}
	}
	if most := h.app.Validity(); most > 0 && time.Duration(h.Validity) > most {
		return fmt.Errorf("apikey_issuer: validity %v is longer than that of api_keys, %v", time.Duration(h.Validity), most)
	}
	for _, name := range h.Users {
		if _, ok := h.app.User(name); !ok {
			return fmt.Errorf("apikey_issuer: users: there is no user %s", name)
		}
	}
	if !h.app.Issues() {
		return errors.New("apikey_issuer: there is no ledger to record keys in (ledger none): name one, or take the issuer away")
	}
	if err := h.app.UseAPIKeys(); err != nil {
		return err
	}
	h.apis = mgw.AllowedAPIs(h.APIs)
	h.app.RegisterIssuer(h.Path, h.APIs)
	return nil
}

// ServeHTTP answers what is at and below the path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	below, ours := strings.CutPrefix(r.URL.Path, h.Path)
	if !ours || below != "" && below[0] != '/' {
		return next.ServeHTTP(w, r)
	}
	switch below {
	case jwksPath:
		return h.publish(w, r, h.app.JWKS)
	case backendJWKSPath:
		return h.publish(w, r, h.app.BackendJWKS)
	}
	w.Header().Set("Cache-Control", "no-store")
	e, bad := h.endpoint(below, r)
	if bad == nil {
		bad = h.serve(e, w, r)
	}
	if bad != nil {
		h.refuse(w, *bad)
	}
	return nil
}

// endpoint is one thing that the issuer does for those who log in.
type endpoint struct {
	keyID string // of the path; "": none
	do    func(*call) *answer
}

// call is a request whose caller is known.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	body  []byte
	user  mgw.User
	keyID string
}

// actor is the caller, for the audit trail.
func (c *call) actor() mgw.Actor { return actor(c.r, c.user.Name) }

func actor(r *http.Request, user string) mgw.Actor {
	return mgw.Actor{Name: user, Address: client(r).String(), Via: mgw.ViaIssuer}
}

// endpoint finds what is asked for. It tells no more than that methods differ:
// whether a key exists is told to those who log in.
func (h *Handler) endpoint(below string, r *http.Request) (endpoint, *answer) {
	if r.TLS == nil && !h.AllowHTTP {
		return endpoint{}, &answer{code: fault.NotFound}
	}
	var methods map[string]func(*call) *answer
	id, action, _ := strings.Cut(strings.TrimPrefix(below, keysPath+"/"), "/")
	switch {
	case below == "":
		methods = map[string]func(*call) *answer{"GET": h.issue, "POST": h.issue}
	case below == keysPath:
		methods = map[string]func(*call) *answer{"GET": h.list}
	case !strings.HasPrefix(below, keysPath+"/") || id == "":
		return endpoint{}, &answer{code: fault.NotFound}
	case below == keysPath+"/"+id:
		methods = map[string]func(*call) *answer{"GET": h.show, "DELETE": h.revoke}
	case action == "rotate":
		methods = map[string]func(*call) *answer{"POST": h.rotate}
	default:
		return endpoint{}, &answer{code: fault.NotFound}
	}
	do, ok := methods[r.Method]
	if !ok {
		return endpoint{}, &answer{code: fault.MethodNotAllowed, allow: slices.Sorted(maps.Keys(methods))}
	}
	return endpoint{id, do}, nil
}

const keysPath = "/keys"

// serve goes from what is cheap to what is not: the password is hashed only for a
// request that could be answered.
func (h *Handler) serve(e endpoint, w http.ResponseWriter, r *http.Request) *answer {
	if foreign(r) {
		return &answer{code: fault.Forbidden}
	}
	body, bad := readBody(w, r)
	if bad != nil {
		return bad
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := h.app.Ready(ctx); err != nil {
		return &answer{code: fault.Unclassified}
	}
	user, bad := h.login(r)
	if bad != nil {
		return bad
	}
	return e.do(&call{w, r, body, user, e.keyID})
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
