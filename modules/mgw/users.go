package mgw

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"

	"github.com/caddymgw/gateway/caddymgw/basic"
)

// User may log in with HTTP Basic.
type User struct {
	// The name, without ":". Required.
	Name string `json:"name"`

	// The hash of the password, as `caddy hash-password` prints it: argon2id or
	// bcrypt. Placeholders {env.*} and {file.*} are replaced. Required.
	Hash string `json:"hash"`

	// The scopes that the user has, which are also the most that a key of this
	// user may have. Default: none.
	Scopes []string `json:"scopes,omitempty"`

	// The APIs that keys of this user may be used for. Default: what the issuer says.
	APIs []API `json:"apis,omitempty"`
}

// API names the versions of one API, as info.title and info.version say them.
type API struct {
	Name string `json:"name"`

	// Exact versions; * or none means every version.
	Versions []string `json:"versions,omitempty"`
}

// hashModules are Caddy's, by the prefix of the hashes that they know.
var hashModules = []struct{ prefix, module string }{
	{"$argon2id$", "http.authentication.hashes.argon2id"},
	{"$2", "http.authentication.hashes.bcrypt"},
}

func (a *App) provisionUsers(ctx caddy.Context) error {
	a.users = map[string]User{}
	var users []basic.User
	repl := caddy.NewReplacer()
	for _, u := range a.Users {
		hash, err := u.Hash, error(nil)
		if reference(hash) {
			hash, err = repl.ReplaceOrErr(hash, true, true)
		}
		if err != nil {
			return fmt.Errorf("user %s: hash: %w", u.Name, err)
		}
		users = append(users, basic.User{Name: u.Name, Hash: []byte(hash), Scopes: u.Scopes})
		a.users[u.Name] = u
	}
	if a.UsersFile != "" {
		content, err := os.ReadFile(a.UsersFile)
		if err != nil {
			return fmt.Errorf("users_file: %w", err)
		}
		more, err := basic.ParseHtpasswd(bytes.NewReader(content), a.UsersFile)
		if err != nil {
			return fmt.Errorf("users_file: %w", err)
		}
		for _, u := range more {
			a.users[u.Name] = User{Name: u.Name}
		}
		users = append(users, more...)
	}
	if len(users) == 0 {
		return nil
	}
	if a.LegacyHashes {
		a.logger.Warn("password hashes without salt are accepted (legacy_hashes): give each user a new one, as `caddymgw hash-password` makes it")
	}
	guard, err := a.pooled.takeGuard()
	if err != nil {
		return err
	}
	if a.logins, err = a.pooled.takeThrottle(); err != nil {
		return err
	}
	comparers := map[string]basic.Comparer{}
	for _, m := range hashModules {
		mod, err := ctx.LoadModuleByID(m.module, nil)
		if err != nil {
			return fmt.Errorf("loading %s: %w", m.module, err)
		}
		comparers[m.prefix] = mod.(caddyauth.Comparer)
	}
	a.basic, err = basic.New(basic.Config{
		Users:        users,
		Guard:        guard,
		LegacyHashes: a.LegacyHashes,
		Compare: func(hash []byte) (basic.Comparer, error) {
			for prefix, c := range comparers {
				if strings.HasPrefix(string(hash), prefix) {
					return c, nil
				}
			}
			return nil, fmt.Errorf("neither argon2id nor bcrypt")
		},
	})
	return err
}
