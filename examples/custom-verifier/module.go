package customverifier

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	caddy.RegisterModule(new(SignedLink))
}

// SignedLink verifies links that open one document for a while. It is for
// schemes of the type apiKey in the query.
type SignedLink struct {
	// Who may sign links. At least one.
	Keys []Key `json:"keys"`

	// The longest life that a link may have. Default: 24h
	Longest caddy.Duration `json:"longest,omitempty"`

	// Changes with the files of the secrets, so that a reload sees it. Written by
	// the Caddyfile adapter.
	Stamp string `json:"stamp,omitempty"`

	known map[string]Key
}

// Key is one who signs.
type Key struct {
	// The name, which is the subject of its links. It holds no ".". Required.
	Name string `json:"name"`

	// At least 32 bytes, by reference: {file.path} or {env.NAME}. Required.
	Secret string `json:"secret"`

	// The roles that its links give. Default: none.
	Roles []string `json:"roles,omitempty"`

	secret []byte
}

const (
	defaultLongest = caddy.Duration(24 * time.Hour)
	minSecret      = 32
)

// CaddyModule returns the Caddy module information.
func (*SignedLink) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "mgw.verifiers.signed_link", New: func() caddy.Module { return new(SignedLink) }}
}

// Provision reads and checks everything: what can't be enforced must not load.
func (v *SignedLink) Provision(caddy.Context) error {
	if len(v.Keys) == 0 {
		return errors.New("no key is named")
	}
	if v.Longest < 0 {
		return fmt.Errorf("longest %v: must be above 0", time.Duration(v.Longest))
	}
	if v.Longest == 0 {
		v.Longest = defaultLongest
	}
	v.known = make(map[string]Key, len(v.Keys))
	for _, k := range v.Keys {
		if err := k.provision(); err != nil {
			return fmt.Errorf("key %s: %w", k.Name, err)
		}
		if _, twice := v.known[k.Name]; twice {
			return fmt.Errorf("key %s is given twice", k.Name)
		}
		v.known[k.Name] = k
	}
	return nil
}

// provision reads the secret. No error repeats any part of it.
func (k *Key) provision() error {
	if k.Name == "" || strings.ContainsAny(k.Name, ".&=%+# ") {
		return errors.New("the name is empty, or holds what can't stand in a ticket")
	}
	if !strings.HasPrefix(k.Secret, "{file.") && !strings.HasPrefix(k.Secret, "{env.") {
		return errors.New("a secret in the configuration can be read at the admin API: write {file.path} or {env.NAME}")
	}
	secret, err := caddy.NewReplacer().ReplaceOrErr(k.Secret, true, true)
	if err != nil {
		return fmt.Errorf("the secret: %w", err)
	}
	if len(secret) < minSecret {
		return fmt.Errorf("the secret has fewer than %d bytes", minSecret)
	}
	k.secret = []byte(secret)
	return nil
}

// CheckScheme wants an apiKey in the query: a ticket covers the query before it.
func (*SignedLink) CheckScheme(s *caddymgw.Scheme) error {
	if s.Type != caddymgw.APIKey || s.Place.In != credential.Query {
		return errors.New("signed_link verifies schemes of the type apiKey in the query")
	}
	return nil
}

// Verifier returns the module itself.
func (v *SignedLink) Verifier() caddymgw.Verifier { return v }

// UnmarshalCaddyfile parses the module. Syntax:
//
//	signed_link {
//		key     <name> <secret> [<role...>]
//		longest <duration>
//	}
func (v *SignedLink) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if err := mgw.NoArg(d); err != nil {
		return err
	}
	var secrets []string
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		switch d.Val() {
		case "key":
			var k Key
			if !d.Args(&k.Name, &k.Secret) {
				return d.Err("key wants a name and a secret such as {file.run/press.secret}")
			}
			k.Roles = d.RemainingArgs()
			v.Keys = append(v.Keys, k)
			secrets = append(secrets, k.Secret)
		case "longest":
			if v.Longest != 0 {
				return d.Err("longest is given twice")
			}
			var err error
			if v.Longest, err = mgw.DurationArg(d); err != nil {
				return err
			}
		default:
			return d.Errf("unrecognized option of signed_link: %s", d.Val())
		}
	}
	v.Stamp = mgw.Stamp(secrets...)
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner     = (*SignedLink)(nil)
	_ caddyfile.Unmarshaler = (*SignedLink)(nil)
	_ mgw.VerifierModule    = (*SignedLink)(nil)
	_ mgw.SchemeChecker     = (*SignedLink)(nil)
	_ caddymgw.Verifier     = (*SignedLink)(nil)
)
