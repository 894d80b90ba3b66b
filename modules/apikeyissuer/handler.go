package apikeyissuer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/basic"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(Handler))
}

// Handler issues API keys: GET or POST with HTTP Basic credentials of a user of
// the app mgw is answered with a key. It answers everything at and below its
// path, and passes on the rest.
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
	h.apis = mgw.AllowedAPIs(h.APIs)
	h.app.RegisterIssuer(h.Path)
	return nil
}

// answer is a fault to answer with; detail may be empty.
type answer struct {
	code   fault.Code
	detail string
}

// ServeHTTP issues a key, or says why not.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if r.URL.Path != h.Path && !strings.HasPrefix(r.URL.Path, h.Path+"/") {
		return next.ServeHTTP(w, r)
	}
	if r.URL.Path == h.Path+jwksPath {
		return h.publish(w, r)
	}
	w.Header().Set("Cache-Control", "no-store")
	issued, bad := h.issue(w, r)
	if bad != nil {
		h.refuse(w, *bad)
		return nil
	}
	return respond(w, r, issued)
}

func (h *Handler) refuse(w http.ResponseWriter, a answer) {
	switch a.code.Status() {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", fault.BasicChallenge("caddymgw"))
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "GET, POST")
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	fault.WSO2.Write(w, a.code, a.detail)
}

const (
	readyTimeout = 5 * time.Second
	retryAfter   = 5 * time.Second
)

// issue goes from what is cheap to what is not: the password is hashed only
// for a request that could be answered.
func (h *Handler) issue(w http.ResponseWriter, r *http.Request) (issued apikey.Issued, _ *answer) {
	switch {
	case r.TLS == nil && !h.AllowHTTP, r.URL.Path != h.Path:
		return issued, &answer{code: fault.NotFound}
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return issued, &answer{code: fault.MethodNotAllowed}
	case foreign(r):
		return issued, &answer{code: fault.Forbidden}
	}
	body, bad := readBody(w, r)
	if bad != nil {
		return issued, bad
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := h.app.Ready(ctx); err != nil {
		return issued, &answer{code: fault.Unclassified}
	}
	user, bad := h.login(r)
	if bad != nil {
		return issued, bad
	}
	grant, bad := h.grant(user, body)
	if bad != nil {
		return issued, bad
	}
	issued, err := h.app.Authority().Mint(r.Context(), grant)
	var ge *apikey.GrantError
	switch {
	case errors.As(err, &ge):
		return issued, &answer{fault.BadRequest, ge.Error()}
	case err != nil:
		h.logger.Error("no key was issued", zap.String("user", user.Name), zap.Error(err))
		return issued, &answer{code: fault.Unclassified}
	}
	h.logger.Info("issued a key", zap.String("user", user.Name), zap.String("key_id", issued.ID), zap.Time("expires", issued.Expires))
	return issued, nil
}

// foreign reports whether a browser asks on behalf of another site, which it
// would do with the user's stored password.
func foreign(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !strings.EqualFold(u.Host, r.Host) || r.TLS != nil && u.Scheme != "https"
}

// login authenticates the caller by HTTP Basic (RFC 7617). The Authorization
// header must stand once.
func (h *Handler) login(r *http.Request) (mgw.User, *answer) {
	lines := r.Header["Authorization"]
	if len(lines) == 0 {
		return mgw.User{}, &answer{code: fault.MissingCredentials}
	}
	scheme, value, _ := strings.Cut(strings.TrimSpace(lines[0]), " ")
	if !strings.EqualFold(scheme, "basic") {
		return mgw.User{}, &answer{code: fault.SchemeNotAccepted}
	}
	name, password, err := basic.ParseCredentials(strings.TrimLeft(value, " "))
	if len(lines) > 1 || err != nil {
		return mgw.User{}, &answer{code: fault.MalformedBasic}
	}
	ok, err := h.app.Basic().Authenticate(r.Context(), name, password)
	switch {
	case err != nil:
		return mgw.User{}, &answer{code: fault.Unclassified}
	case !ok:
		return mgw.User{}, &answer{code: fault.WrongPassword}
	}
	user, ok := h.app.User(name)
	if !ok || len(h.Users) > 0 && !slices.Contains(h.Users, name) {
		return mgw.User{}, &answer{code: fault.Forbidden, detail: "This user gets no keys here"}
	}
	return user, nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
