package mgw

import (
	"cmp"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/basic"
	"github.com/caddymgw/gateway/caddymgw/keyring"
	"github.com/caddymgw/gateway/caddymgw/throttle"
	"github.com/caddymgw/gateway/caddymgw/token"
)

func init() {
	caddy.RegisterModule(new(App))
}

// App is the state that the handlers of the gateway share: users, and the
// authority that signs and verifies API keys.
type App struct {
	// The API-key authority of this gateway. Default: all of its defaults.
	APIKeys *APIKeys `json:"api_keys,omitempty"`

	// Users who may log in with HTTP Basic. Default: none.
	Users []User `json:"users,omitempty"`

	// A file in htpasswd form (NAME:HASH a line; argon2id or bcrypt) with more
	// users. Relative to the working directory in JSON, to the Caddyfile there.
	UsersFile string `json:"users_file,omitempty"`

	// Accept password hashes as WSO2 API Microgateway has them (@sha256:{hex},
	// @sha384:{hex}, @sha512:{hex}, SHA-1 in hex). They have no salt: for a
	// migration only, and warned of.
	LegacyHashes bool `json:"legacy_hashes,omitempty"`

	// SHA-256 of UsersFile, so that a reload sees a changed one. Written by the
	// Caddyfile adapter.
	UsersFingerprint string `json:"users_fingerprint,omitempty"`

	// Who may sign OAuth 2 and OpenID Connect access tokens. Default: nobody.
	TokenIssuers []TokenIssuer `json:"token_issuers,omitempty"`

	// Changes when a file does that a secret refers to ({file.*}), so that a reload
	// sees it. Written by the Caddyfile adapter.
	SecretsStamp string `json:"secrets_stamp,omitempty"`

	// How much the clocks of signers may differ from ours. Default: 5s; at most 60s.
	Leeway caddy.Duration `json:"leeway,omitempty"`

	authority *apikey.Authority
	users     map[string]User
	basic     *basic.Verifier // nil: no users
	logins    *throttle.Throttle
	flights   singleflight.Group // of logins
	storage   certmagic.Storage
	logger    *zap.Logger
	warned    sync.Map // what Warn has said
	filters   int      // log filters of this configuration
	apis      apiRegistry

	trusted     []trusted
	trustedKeys []*remoteKeys     // of those whose API keys are accepted
	tokens      *token.Cache      // of access tokens, for every verifier of this configuration
	asking      http.RoundTripper // what introspection speaks through; nil: there is none

	http func() (any, error) // the app http; while starting

	mu       sync.Mutex // of bearers and backends, while provisioning
	bearers  []verifying
	backends []func(*keyring.Ring)

	ledger    LedgerModule // nil: none
	ledgerErr error        // why there is no default one
	usesKeys  bool
	opening   *openLedger // once ready; nil: none
	rings     signing
	trail     auditor
	metrics   metrics

	once   sync.Once
	ready  atomic.Bool
	opened chan struct{}
	err    error // of open, after opened is closed
	pooled pooled
}

const (
	defaultLeeway = 5 * time.Second
	maxLeeway     = time.Minute
)

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw", New: func() caddy.Module { return new(App) }}
}

// Provision reads and checks the configuration. It has no effects outside of a.
func (a *App) Provision(ctx caddy.Context) (err error) {
	a.logger = ctx.Logger()
	a.storage = ctx.Storage()
	a.opened = make(chan struct{})
	a.filters = filters(ctx)
	a.http = func() (any, error) { return ctx.AppIfConfigured("http") }
	if a.APIKeys == nil {
		a.APIKeys = new(APIKeys)
	}
	if leeway := time.Duration(a.Leeway); leeway < 0 || leeway > maxLeeway {
		return fmt.Errorf("leeway %v: must be between 0 and %v", leeway, maxLeeway)
	}
	if err := a.provisionUsers(ctx); err != nil {
		return err
	}
	if err := a.provisionAuthority(); err != nil {
		return err
	}
	if err := a.provisionLedger(ctx); err != nil {
		return err
	}
	if a.trail, err = newAuditor(ctx); err != nil {
		return err
	}
	if err := a.provisionMetrics(ctx); err != nil {
		return err
	}
	return a.provisionTokenIssuers()
}

// Allowance is the leeway: how much clocks may differ.
func (a *App) Allowance() time.Duration { return cmp.Or(time.Duration(a.Leeway), defaultLeeway) }

// FromContext returns the app of the configuration that ctx provisions; one
// with all defaults where none is configured.
func FromContext(ctx caddy.Context) (*App, error) {
	v, err := ctx.App("mgw")
	if err != nil {
		return nil, err
	}
	return v.(*App), nil
}

// Authority returns what signs and verifies the API keys of this gateway.
func (a *App) Authority() *apikey.Authority { return a.authority }

// Basic returns the verifier of HTTP Basic; nil where no user is configured.
func (a *App) Basic() *basic.Verifier { return a.basic }

// User returns what is configured for a user.
func (a *App) User(name string) (User, bool) {
	u, ok := a.users[name]
	return u, ok
}

// WarnUnredacted logs, once, that Caddy's logs would show API keys: where no log
// is filtered, or fewer than the default one and those that a server names.
func (a *App) WarnUnredacted(server *caddyhttp.Server) {
	const line = "log { format filter { request mgw } }"
	if a.filters == 0 {
		a.Warn("logs of this configuration will show API keys: add this to the global options, and to each log block with an output of its own", "add", line)
		return
	}
	if server == nil || server.Logs == nil {
		return
	}
	named := map[string]bool{}
	for _, names := range server.Logs.LoggerNames {
		for _, name := range names {
			named[name] = name != ""
		}
	}
	delete(named, "")
	if a.filters < len(named)+1 {
		a.Warn("a log with an output of its own will show API keys: add this to each log block too", "add", line)
	}
}

// Warn logs a warning of one configuration, once: a document may stand on
// several sites.
func (a *App) Warn(msg, key, value string) {
	if _, said := a.warned.LoadOrStore([3]string{msg, key, value}, true); !said {
		a.logger.Warn(msg, zap.String(key, value))
	}
}

// VerifierModule is a guest module in the namespace mgw.verifiers.
type VerifierModule interface {
	// Verifier returns what verifies; caddymgw.Closed() where the
	// configuration names nobody to trust. It is called once, after Provision.
	Verifier() caddymgw.Verifier
}

// SchemeChecker is a VerifierModule that is not for every security scheme.
type SchemeChecker interface {
	// CheckScheme returns why the module can't verify a scheme, such as "it
	// verifies the type apiKey".
	CheckScheme(*caddymgw.Scheme) error
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
