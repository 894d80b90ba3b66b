package ledgers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/ledger/redis"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(Redis))
}

// Redis is a ledger that many gateways share.
type Redis struct {
	// redis://host:port/database, rediss:// for TLS, or unix:///path. Several are
	// the nodes of a cluster, or sentinels where Master is set. Required.
	URLs []string `json:"urls"`

	// One URL is that of a cluster too.
	Cluster bool `json:"cluster,omitempty"`

	// What the sentinels call the server. Default: there are none.
	Master string `json:"master,omitempty"`

	// The user, and the password by reference: {env.NAME} or {file./path}. Default:
	// none.
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`

	// The same for sentinels.
	SentinelUsername string `json:"sentinel_username,omitempty"`
	SentinelPassword string `json:"sentinel_password,omitempty"`

	// What all names in Redis begin with. Default: mgw
	Prefix string `json:"prefix,omitempty"`

	// How many replicas must have a change before it is acknowledged. Default: 0
	Replicas int `json:"replicas,omitempty"`

	// How TLS is spoken, with rediss://. Default: as the system trusts.
	TLS *RedisTLS `json:"tls,omitempty"`

	// Changes when a file does that a password refers to ({file.*}), so that a
	// reload sees it. Written by the Caddyfile adapter.
	SecretsStamp string `json:"secrets_stamp,omitempty"`

	config redis.Config
}

// RedisTLS says whom to trust, and as whom to connect.
type RedisTLS struct {
	// Certificates in PEM that the server's must lead to.
	CA string `json:"ca,omitempty"`

	// The client's certificate and key in PEM.
	Certificate string `json:"certificate,omitempty"`
	Key         string `json:"key,omitempty"`

	// The name in the server's certificate. Default: the host of the URL.
	ServerName string `json:"server_name,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (*Redis) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw.ledgers.redis", New: func() caddy.Module { return new(Redis) }}
}

// Provision resolves the references and checks the configuration. It connects to
// nothing.
func (r *Redis) Provision(caddy.Context) error {
	r.config = redis.Config{
		Cluster: r.Cluster, Master: r.Master, Prefix: r.Prefix, Replicas: r.Replicas,
	}
	for _, f := range []struct {
		name, value string
		resolve     func(string) (string, error)
		to          *string
	}{
		{"username", r.Username, resolve, &r.config.Username},
		{"password", r.Password, mgw.Referred, &r.config.Password},
		{"sentinel_username", r.SentinelUsername, resolve, &r.config.SentinelUsername},
		{"sentinel_password", r.SentinelPassword, mgw.Referred, &r.config.SentinelPassword},
	} {
		if f.value == "" {
			continue
		}
		var err error
		if *f.to, err = f.resolve(f.value); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	for i, text := range r.URLs {
		if u, err := url.Parse(text); err == nil && u.User != nil {
			if password, has := u.User.Password(); has && !strings.HasPrefix(password, "{") {
				return fmt.Errorf("the URL %d holds a password, which can be read at the admin API: write the option password {env.NAME} or {file./path}", i+1)
			}
		}
		resolved, err := resolve(text)
		if err != nil {
			return fmt.Errorf("url: %w", err)
		}
		r.config.URLs = append(r.config.URLs, resolved)
	}
	if t := r.TLS; t != nil {
		r.config.CAFile, r.config.CertFile, r.config.KeyFile, r.config.ServerName = t.CA, t.Certificate, t.Key, t.ServerName
	}
	return r.config.Check()
}

// resolve replaces placeholders, if there are any.
func resolve(value string) (string, error) {
	if !strings.Contains(value, "{") {
		return value, nil
	}
	return caddy.NewReplacer().ReplaceOrErr(value, true, true)
}

// LedgerName names the server, without user and password.
func (r *Redis) LedgerName() string { return r.config.String() }

// identityKey keeps what an identity is made of from being guessed.
var identityKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return key
})

// LedgerIdentity differs where anything does, passwords among it.
func (r *Redis) LedgerIdentity() string {
	h := hmac.New(sha256.New, identityKey())
	c := r.config
	_, _ = fmt.Fprintf(h, "%q %q %q %q %q %q %q %q %q %d", c.URLs, c.Username, c.Password, c.SentinelUsername, c.SentinelPassword,
		c.CAFile, c.CertFile, c.KeyFile, c.ServerName, c.Replicas)
	return r.LedgerName() + " " + hex.EncodeToString(h.Sum(nil))
}

// OpenLedger opens it. A Redis that is away is waited for in the background.
func (r *Redis) OpenLedger(o ledger.Options) (ledger.Ledger, error) { return redis.Open(r.config, o) }

// Interface guards
var (
	_ caddy.Provisioner = (*Redis)(nil)
	_ mgw.LedgerModule  = (*Redis)(nil)
)
