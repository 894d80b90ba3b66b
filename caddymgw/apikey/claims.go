package apikey

import (
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

const (
	// Type is the JOSE header typ of every key.
	Type    = "apikey+jwt"
	keyType = "PRODUCTION"
)

// AllowedAPI is an entry of the claim allowedAPIs. Version "*" is every version.
type AllowedAPI struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// claims is the payload of a key, as it is written.
type claims struct {
	Issuer      string       `json:"iss"`
	Subject     string       `json:"sub"`
	Audience    string       `json:"aud,omitempty"`
	IssuedAt    int64        `json:"iat"`
	Expires     int64        `json:"exp,omitzero"`
	ID          string       `json:"jti"`
	KeyType     string       `json:"keytype"`
	AllowedAPIs []AllowedAPI `json:"allowedAPIs"`
	Scope       string       `json:"scope,omitempty"`
	Operations  []string     `json:"operations,omitempty"`
	IPs         []string     `json:"permittedIPs,omitempty"`
	Referers    []string     `json:"permittedReferers,omitempty"`

	Confirmation *confirmation `json:"cnf,omitempty"`
}

// confirmation binds a key to a client certificate (RFC 8705 section 3.1).
type confirmation struct {
	Thumbprint string `json:"x5t#S256"`
}

// limits is what a key says of where it may be used, read once and kept beside
// the verified token.
type limits struct {
	apis       []AllowedAPI
	scopes     []string
	roles      []string // the scopes, and the claim roles
	operations []string
	addresses  []netip.Prefix
	referers   []referer
	owner      token.Confirmation
	principal  *caddymgw.Principal
	used       atomic.Int64 // the minute in which the key was used last, since 1970
}

// readLimits refuses a claim of the wrong form: a limit that can't be read
// must not be passed over.
func readLimits(all map[string]any) (*limits, bool) {
	if kt, ok := all["keytype"].(string); !ok || kt == "" {
		return nil, false
	}
	l := &limits{}
	items, ok := all["allowedAPIs"].([]any)
	if !ok {
		return nil, false
	}
	for _, item := range items {
		m, _ := item.(map[string]any)
		name, ok1 := m["name"].(string)
		version, ok2 := m["version"].(string)
		if !ok1 || !ok2 {
			return nil, false
		}
		l.apis = append(l.apis, AllowedAPI{name, version})
	}
	if l.owner, ok = token.ReadConfirmation(all); !ok {
		return nil, false
	}
	if scope, ok := all["scope"]; ok {
		s, ok := scope.(string)
		if !ok {
			return nil, false
		}
		l.scopes = strings.Fields(s)
	}
	l.roles = l.scopes
	if roles, ok := all["roles"]; ok {
		list, ok := token.Strings(roles)
		if !ok {
			return nil, false
		}
		l.roles = slices.Concat(l.scopes, list)
	}
	for name, read := range map[string]func(string) bool{
		"operations": func(s string) bool { l.operations = append(l.operations, s); return s != "" },
		"permittedIPs": func(s string) bool {
			p, err := parsePrefix(s)
			l.addresses = append(l.addresses, p)
			return err == nil
		},
		"permittedReferers": func(s string) bool {
			r, err := parseReferer(s)
			l.referers = append(l.referers, r)
			return err == nil
		},
	} {
		v, present := all[name]
		if !present {
			continue
		}
		list, ok := token.Strings(v)
		if !ok || len(list) == 0 {
			return nil, false
		}
		for _, s := range list {
			if !read(s) {
				return nil, false
			}
		}
	}
	return l, true
}
