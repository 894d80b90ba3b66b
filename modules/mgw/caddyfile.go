package mgw

import (
	"encoding/json"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("mgw", parseOption)
}

// parseOption parses the global option. Syntax:
//
//	mgw {
//		api_keys {
//			issuer              <text>
//			audience            <text>
//			algorithm           ES256|ES384|EdDSA|RS256|PS256
//			validity            <duration>|never
//			signing_key         <placeholder>
//			rotation            <duration>
//			overlap             <duration>
//			ledger              bolt [<file>] | redis <url...> [{ ... }] | none
//			max_staleness       <duration>
//			require_listed_apis
//			trust <iss> {
//				jwks_url <url>
//				key_file <file>
//			}
//		}
//		user <name> <hash> {
//			scopes <scope...>
//			apis   <name> [<version...>]
//		}
//		users_file <file>
//		legacy_hashes
//		token_issuer <iss> {
//			...
//		}
//		leeway     <duration>
//	}
func parseOption(d *caddyfile.Dispenser, existing any) (any, error) {
	d.Next()
	if existing != nil {
		return nil, d.Err("the mgw option is given twice: write one block")
	}
	app := new(App)
	if d.NextArg() {
		return nil, d.ArgErr()
	}
	seen := Once{}
	for d.NextBlock(0) {
		option := d.Val()
		if option != "user" && option != "token_issuer" {
			if err := seen.Check(d); err != nil {
				return nil, err
			}
		}
		var err error
		switch option {
		case "api_keys":
			app.APIKeys, err = parseAPIKeys(d)
		case "user":
			var u User
			u, err = parseUser(d)
			app.Users = append(app.Users, u)
		case "token_issuer":
			var t TokenIssuer
			t, err = parseTokenIssuer(d)
			app.TokenIssuers = append(app.TokenIssuers, t)
		case "users_file":
			app.UsersFile, err = OneArg(d)
			if err == nil {
				app.UsersFile = Relative(d, app.UsersFile)
				app.UsersFingerprint = Fingerprint(app.UsersFile)
			}
		case "legacy_hashes":
			app.LegacyHashes, err = true, NoArg(d)
		case "leeway":
			app.Leeway, err = DurationArg(d)
		default:
			err = d.Errf("unrecognized option of mgw: %s", option)
		}
		if err != nil {
			return nil, err
		}
	}
	app.SecretsStamp = app.stamp()
	return httpcaddyfile.App{Name: "mgw", Value: caddyconfig.JSON(app, nil)}, nil
}

func (a *App) stamp() string {
	var secrets []string
	if a.APIKeys != nil {
		secrets = append(secrets, a.APIKeys.SigningKey)
	}
	for _, u := range a.Users {
		secrets = append(secrets, u.Hash)
	}
	for _, t := range a.TokenIssuers {
		if t.Introspection != nil {
			secrets = append(secrets, t.Introspection.ClientSecret)
		}
	}
	return Stamp(secrets...)
}

func parseAPIKeys(d *caddyfile.Dispenser) (*APIKeys, error) {
	k := new(APIKeys)
	if d.NextArg() {
		return nil, d.ArgErr()
	}
	seen := Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if d.Val() != "trust" {
			if err := seen.Check(d); err != nil {
				return nil, err
			}
		}
		var err error
		switch d.Val() {
		case "trust":
			var t TrustedIssuer
			t, err = parseTrust(d)
			k.Trust = append(k.Trust, t)
		case "issuer":
			k.Issuer, err = OneArg(d)
		case "audience":
			k.Audience, err = OneArg(d)
		case "algorithm":
			k.Algorithm, err = OneArg(d)
		case "validity":
			k.Validity, err = validityArg(d)
		case "signing_key":
			k.SigningKey, err = OneArg(d)
		case "rotation":
			k.Rotation, err = DurationArg(d)
		case "overlap":
			k.Overlap, err = DurationArg(d)
		case "max_staleness":
			k.MaxStaleness, err = DurationArg(d)
		case "ledger":
			k.LedgerRaw, err = parseLedger(d)
		case "require_listed_apis":
			k.RequireListedAPIs, err = true, NoArg(d)
		default:
			err = d.Errf("unrecognized option of api_keys: %s", d.Val())
		}
		if err != nil {
			return nil, err
		}
	}
	return k, nil
}

// parseLedger parses "ledger <module> ...", which the module does.
func parseLedger(d *caddyfile.Dispenser) (json.RawMessage, error) {
	if !d.NextArg() {
		return nil, d.Err("ledger wants the kind of ledger: bolt, redis or none")
	}
	name := d.Val()
	m, err := caddyfile.UnmarshalModule(d, "mgw.ledgers."+name)
	if err != nil {
		return nil, err
	}
	return caddyconfig.JSONModuleObject(m, "ledger", name, nil), nil
}

func parseTrust(d *caddyfile.Dispenser) (TrustedIssuer, error) {
	var t TrustedIssuer
	if !d.AllArgs(&t.Issuer) {
		return t, d.Err("trust wants the claim iss of the keys")
	}
	seen := Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := seen.Check(d); err != nil {
			return t, err
		}
		var err error
		switch d.Val() {
		case "jwks_url":
			t.JWKSURL, err = OneArg(d)
		case "key_file":
			if t.KeyFile, err = OneArg(d); err == nil {
				t.KeyFile = Relative(d, t.KeyFile)
				t.KeyFingerprint = Fingerprint(t.KeyFile)
			}
		default:
			err = d.Errf("unrecognized option of trust: %s", d.Val())
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

func validityArg(d *caddyfile.Dispenser) (caddy.Duration, error) {
	arg, err := OneArg(d)
	if err != nil || arg == "never" {
		return Never, err
	}
	return parseDuration(d, arg)
}

func parseUser(d *caddyfile.Dispenser) (User, error) {
	var u User
	if !d.Args(&u.Name, &u.Hash) {
		return u, d.Err("user wants a name and the hash of a password, as `caddymgw hash-password` prints it")
	}
	if d.NextArg() { // which may be a password, and is not repeated
		return u, d.Err("user wants no more than a name and a hash")
	}
	seen := Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		switch option := d.Val(); option {
		case "scopes":
			if err := seen.Check(d); err != nil {
				return u, err
			}
			u.Scopes = d.RemainingArgs()
			if len(u.Scopes) == 0 {
				return u, d.ArgErr()
			}
		case "apis":
			api, err := ParseAPI(d)
			if err != nil {
				return u, err
			}
			u.APIs = append(u.APIs, api)
		default:
			return u, d.Errf("unrecognized option of user: %s", option)
		}
	}
	return u, nil
}

// ParseAPI parses "<name> [<version...>]" behind an option.
func ParseAPI(d *caddyfile.Dispenser) (API, error) {
	args := d.RemainingArgs()
	if len(args) == 0 || args[0] == "" {
		return API{}, d.Errf("%s wants the name of an API (info.title) and its versions", d.Val())
	}
	return API{Name: args[0], Versions: args[1:]}, nil
}

// Relative returns file as it is meant in a Caddyfile: relative to the one in
// which the directive stands.
func Relative(d *caddyfile.Dispenser, file string) string {
	if filepath.IsAbs(file) {
		return filepath.Clean(file)
	}
	abs, err := filepath.Abs(filepath.Join(filepath.Dir(d.File()), file))
	if err != nil {
		return file
	}
	return abs
}
