package mgw

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseTokenIssuer parses the option. Syntax:
//
//	token_issuer <iss> {
//		jwks_url    <url>
//		key_file    <file>
//		audience    <value...>|*
//		algorithms  <alg...>
//		typ         at+jwt|JWT
//		scope_claim <claim...>
//		map_scope   <scope of the token> <scope of documents>
//		roles_claim <claim>
//		max_stale   <duration>
//		introspect  <url> <client id> <client secret> {
//			cache_for <duration>
//		}
//	}
func parseTokenIssuer(d *caddyfile.Dispenser) (TokenIssuer, error) {
	var t TokenIssuer
	if !d.AllArgs(&t.Issuer) || t.Issuer == "" {
		return t, d.Err("token_issuer wants the claim iss of its tokens")
	}
	seen := Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if d.Val() != "map_scope" {
			if err := seen.Check(d); err != nil {
				return t, err
			}
		}
		var err error
		switch option := d.Val(); option {
		case "jwks_url":
			t.JWKSURL, err = OneArg(d)
		case "key_file":
			if t.KeyFile, err = OneArg(d); err == nil {
				t.KeyFile = Relative(d, t.KeyFile)
				t.KeyFingerprint = Fingerprint(t.KeyFile)
			}
		case "audience":
			t.Audience, err = someArgs(d)
		case "algorithms":
			t.Algorithms, err = someArgs(d)
		case "typ":
			t.Types, err = someArgs(d)
		case "scope_claim":
			t.ScopeClaims, err = someArgs(d)
		case "map_scope":
			var from, to string
			if !d.AllArgs(&from, &to) {
				return t, d.Err("map_scope wants a scope of the token and the one that documents use for it")
			}
			if _, twice := t.ScopeMap[from]; twice {
				return t, d.Errf("map_scope %s is given twice", from)
			}
			if t.ScopeMap == nil {
				t.ScopeMap = map[string]string{}
			}
			t.ScopeMap[from] = to
		case "roles_claim":
			t.RolesClaim, err = OneArg(d)
		case "max_stale":
			t.MaxStale, err = DurationArg(d)
		case "introspect":
			t.Introspection, err = parseIntrospection(d)
		default:
			err = d.Errf("unrecognized option of token_issuer: %s", option)
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

func parseIntrospection(d *caddyfile.Dispenser) (*Introspection, error) {
	i := new(Introspection)
	if !d.AllArgs(&i.URL, &i.ClientID, &i.ClientSecret) {
		return nil, d.Err("introspect wants a URL, a client id and a client secret such as {env.GW_SECRET}")
	}
	seen := Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := seen.Check(d); err != nil {
			return nil, err
		}
		if d.Val() != "cache_for" {
			return nil, d.Errf("unrecognized option of introspect: %s", d.Val())
		}
		var err error
		if i.CacheFor, err = DurationArg(d); err != nil {
			return nil, err
		}
	}
	return i, nil
}

func someArgs(d *caddyfile.Dispenser) ([]string, error) {
	if args := d.RemainingArgs(); len(args) > 0 {
		return args, nil
	}
	return nil, d.ArgErr()
}
